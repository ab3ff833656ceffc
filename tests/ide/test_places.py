"""What the editor says at places of a text: a mark stands where the cursor is."""

from __future__ import annotations

from itertools import pairwise

import pytest

from sharedsl.ide import coloring, completion, hover, navigation, outline
from sharedsl.ide.calls import call_at
from tests.ide.marks import SPEC, at, written

#: place -> parts of the hover
HOVERS = {
    "layer emb‸ed": ("layer embed = Embedding", "1,600 parameters stored"),
    "layer hea‸d": ("reads `embed.weight`", "0 parameters stored, 1,600 applied"),
    "layer lay‸ers": ("DecoderLayer * 6", "each of its weights is applied 3 times and stored once"),
    "layer ga‸te": ("layer gate = Gate", "Squeezes."),
    "= Deco‸derLayer": ("block DecoderLayer(dim", 'from "std/transformer"'),
    "= Embed‸ding(vocab": ("Embedding(", "torch: `nn.Embedding`"),
    "    ‸x = embed": ("x: float[B, T, 16]",),
    "    ‸a, b": ("a: float[B, T, 8]",),
    "split(‸x, [8": ("x: float[B, T, 16]",),
    "tok‸ens: int": ("tokens: int[B, T]",),
    "int[B, ‸T]": ("known when the module runs",),
    "squ‸eezed = mean": ("squeezed: float[B, 1, 16]",),
    "me‸an(x": ("mean(",),
    "blo‸ck Gate": ("block Name(dim)",),
    "block Ga‸te": ("block Gate(dim, reduce = 4)", "In `Small`, as `gate`"),
    "model L‸m": ("model Lm(vocab = 100", "`Small`: **"),
    "sharing ti‸ed": ("sharing tied of Lm", "The head reads the table."),
    "ti‸e head": ("tie A = E",),
    "head.wei‸ght": ("head.weight = embed.weight", "owner `embed.weight`", "read by `embed.weight`, `head.weight`"),
    "embed.wei‸ght": ("1,600 parameters",),
    "build Sma‸ll": ("build Small = Lm(depth = 6) with all(n = 3)",),
    "Lm(dep‸th = 6": ("depth = 4", "A parameter of `Lm`.", "`6` in `Small`"),
    "vo‸cab = 100": ("`100` in `Small`",),
    "bud‸get params": ("enforced when the build is compiled",),
    "fun‸ction double": ("without weights",),
    "dou‸ble(concat": ("function double(x: float[...])",),
    "weight bi‸as[": ("bias",),
    "ke‸ep = true": ("keep",),
}


@pytest.mark.parametrize("place", HOVERS, ids=str)
def test_hover(place: str) -> None:
    _, view, offset = at(place)
    found = hover.hover(view, offset)
    assert found is not None
    for part in HOVERS[place]:
        assert part in found.text, found.text


@pytest.mark.parametrize("place", ["{‸\n  layer embed", "[8, ‸8]", "vocab = 10‸0"])
def test_no_hover(place: str) -> None:
    _, view, offset = at(place)
    assert hover.hover(view, offset) is None


#: place -> the declaration's line
DEFINITIONS = {
    "embed(tok‸ens)": "forward(tokens: int",
    "= emb‸ed(tokens": "layer embed",
    "|> lay‸ers": "layer layers",
    "= Ga‸te(dim)": "block Gate",
    "gate   = Gate(di‸m)": "model Lm(vocab",
    "= dou‸ble(": "function double",
    "(conc‸at": None,
    "concat(‸a": "    a, b = split",
    "of L‸m { tie": "model Lm",
    "extends ti‸ed": "sharing tied",
    "tie he‸ad": "layer head",
    "across lay‸ers": "layer layers",
    "of ‸n }": "sharing all(n",
    "all(‸n = 3": "sharing all(n",
    "= L‸m(depth = 6)": "model Lm",
    "Lm(dep‸th = 6": "model Lm",
    "test (di‸m = 8": "model Lm",
    "+ bi‸as)": "weight bias",
    "(squ‸eezed)": "    squeezed",
    "Linear(dim, dim // re‸duce": "block Gate",
}


@pytest.mark.parametrize("place", DEFINITIONS, ids=str)
def test_definition(place: str) -> None:
    _, view, offset = at(place)
    span = navigation.definition(view, offset)
    wanted = DEFINITIONS[place]
    if wanted is None:
        assert span is None
        return
    assert span is not None
    line = view.source.line(view.source.position(span.start)[0])
    assert line.lstrip().startswith(wanted.lstrip()), line


