"""What words are coloured as, what folds, which argument is typed: a mark stands where the cursor is."""

from __future__ import annotations

import pytest

from sharedsl.ide import coloring, outline
from sharedsl.ide.calls import call_at
from tests.ide.marks import at, written

#: place -> what the word is, and whether it is declared there or built in
COLORS = {
    "imp‸ort": "keyword", '"std/‸transformer"': "string", "{ Deco‸derLayer }": "class",
    "function dou‸ble": "function declaration", "x: flo‸at[...]": "type", "return ‸2": "number", "2 ‸* x": "operator",
    "## Squ‸eezes.": "comment", "block Ga‸te": "class declaration", "(dim, red‸uce": "parameter declaration",
    "layer do‸wn": "property declaration", "= Lin‸ear(dim, dim": "class defaultLibrary",
    "weight bi‸as": "property declaration", "init ze‸ros()": "function defaultLibrary",
    "float[‸B, T, dim]) ->": "type declaration", "-> float[‸B, T, dim]": "type",
    "squ‸eezed = mean": "variable declaration", "down(squ‸eezed)": "variable", "= me‸an(": "function defaultLibrary",
    "ax‸is = 1": "parameter", "keep = tr‸ue": "keyword", "* sig‸moid(": "function defaultLibrary",
    "bias = fal‸se": "keyword", "y |‸> layers": "operator", "|> la‸yers": "property", "= dou‸ble(": "function",
    "sharing ti‸ed": "decorator declaration", "extends ti‸ed": "decorator", "tie head.wei‸ght": "property",
    "acr‸oss": "keyword", "of ‸n }": "parameter", "build Sma‸ll": "namespace declaration", "<= 1‸M": "number",
    "test (di‸m": "parameter",
}  # fmt: skip


@pytest.mark.parametrize("place", COLORS, ids=str)
def test_color_of_a_word(place: str) -> None:
    _, view, offset = at(place)
    found = [each for each in coloring.colors(view) if each.start <= offset < each.end]
    assert [" ".join((each.kind, *each.modifiers)) for each in found] == [COLORS[place]]


#: what is written instead of what -> the first and the last line of the innermost fold around it; None for none
FOLDS = {
    ("return 2 * x", "return ‸2 * x"): ("function double", "return 2 * x"),
    ("layer down", "layer ‸down"): ("block Gate", "  }"),
    ("squeezed =", "squ‸eezed ="): ("forward(x", "return x"),
    ("layer embed", "layer ‸embed"): ("model Lm", "  }"),
    ("a, b = split", "a, b = ‸split"): ("forward(tokens", "return y"),
    ("budget params", "budget ‸params"): ("build Small", "test"),
    ("tie head", "‸tie head"): None,
    ("import", "imp‸ort"): None,
    ("## Squeezes.", "## ‸Squeezes."): None,
    ("{ tie head.weight = embed.weight }", "{\n  tie ‸head.weight = embed.weight\n}"): ("sharing tied", "tie head"),
    ("## Squeezes.", "## Squeezes,\n## by ‸a factor."): ("## Squeezes", "## by a factor"),
    ("split(x, [8, 8], axis = -1)", "split(\n      x,\n      [8, ‸8],\n      axis = -1,\n    )"): ("a, b", "axis"),
    ("    x = embed(tokens)", "    if T > 4 {\n      require ‸T < 9\n    }\n    x = embed(tokens)"): (
        "if T",
        "require",
    ),
    ("    x = embed(tokens)", "    x = embed(tokens)\n    for i in 0..3 {\n      x = ‸x\n    }"): ("for i", "x = x"),
    ("  weight bias[dim] init zeros()", "  if dim > 2 {\n    weight ‸bias[dim] init zeros()\n  }"): (
        "if dim",
        "weight",
    ),
    ("model Lm(vocab", "model Lm(\n  ‸vocab"): ("vocab", "  }"),
    ("  test (dim = 8)\n}", "  test (dim = ‸8)\n"): None,
    ("## A small", "# not\n# a ‸doc\n\n## A small"): ("# not", "# a doc"),
    ("{ DecoderLayer }", "{\n  ‸DecoderLayer\n}"): ("import", "DecoderLayer"),
    ("embed(tokens)", "embed(\n      ‸tokens\n    )"): ("x = embed", "tokens"),
}


@pytest.mark.parametrize("change", FOLDS, ids=lambda each: each[1])
def test_the_fold_around(change: tuple[str, str]) -> None:
    _, view, offset = written(*change)
    line = view.source.position(offset)[0] - 1
    around = [(last - first, first, last) for first, last, _ in outline.folds(view) if first <= line <= last]
    wanted, lines = FOLDS[change], view.text.split("\n")
    if wanted is None:
        assert not around, around
        return
    _, first, last = min(around)
    assert lines[first].strip().startswith(wanted[0].strip()), lines[first]
    assert lines[last].startswith(wanted[1]) or lines[last].strip().startswith(wanted[1]), lines[last]


#: what is typed instead of what -> the callee and its parameter; None for neither
TYPED = {
    ("Gate(dim)", "Gate(‸"): ("Gate", "dim"), ("Gate(dim)", "Gate(dim, ‸"): ("Gate", "reduce"),
    ("Gate(dim)", "Gate(reduce = ‸"): ("Gate", "reduce"), ("Gate(dim)", "Gate(dim)‸"): None,
    ("Lm(depth = 6)", "Lm(‸)"): ("Lm", "vocab"), ("Lm(depth = 6)", "Lm(heads = 2, depth = ‸)"): ("Lm", "depth"),
    ("all(n = 3)", "all(‸"): ("all", "n"), ("init zeros()", "init normal(std = ‸)"): ("normal", "std"),
    ("concat(a, b", "concat(a, b, axis = ‸"): ("concat", "axis"),
    ("mean(x, axis", "mean(relu(‸x), axis"): ("relu", "x"),
    ("in groups of n", "with lora(rank = ‸"): ("lora", "rank"), ("tie head", "‸tie head"): None,
}  # fmt: skip


@pytest.mark.parametrize("change", TYPED, ids=lambda each: each[1])
def test_signature_of_what_is_typed(change: tuple[str, str]) -> None:
    _, view, offset = written(*change)
    call, wanted = call_at(view, offset), TYPED[change]
    if wanted is None:
        assert call is None
        return
    assert call is not None and call.active is not None
    assert (call.callee.name, call.callee.params[call.active].name) == wanted
