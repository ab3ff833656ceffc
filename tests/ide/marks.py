"""Texts with a mark where the cursor stands: `‸`."""

from __future__ import annotations

from sharedsl.ide.view import View
from sharedsl.ide.workspace import Workspace

MARK = "‸"
PATH = "/specs/marked.sdsl"

#: what the cases are put into
SPEC = """import "std/transformer" { DecoderLayer }

function double(x: float[...]) -> float[...] {
  return 2 * x
}

## Squeezes.
block Gate(dim, reduce = 4) {
  layer down = Linear(dim, dim // reduce)
  layer up   = Linear(dim // reduce, dim)
  weight bias[dim] init zeros()
  forward(x: float[B, T, dim]) -> float[B, T, dim] {
    squeezed = mean(x, axis = 1, keep = true)
    return x * sigmoid(up(relu(down(squeezed))) + bias)
  }
}

## A small language model.
model Lm(vocab = 100, dim = 16, depth = 4, heads = 4) {
  layer embed  = Embedding(vocab, dim)
  layer layers = DecoderLayer(dim, heads) * depth
  layer gate   = Gate(dim)
  layer head   = Linear(dim, vocab, bias = false)
  forward(tokens: int[B, T]) -> float[B, T, vocab] {
    x = embed(tokens)
    a, b = split(x, [8, 8], axis = -1)
    y = double(concat(a, b, axis = -1))
    return y |> layers |> gate |> head
  }
}

## The head reads the table.
sharing tied of Lm { tie head.weight = embed.weight }
sharing all(n = 2) of Lm extends tied { share * across layers in groups of n }

build Small = Lm(depth = 6) with all(n = 3) {
  budget params <= 1M
  test (dim = 8)
}
"""


def marked(text: str) -> tuple[Workspace, View, int]:
    """The text without its mark, opened; and where the mark was."""
    offset = text.index(MARK)
    workspace = Workspace()
    workspace.put(PATH, text.replace(MARK, ""))
    view = workspace.view(PATH)
    assert view is not None
    return workspace, view, offset


def at(place: str, text: str = SPEC) -> tuple[Workspace, View, int]:
    """The usual spec with a mark in it: `place` is a part of the text with the mark, `layer he‸ad`."""
    plain = place.replace(MARK, "")
    assert text.count(plain) >= 1, plain
    return marked(text.replace(plain, place, 1))


def written(place: str, instead: str) -> tuple[Workspace, View, int]:
    """The usual spec with a part of it written anew, with the mark."""
    assert place in SPEC, place
    return marked(SPEC.replace(place, instead, 1))
