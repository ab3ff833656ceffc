"""The names of run-time sizes belong to each forward: what two forwards call a size alike, or not, says nothing."""

from __future__ import annotations

import re

import pytest

from sharedsl.runtime.verify import verify
from tests.compiled import compiled, problems, source
from tests.ide.plain_code import meaning

TRANSLATOR = """
import "std/attention" {{ Attention, CrossAttention }}
import "std/positions" {{ RelativeBias }}
block Encoder(dim, heads) {{
  layer attn = Attention(dim, heads)
  forward(x: float[B, T, dim], mask: bool[B, T] = none) -> float[B, T, dim] {{ return x + attn(x, mask) }}
}}
block Decoder(dim, heads) {{
  layer attn  = Attention(dim, heads, causal = true)
  layer rel   = RelativeBias(heads, two_sided = false)
  layer cross = CrossAttention(dim, heads)
  forward(x: float[B, T, dim], memory: float[B, M, dim], seen: int, mask: bool[B, M] = none) -> float[B, T, dim] {{
    x = x + attn(x, scores = rel(arange(seen, seen + T), arange(0, seen + T)))
    return x + cross(x, memory, mask)
  }}
}}
model Translator(vocab = 11, dim = 8, heads = 2, depth = 2) {{
  layer source  = Embedding(vocab, dim)
  layer target  = Embedding(vocab, dim)
  layer encoder = Encoder(dim, heads) * depth
  layer decoder = Decoder(dim, heads) * depth
  state seen: int = 0
  forward(tokens: int[B, M], labels: int[B, T], mask: bool[B, M] = none) -> float[B, T, dim] {{
    return decode(labels, once(encode(tokens, mask)), mask)
  }}
  forward encode(tokens: int[{0}, {1}], mask: bool[{0}, {1}] = none) -> float[{0}, {1}, dim] {{
    return source(tokens) |> encoder(mask)
  }}
  forward decode(tokens: int[{2}, {3}], memory: float[{2}, {4}, dim], mask: bool[{2}, {4}] = none)
      -> float[{2}, {3}, dim] {{
    start = seen
    seen = seen + {3}
    return target(tokens) |> decoder(memory, start, mask)
  }}
}}
sharing t of Translator {{ share rel across decoder }}
build Whole = Translator() with t
build StepByStep = Translator() with t {{ incremental }}
"""
#: what `encode` calls its batch and length; what `decode` calls its batch, its length and the memory's
NAMES = {
    "alike": ("B", "M", "B", "T", "M"),
    "one apart": ("B", "M", "B", "New", "M"),
    "all apart": ("A1", "A2", "D1", "D2", "D3"),
    "the other way round": ("B", "T", "B", "M", "T"),
    "turned": ("M", "B", "T", "B", "M"),
}


def spelled(names: tuple[str, ...]) -> str:
    return TRANSLATOR.format(*names)


@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("build", ["Whole", "StepByStep"])
def test_names_of_two_forwards(names: tuple[str, ...], build: str) -> None:
    """State that grows, a memory that another forward made, masks: one code, whatever the sizes are called."""
    text = spelled(names)
    assert not [each.message for each in problems(text) if each.severity == "error"]
    made, usual = compiled(text, build), compiled(spelled(NAMES["alike"]), build)
    assert _code(source(made)) == _code(source(usual))


def _code(text: str) -> str:
    """Without the sizes' own names: in notes, and as the variables that hold them."""
    return meaning(re.sub(r"\[(?:\w+|, )+\]$", "", text, flags=re.MULTILINE))


@pytest.mark.parametrize("names", ["one apart", "the other way round"])
def test_the_module_of_names_apart(names: str) -> None:
    assert verify(compiled(spelled(NAMES[names]), "StepByStep")).ok


APPLIED = """
block Tower(dim) {{
  layer up = Linear(dim, dim)
  layer mix = Mix(dim)
  forward(x: float[B, T, dim]) -> float[B, T, dim] {{ return mix(up(x), x) }}
  forward pooled(words: float[{0}, {1}, dim]) -> float[{0}, dim] {{ return mean(mix(words, up(words)), axis = 1) }}
}}
block Mix(dim) {{
  layer gate = Linear(dim, dim)
  forward(x: float[B, T, dim], y: float[B, T, dim]) -> float[B, T, dim] {{ return x + sigmoid(gate(y)) * y }}
}}
model Pair(dim = 4) {{
  layer tower = Tower(dim)
  forward(a: float[B, T, dim], b: float[B, M, dim]) -> (x: float[B, dim], y: float[B, M, dim]) {{
    return tower.pooled(a), tower(b)
  }}
  forward one(a: float[{2}, {3}, dim]) -> float[{2}, {3}, dim] {{ return tower(a) }}
}}
build Both = Pair()
"""


@pytest.mark.parametrize("names", [("N", "L", "B", "T"), ("B", "T", "P", "Q"), ("T", "B", "T", "B")])
def test_named_forwards_that_other_models_call(names: tuple[str, ...]) -> None:
    made = compiled(APPLIED.format(*names), "Both")
    assert _code(source(made)) == _code(source(compiled(APPLIED.format("B", "T", "B", "M"), "Both")))
    assert verify(made).ok


FREE = """
model Masked(dim = 4) {{
  layer up = Linear(dim, dim)
  forward(x: float[B, T, dim], keep: bool[B, {0}] = none) -> float[B, T, dim] {{
    if keep != none {{ x = where(reshape(keep, "b t -> b t 1"), x, 0.0) }}
    return up(x)
  }}
  forward other(memory: float[B, {1}, dim]) -> float[B, {1}, dim] {{ return up(memory) }}
}}
build Plain = Masked()
"""


@pytest.mark.parametrize("names", [("T", "M"), ("T", "T")])
def test_a_size_of_another_forward_binds_nothing(names: tuple[str, str]) -> None:
    assert not [each for each in problems(FREE.format(*names)) if each.severity == "error"]