#: place -> how many places name the same
REFERENCES = {
    "layer emb‸ed": 3, "layer lay‸ers": 3, "layer he‸ad": 3, "model L‸m": 4, "block Ga‸te": 2, "function dou‸ble": 2,
    "sharing ti‸ed": 2, "sharing al‸l": 2, "all(‸n = 2": 3, "build Sma‸ll": 1, "    ‸x = embed": 2, "    ‸a, b": 2,
    "squ‸eezed =": 2, "weight bi‸as": 2, "re‸duce = 4": 3, "vo‸cab = 100": 4, "dep‸th = 4": 3, "tok‸ens": 2,
    "layer do‸wn": 2, "hea‸ds = 4": 2, "{ Deco‸derLayer }": 2, "di‸m = 16": 6,
}  # fmt: skip


@pytest.mark.parametrize("place", REFERENCES, ids=str)
def test_references(place: str) -> None:
    workspace, view, offset = at(place)
    found = navigation.references(workspace, view, offset)
    shown = [view.source.line(view.source.position(span.start)[0]) for span in found]
    assert len(found) == REFERENCES[place], shown
    assert len(navigation.highlights(view, offset)) == len(found)
    assert len({view.source.slice(span) for span in found}) == 1


@pytest.mark.parametrize("place", [each for each in REFERENCES if "DecoderLayer" not in each.replace("‸", "")], ids=str)
def test_rename_keeps_the_spec_whole(place: str) -> None:
    """After a rename there are the same findings, none new, and as many names."""
    workspace, view, offset = at(place)
    before = [each.code for each in workspace.diagnostics(view.path)]
    edits = navigation.rename(workspace, view, offset, "fresh_name")
    assert isinstance(edits, list) and len(edits) == REFERENCES[place]
    text = view.text
    for each in sorted(edits, key=lambda each: -each.span.start):
        text = text[: each.span.start] + each.text + text[each.span.end :]
    workspace.put(view.path, text)
    assert [each.code for each in workspace.diagnostics(view.path)] == before


@pytest.mark.parametrize(
    ("place", "name", "why"),
    [
        ("layer emb‸ed", "head", "already"), ("layer emb‸ed", "dim", "already"), ("model L‸m", "Gate", "already"),
        ("model L‸m", "Linear", "already"), ("layer emb‸ed", "two words", "not a name"),
        ("layer emb‸ed", "for", "not a name"),
        ("layer emb‸ed", "9x", "not a name"), ("sharing ti‸ed", "all", "already"), ("= Embed‸ding", "X", "cannot"),
        ("{ Deco‸derLayer }", "X", "cannot"), ("[8, ‸8]", "x", "cannot"), ("    ‸x = embed", "tokens", "already"),
    ],
)  # fmt: skip
def test_rename_is_refused(place: str, name: str, why: str) -> None:
    workspace, view, offset = at(place)
    assert why in navigation.rename(workspace, view, offset, name)


#: what is written instead of what -> some of what is offered, and what is not
COMPLETIONS = {
    ("x = embed(tokens)", "x = em‸"): ("embed", "embedding_bag"),
    ("x = embed(tokens)", "‸"): ("return", "layer"),
    ("layer gate   = Gate(dim)", "layer gate   = ‸"): ("Gate", "double"),
    ("layer gate   = Gate(dim)", "layer gate   = Gate(‸)"): ("reduce = ", "vocab = "),
    ("layer gate   = Gate(dim)", "layer gate   = Gate(dim, ‸)"): ("reduce = ", "share"),
    ("layer gate   = Gate(dim)", "‸"): ("layer", "tie"),
    ("layer gate   = Gate(dim)", "layer gate   = Linear(dim, dim, ‸)"): ("bias = ", "reduce = "),
    ("tie head.weight", "tie ‸"): ("head", "down"),
    ("tie head.weight", "tie head.‸"): ("weight", "embed"),
    ("tie head.weight = embed.weight", "tie head.weight = em‸"): ("embed", "share"),
    ("tie head.weight = embed.weight", "‸"): ("share", "layer"),
    ("share * across", "share ‸ across"): ("attn", "budget"),
    ("share * across layers", "share * ‸"): ("across", "embed"),
    ("across layers in", "across ‸ in"): ("layers", "attn"),
    ("share * across layers in groups of n", "share * across layers except ‸"): ("norm1", "build"),
    ("share * across layers in groups of n", "share * across layers with ‸"): ("lora", "embed"),
    ("share * across layers in groups of n", "share * across layers with lora(‸)"): ("rank = ", "embed"),
    ("share * across layers in groups of n", "freeze layers[0].attn.‸"): ("q", "embed"),
    ("extends tied", "extends ‸"): ("tied", "Lm"),
    ("sharing tied of Lm", "sharing tied of ‸"): ("Lm", "Gate"),
    ("build Small = Lm(", "build Small = ‸("): ("Lm", "Gate"),
    ("Lm(depth = 6)", "Lm(‸)"): ("depth = ", "reduce = "),
    ("with all(n = 3)", "with ‸"): ("all", "Lm"),
    ("with all(n = 3)", "with all(‸)"): ("n = ", "depth = "),
    ("budget params <= 1M", "budget ‸"): ("flops", "dim"),
    ("budget params <= 1M", "dtype ‸"): ("bfloat16", "dim"),
    ("budget params <= 1M", "‸"): ("incremental", "share"),
    ("test (dim = 8)", "test (‸)"): ("heads = ", "reduce = "),
    ('"std/transformer"', '"std/‸"'): ("std/attention", "Lm"),
    ("{ DecoderLayer }", "{ ‸ }"): ("EncoderLayer", "Lm"),
    ("## A small", "‸\n## A small"): ("model", "layer"),
    ("weight bias[dim] init zeros()", "weight bias[dim] init ‸"): ("normal", "share"),
    ("block Gate(dim, reduce = 4)", "block Gate(dim, reduce: ‸)"): ("function", "share"),
    ("up(relu(", "‸(relu("): ("squeezed", "vocab"),
    ("## The head", "## The ‸head"): (None, "model"),
}


