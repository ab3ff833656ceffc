"""Hints, lenses and code actions; and that every number in them is the budget's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sharedsl.analysis.budget.subject import budget_of
from sharedsl.analysis.pipeline import analyze, compile_build
from sharedsl.ide import actions, hints, lenses
from sharedsl.ide.hints import KINDS
from sharedsl.ide.workspace import Workspace
from sharedsl.lint import apply
from sharedsl.source import SourceFile
from sharedsl.syntax import ast
from tests.ide.marks import PATH, SPEC

SPECS = Path(__file__).parents[2] / "specs"


def opened(text: str, path: str = PATH) -> Workspace:
    workspace = Workspace()
    workspace.put(path, text)
    return workspace


def shown(text: str, kinds: tuple[str, ...] = KINDS) -> dict[str, list[str]]:
    view = opened(text).view(PATH)
    assert view is not None
    found: dict[str, list[str]] = {}
    for each in hints.hints(view, 0, len(text), kinds):
        line = view.source.line(view.source.position(each.offset)[0]).strip()
        found.setdefault(line, []).append(each.text.strip())
    return found


#: line -> its hints
HINTS = {
    "layer embed  = Embedding(vocab, dim)": ["1,600 parameters"],
    "layer layers = DecoderLayer(dim, heads) * depth": ["6,560 parameters", "applied 3 times, stored once"],
    "layer gate   = Gate(dim)": ["164 parameters"],
    "layer head   = Linear(dim, vocab, bias = false)": ["= embed.weight"],
    "layer down = Linear(dim, dim // reduce)": ["68 parameters"],
    "x = embed(tokens)": [": float[B, T, 16]"],
    "a, b = split(x, [8, 8], axis = -1)": [": float[B, T, 8]", ": float[B, T, 8]"],
    "y = double(concat(a, b, axis = -1))": [": float[B, T, 16]"],
    "squeezed = mean(x, axis = 1, keep = true)": [": float[B, 1, 16]"],
}


@pytest.mark.parametrize("line", HINTS)
def test_hints_of_a_line(line: str) -> None:
    assert shown(SPEC)[line] == HINTS[line]


@pytest.mark.parametrize("kind", KINDS)
def test_one_kind_of_hints(kind: str) -> None:
    one, rest = shown(SPEC, (kind,)), shown(SPEC, tuple(each for each in KINDS if each != kind))
    assert one and sum(map(len, one.values())) + sum(map(len, rest.values())) == sum(map(len, shown(SPEC).values()))
    assert shown(SPEC, ()) == {}


def test_hints_stay_while_another_item_is_broken() -> None:
    assert shown(SPEC + "\nmodel Half(dim = 3) {\n  layer x = \n")["x = embed(tokens)"] == [": float[B, T, 16]"]


def test_hints_of_a_part_of_the_text() -> None:
    view = opened(SPEC).view(PATH)
    assert view is not None
    start, end = SPEC.index("model Lm"), SPEC.index("layer layers")
    assert [each.text.strip() for each in hints.hints(view, start, end)] == ["1,600 parameters"]


@pytest.mark.parametrize(
    "path", ["encoder/albert", "language/gpt2", "folding/folds", "crosslayer/maps", "adapting/lora"]
)
def test_every_number_is_the_budgets(path: str) -> None:
    """The first build of each model against `budget`: the sums of the layers, and the lens."""
    file = SPECS / f"{path}.sdsl"
    text = file.read_text(encoding="utf-8")
    view = opened(text, str(file)).view(str(file))
    analysis = analyze(SourceFile(str(file), text))
    assert view is not None
    for build in analysis.builds.values():
        budget = budget_of(compile_build(analysis, build.name))
        facts = view.facts.of_build(build.name)
        assert facts is not None
        lens = next(each.title for each in lenses.lenses(view) if view.source.slice(each.span) == build.name)
        assert int(re.findall(r"[\d,]+", lens)[0].replace(",", "")) == budget.stored
        top = [row for row in budget.modules if row.depth == 0]
        for name, child in facts.model.root.children.items():
            rows = [row for row in top if re.fullmatch(rf"{name}(\[\d+\])?", row.path)]
            layer = facts.child((), child)
            assert (layer.stored, layer.applied) == (sum(r.stored for r in rows), sum(r.applied for r in rows))


def test_lenses_of_a_file() -> None:
    view = opened(SPEC).view(PATH)
    assert view is not None
    found = [(view.source.slice(each.span), each.title) for each in lenses.lenses(view)]
    assert [name for name, _ in found] == ["Gate", "Lm", "Lm", "Small"]
    assert found[0][1].startswith("164 parameters, 164 applied (gate in Small)")
    assert found[2][1] == "compare plans"
    table = lenses.compare_plans(view, "Lm")
    assert [line.split("|")[1].strip() for line in table.split("\n")[2:]] == ["(none)", "tied", "all"]


#: what is written instead of what -> the text that the first fix gives
FIXES = {
    ("embed(tokens)", "embd(tokens)"): "embed(tokens)",
    ("= Gate(dim)", "= Gat(dim)"): "= Gate(dim)",
    ("extends tied", "extends tid"): "extends tied",
    ("{ DecoderLayer }", "{ DecoderLayer, MLP }"): None,
    ("share * across layers", "share * across layrs"): "across layers",
    ("bias = false", "bais = false"): "bias = false",
    ("Lm(depth = 6)", "Lm(dpth = 6)"): "Lm(depth = 6)",
    ("keep = true)", "keep = true"): "keep = true)",
}


@pytest.mark.parametrize("change", FIXES, ids=lambda each: each[1])
def test_a_fix_mends(change: tuple[str, str]) -> None:
    text = SPEC.replace(*change, 1)
    workspace = opened(text)
    view = workspace.view(PATH)
    assert view is not None
    at = text.index(change[1])
    found = actions.actions(view, workspace.diagnostics(PATH), at, at + len(change[1]))
    wanted = FIXES[change]
    if wanted is None:
        return
    made = text
    for edit in sorted(found[0].edits, key=lambda each: -each.span.start):
        made = made[: edit.span.start] + edit.text + made[edit.span.end :]
    assert wanted in made and made == SPEC


def test_formatting_is_a_few_edits() -> None:
    view = opened(SPEC.replace("layer head   =", "layer head=")).view(PATH)
    assert view is not None
    found = actions.formatting(view)
    assert len(found) == 1 and found[0].text == "  layer head   = Linear(dim, vocab, bias = false)\n"
    broken = opened(SPEC + "\nmodel (").view(PATH)
    assert broken is not None and actions.formatting(broken) == []


def test_all_safe_fixes_at_once() -> None:
    text = SPEC.replace("{ DecoderLayer }", "{ DecoderLayer, EncoderLayer }")
    workspace = opened(text)
    view = workspace.view(PATH)
    assert view is not None
    edits = actions.fix_all(view, workspace.diagnostics(PATH))
    made = text
    for edit in sorted(edits, key=lambda each: -each.span.start):
        made = made[: edit.span.start] + edit.text + made[edit.span.end :]
    assert made == apply(text, PATH, workspace.diagnostics(PATH))[0] == SPEC


def test_an_edit_does_little_again() -> None:
    """Of many models, an edit of one checks that one."""
    text = SPEC + "".join(
        SPEC.split("## A small language model.\n")[1].replace("Lm", f"Lm{n}").replace("Small", f"S{n}")
        for n in range(9)
    )
    workspace = opened(text)
    assert workspace.analysis(PATH) is not None
    checker = workspace.checker(PATH)
    assert checker is not None and checker.worked > 20
    workspace.put(PATH, text.replace("x = embed(tokens)", "x  = embed(tokens)", 1))
    workspace.analysis(PATH)
    assert checker.worked <= 4
    assert sum(isinstance(item, ast.Build) for item in workspace.analysis(PATH).file.items) == 10  # type: ignore[union-attr]
