"""Which names can be had, and every place that a rename has to reach: as a user meets them."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharedsl.ide import navigation
from sharedsl.ide.renaming import edited
from sharedsl.ide.workspace import Workspace

SPEC = """
import "std/mlp" { MLP }

function mixed(x: float[...], rate: float = 0.5) -> float[...] { return rate * x }

block Attn(dim, heads) {
  layer q = Linear(dim, [heads, dim // heads])
  layer k = Linear(dim, [heads, dim // heads])
  layer v = Linear(dim, [heads, dim // heads])
  layer norm = LayerNorm(dim)
  forward(x: float[B, T, dim], gate: float[B, T, dim]) -> float[B, T, dim] {
    keys, values = k(x), v(norm(x))
    return gate * reshape(attend(q(x), keys, values), "b t h d -> b t (h d)")
  }
}
block Layer(dim, heads) {
  layer attn = Attn(dim, heads)
  layer norm = LayerNorm(dim)
  layer mlp  = MLP(dim, 2 * dim)
  weight weight[dim] init ones()
  forward(x: float[B, T, dim]) -> float[B, T, dim] {
    return x + mlp(norm(attn(x, gate = mixed(x, rate = 0.1)))) * weight
  }
  forward reading(x: float[B, L, dim]) -> float[B, L, dim] { return mlp(norm(x)) }
}
model Net(dim = 8, heads = 2, depth = 4) {
  layer layers = Layer(dim, heads) * depth
  layer plain  = Layer(dim, heads)
  init **.norm.weight = constant(0.5)
  forward(x: float[B, T, dim], steps: int = 2) -> float[B, T, dim] {
    for layer in layers { x = layer.reading(x) }
    for t in range(steps) { x = plain.reading(x) }
    return layers(x)
  }
}
sharing p(n = 2) of Net {
  share attn.{k, v} across layers in groups of n except mlp
  tie layers[1].attn.q.weight[heads = 0:1] = layers[0].attn.q.weight[heads = 1:2]
  reuse attn.{keys, values} across layers[2:4]
}
sharing one_head of Net { share layers[*].attn.{k, v} along heads }
build A = Net(depth = 4) with p(n = 2) {
  budget flops(B = 1, T = 4, steps = 3) <= 1M
  test (dim = 4, heads = 2, n = 2)
}
build B = Net() with one_head
"""
EXTERN = """
extern layer Foo(dim) from "package.module" {
  weight bar[dim]
  forward(x: float[...]) -> float[...]
}
"""
FILES = {
    "parts": """block Part(width) {
  layer up = Linear(width, width)
  forward(x: float[B, width]) -> float[B, width] { return up(x) }
}
""",
    "whole": """import "./parts" { Part }
block Whole(dim) {
  layer part = Part(width = dim)
  forward(x: float[B, dim]) -> float[B, dim] { return part(x) }
}
""",
    "net": """import "./whole" { Whole }
model Net(dim = 4) {
  layer whole = Whole(dim)
  forward(x: float[B, dim]) -> float[B, dim] { return whole(x) }
}
sharing frozen of Net { freeze whole.part.up }
build N = Net() with frozen
""",
}
#: where a name is declared (the mark stands in it) -> how often it is named, and what else is written after it
PLACES = {
    "function mix‸ed": (2, ("gate = fresh(x",)),
    "ra‸te: float": (3, ("mixed(x, fresh = 0.1)",)),
    "block At‸tn": (2, ("layer attn = fresh(",)),
    "block Attn(dim, hea‸ds": (10, ("along fresh", "[fresh = 0:1] =", "[fresh = 1:2]")),
    "layer ‸q": (4, ("attn.fresh.weight[heads = 0:1]",)),
    "layer ‸k": (4, ("share attn.{fresh, v} across", "share layers[*].attn.{fresh, v} along")),
    "B, T, dim], ga‸te": (3, ("attn(x, fresh = mixed",)),
    "ke‸ys, values =": (3, ("reuse attn.{fresh, values}",)),
    "  layer no‸rm = LayerNorm(dim)\n  forward(x: float[B, T, dim], gate": (3, ("init **.{norm, fresh}.weight",)),
    "weight we‸ight": (2, ("mlp(norm(attn(x, gate = mixed(x, rate = 0.1)))) * fresh",)),
    "layer ml‸p": (4, ("except fresh",)),
    "forward read‸ing": (3, ("layer.fresh(x)", "plain.fresh(x)")),
    "float[B, ‸L, dim]) ->": (2, ("[B, Fresh, dim]) -> float[B, Fresh, dim]",)),
    "ste‸ps: int": (3, ("range(fresh)", "fresh = 3")),
    "dep‸th = 4)": (3, ("build A = Net(fresh = 4)",)),
    "sharing p(‸n": (4, ("groups of fresh", "with p(fresh = 2)", "fresh = 2)\n}")),
    "sharing ‸p(": (2, ("with fresh(n",)),
    "model N‸et": (5, ("sharing one_head of fresh", "build A = fresh(")),
}


def at(marked: str, text: str = SPEC, path: str = "spec.sdsl") -> tuple[Workspace, str, int]:
    workspace = Workspace()
    workspace.put(path, text)
    found = text.find(marked.replace("‸", ""))
    assert found >= 0, marked
    return workspace, path, found + marked.index("‸")


def after(marked: str, name: str = "fresh", text: str = SPEC) -> list[object] | str:
    workspace, path, offset = at(marked, text)
    view = workspace.view(path)
    assert view is not None and not view.analysis.diagnostics, view.analysis.diagnostics
    edits = navigation.rename(workspace, view, offset, name)
    return edits if isinstance(edits, str) else [len(edits), edited(text, edits)]


@pytest.mark.parametrize("marked", PLACES)
def test_every_place_is_reached(marked: str) -> None:
    found = after(marked, "Fresh" if "‸L" in marked else "fresh")
    assert isinstance(found, list), found
    count, parts = PLACES[marked]
    assert found[0] == count, found[1]
    for each in parts:
        assert each in str(found[1])


@pytest.mark.parametrize(
    ("marked", "name", "why"),
    [
        ("block At‸tn", "MLP", "there is a `MLP` already"),
        ("block At‸tn", "Linear", "already"),
        ("layer ‸q", "attend", "uses the operation `attend`, which this would hide"),
        ("layer ‸q", "v", "`Attn` has a `v` already"),
        ("layer mlp  = M‸LP", "Fresh", "the standard library's"),
        ("{ M‸LP }", "Fresh", "the standard library's"),
        ("init **.no‸rm", "fresh", "are called `norm` here"),
        ("hea‸ds = 2, depth", "n", "the plan `p` has a parameter `n` already"),
        ("sharing p(‸n", "depth", "`Net` has a parameter `depth` already"),
        ("float[B, ‸L, dim]) ->", "length", "make a difference"),
        ("    for la‸yer in", "x", "already"),
        ("model N‸et", "model", "is not a name"),
        ("model N‸et", "none", "is not a name"),
        ("LayerNor‸m", "Fresh", "cannot be renamed"),
        ("ba‸r", "fresh", "calls it so"),
        ("extern layer Fo‸o", "Fresh", "`package.module` calls it so"),
    ],
)
def test_names_that_cannot_be_had(marked: str, name: str, why: str) -> None:
    text = SPEC
    if "ba‸r" in marked or "Fo‸o" in marked:
        text += EXTERN
    assert why in after(marked, name, text)


def test_the_files_that_import_it(tmp_path: Path) -> None:
    """From either file, open or on disk, and what is reached through a third."""
    for name, text in FILES.items():
        (tmp_path / f"{name}.sdsl").write_text(text, encoding="utf-8")
    wanted = {"up": {"parts": 2, "net": 1}, "Part(": {"parts": 1, "whole": 2}, "width)": {"parts": 5, "whole": 1}}
    for name, counts in wanted.items():
        workspace = Workspace((str(tmp_path),))
        path = str(tmp_path / "parts.sdsl")
        workspace.put(path, FILES["parts"])
        view = workspace.view(path)
        assert view is not None
        edits = navigation.rename(workspace, view, FILES["parts"].index(name), "other")
        assert isinstance(edits, list), edits
        found = [Path(each.span.path).stem for each in edits]
        assert {each: found.count(each) for each in found} == counts