@pytest.mark.parametrize("written_", COMPLETIONS, ids=lambda each: each[1])
def test_completion(written_: tuple[str, str]) -> None:
    _, view, offset = written(*written_)
    offered = [each.text for each in completion.completions(view, offset)]
    wanted, other = COMPLETIONS[written_]
    assert (wanted in offered) == (wanted is not None), offered
    assert other not in offered, offered
    assert len(offered) == len(set(offered))


#: place -> the callee and the parameter that the cursor is at
SIGNATURES = {
    "DecoderLayer(‸dim, heads": ("DecoderLayer", "dim"), "DecoderLayer(dim, he‸ads": ("DecoderLayer", "heads"),
    "Embedding(vocab, ‸dim)": ("Embedding", "dim"), "vocab, bias = fal‸se)": ("Linear", "bias"),
    "mean(‸x": ("mean", "x"), "axis = 1, keep = tr‸ue": ("mean", "keep"), "embed(‸tokens)": ("embed", "x"),
    "Lm(depth = ‸6": ("Lm", "depth"), "all(n = ‸3": ("all", "n"), "test (dim = ‸8": ("test", "dim"),
    "double(‸concat(": ("double", "x"), "up(relu(do‸wn": ("relu", "x"), "down(‸squeezed": ("down", "x"),
}  # fmt: skip


@pytest.mark.parametrize("place", SIGNATURES, ids=str)
def test_signature(place: str) -> None:
    _, view, offset = at(place)
    call = call_at(view, offset)
    name, active = SIGNATURES[place]
    assert call is not None and call.callee.name == name
    if active != "x":
        assert call.active is not None and call.callee.params[call.active].name == active
    else:
        assert call.active == 0


@pytest.mark.parametrize(
    "place", ["model Lm(‸vocab", "block Gate(dim, ‸reduce", "{‸ tie", "split(x, [8, 8], axis = -1)‸"]
)
def test_no_signature(place: str) -> None:
    _, view, offset = at(place)
    assert call_at(view, offset) is None


def test_colors_of_words() -> None:
    _, view, _ = at("model L‸m")
    kinds = {view.text[each.start : each.end]: each.kind for each in coloring.colors(view)}
    wanted = {
        "model": "keyword", "Lm": "class", "DecoderLayer": "class", "Linear": "class", "mean": "function",
        "|>": "operator",
        "tied": "decorator", "vocab": "parameter", "T": "type", "squeezed": "variable", "head": "property",
        "1M": "number",
        "## Squeezes.": "comment", "Small": "namespace", "across": "keyword", "share": "keyword", "double": "function",
        '"std/transformer"': "string",
    }  # fmt: skip
    assert {word: kinds.get(word) for word in wanted} == wanted
    assert list(coloring.colors(view)) == sorted(coloring.colors(view), key=lambda each: each.start)


def test_outline_and_folds() -> None:
    _, view, offset = at("squ‸eezed =")
    assert [(each.name, each.kind, len(each.inner)) for each in outline.outline(view)] == [
        ("double", "function", 0), ("Gate", "block", 3), ("Lm", "model", 4), ("tied", "plan", 0), ("all", "plan", 0),
        ("Small", "build", 0),
    ]  # fmt: skip
    lines = view.text.split("\n")
    shown = {(lines[first].split("(")[0], lines[last]) for first, last, _ in outline.folds(view)}
    assert ("block Gate", "  }") in shown and ("  forward", "    return y |> layers |> gate |> head") in shown
    spans = outline.growing(view, offset)
    assert [view.source.slice(span) for span in spans][-1] == SPEC
    assert all(a.start >= b.start and a.end <= b.end for a, b in pairwise(spans))
