"""A word that is nearly right is put right: names, layers, words of the language, arguments, formats; as a fix too."""

from __future__ import annotations

import random

import pytest

from sharedsl.analysis.pipeline import analyze
from sharedsl.comptime.builtins import FUNCTIONS
from sharedsl.diagnostics import Diagnostic
from sharedsl.diagnostics.codes import pages
from sharedsl.diagnostics.nearest import distance
from sharedsl.layers import LAYERS
from sharedsl.lint import apply
from sharedsl.ops import OPS
from sharedsl.source import SourceFile
from sharedsl.syntax.lexer import STATEMENT_WORDS
from sharedsl.syntax.table import load_table
from tests.corpus.wrong import wrong_specs

SPEC = """import "std/transformer" { DecoderLayer }

function squashed(values: float[...]) -> float[...] { return values * sigmoid(values) }

model Language(vocabulary = 12, width = 8, length = 6, heads = 2) {
  require width % heads == 0
  layer embedding = Embedding(vocabulary, width)
  layer layers    = DecoderLayer(width, heads, drop = 0.0) * length
  layer norm      = LayerNorm(width, eps = 1e-6)
  weight balance[width]: float32 init normal(std = 0.02)
  layer output    = Linear(width, vocabulary, bias = false)
  init embedding.weight = normal(std = 0.02)

  forward(tokens: int[B, T]) -> float[B, T, vocabulary] {
    hidden = embedding(tokens) |> layers |> norm
    for turn in range(2) { hidden = squashed(hidden) }
    hidden = softmax(hidden * balance, axis = -1)
    return output(hidden)
  }
}

sharing shared(number = 3) of Language { share * across layers in cycle of number }
sharing private of Language extends shared { untie layers[*].norm1 }
sharing folded of Language { fold layers 2 times }
sharing factors of Language { factorize output.weight rank 2 }

build Small = Language(length = 6) with shared(number = 2) {
  budget trainable <= 100_000
  dtype float32
  test (vocabulary = 7, width = 4)
}
build Other = Language() with private
"""
#: what is misspelled -> (the words before it, the word)
WORDS = {
    "a layer": ("layer output    = ", "Linear"),
    "an imported block": ("layer layers    = ", "DecoderLayer"),
    "an import": ('import "std/transformer" { ', "DecoderLayer"),
    "a path": ("import ", '"std/transformer"'),
    "a parameter": ("Linear(width, ", "vocabulary"),
    "a parameter of a model": ("Small = Language(", "length"),
    "an argument of a layer": ("heads, ", "drop"),
    "an argument of an operation": ("balance, ", "axis"),
    "a value": ("return output(", "hidden"),
    "a declared layer": ("hidden = ", "embedding"),
    "a weight": ("hidden * ", "balance"),
    "an operation": ("hidden = ", "softmax"),
    "a function": ("hidden = ", "squashed"),
    "a model": ("build Small = ", "Language"),
    "a plan's model": ("sharing folded of ", "Language"),
    "a plan": ("with ", "private"),
    "a plan that is extended": ("extends ", "shared"),
    "an argument of a plan": ("with shared(", "number"),
    "a selector": ("{ fold ", "layers"),
    "a selector's second step": ("factorize output.", "weight"),
    "a budget": ("budget ", "trainable"),
    "a number format": ("dtype ", "float32"),
    "a weight's format": ("[width]: ", "float32"),
    "a type": ("tokens: ", "int"),
    "a size of a test": ("test (vocabulary = 7, ", "width"),
    "an initialiser": ("float32 init ", "normal"),
    "`import`": ("", "import"),
    "`model`": ("\n\n", "model"),
    "`function`": ("\n\n", "function"),
    "`sharing`": ("\n", "sharing"),
    "`build`": ("\n", "build"),
    "`layer`": ("\n  ", "layer"),
    "`weight`": ("\n  ", "weight"),
    "`require`": ("\n  ", "require"),
    "`forward`": ("\n  ", "forward"),
    "`return`": ("\n    ", "return"),
    "`share`": ("{ ", "share"),
    "`across`": ("share * ", "across"),
    "`untie`": ("{ ", "untie"),
    "`factorize`": ("{ ", "factorize"),
    "`times`": ("layers 2 ", "times"),
    "`budget`": ("\n  ", "budget"),
    "`dtype`": ("\n  ", "dtype"),
}  # fmt: skip
#: what a slip may by accident be as near to
KNOWN = (*load_table().words, *STATEMENT_WORDS, *OPS, *FUNCTIONS, *LAYERS)
KEYWORDS = [what for what in WORDS if what.startswith("`")]


def errors(text: str) -> list[Diagnostic]:
    return [each for each in analyze(SourceFile("a.sdsl", text)).diagnostics if each.severity == "error"]


def misspelled(word: str, far: int, seed: int) -> str:
    """The word with `far` slips."""
    draw = random.Random(f"{word} {far} {seed}")
    inner = word.strip('"')
    for _ in range(200):
        text = inner
        for _ in range(far):
            at = draw.randrange(1, len(text))
            text = draw.choice([text[:at] + text[at + 1 :], text[:at] + draw.choice("xqzk") + text[at:]])
        if distance(text, inner) == far and not any(distance(text, known) <= far for known in KNOWN if known != inner):
            return word.replace(inner, text)
    return word  # every slip is as much like another word


def cases() -> list[tuple[str, int]]:
    found = []
    for what, (_, word) in WORDS.items():
        most = min(3, len(word.strip('"')) // 2)
        if what in KEYWORDS:
            # the next words must still make sense of it: three slips are forgiven in long words only
            most = 3 if len(word) >= 8 else 2 if len(word) >= 5 else 1
        found += [(what, far) for far in range(1, most + 1)]
    return found


@pytest.mark.parametrize(("what", "far"), cases(), ids=[f"{what} {far}" for what, far in cases()])
def test_the_nearest_is_meant(what: str, far: int) -> None:
    assert not errors(SPEC)
    before, word = WORDS[what]
    assert before + word in SPEC
    for seed in range(3):
        wrong = misspelled(word, far, seed)
        if wrong == word:
            continue
        broken = SPEC.replace(before + word, f"{before}{wrong}", 1)
        found = errors(broken)
        fixable = [each for each in found if each.fixes]
        assert fixable, (wrong, [each.message for each in found])
        mended, _ = apply(broken, "a.sdsl", fixable, unsafe=True)
        assert not errors(mended), (wrong, [(each.message, each.fixes[0].message) for each in fixable])
        assert mended == SPEC


SHAPES = {page.code: page.failing for page in pages().values() if "shape" in page.code}
SHAPES |= {path.stem: path.read_text() for path in wrong_specs() if "shape" in path.stem and "reuse" not in path.stem}


@pytest.mark.parametrize("name", SHAPES)
def test_shape_errors_name_both_sides(name: str) -> None:
    """Both types or sizes, the axis where they differ, and both places."""
    found = [each for each in errors(SHAPES[name]) if "shape" in each.code]
    for each in found:
        said = each.message
        assert len(each.labels) >= 2, said
        assert any(word in said for word in ("axis", "axes", "differ", "[", " by ", "last")), said
