"""A plan makes weights of layers one that read different kinds of input.

Layers that see only tokens and layers that see only pictures have nothing in common at first; weights shared between
them compete, unless both are brought to one space before (as in VLMo or BeiT-3, which share attention on top of
embeddings of the same width, and say so). Calling one declared layer on both is not reported: that is written out.
"""

from __future__ import annotations

from collections.abc import Iterator

from sharedsl.diagnostics import Diagnostic
from sharedsl.lint.rule import finding
from sharedsl.lint.rules.flows import flows
from sharedsl.lint.subject import Subject

SEVERITY = "warning"
_MODEL = """
model Pair(dim = 8) {
  layer patches = Conv2d(3, dim, 4, stride = 4)
  layer words   = Embedding(50, dim)
  layer see     = Linear(dim, dim)
  layer read    = Linear(dim, dim)
  forward(pixels: float[B, 3, 8, 8], tokens: int[C, T]) -> float[B, C] {
    seen = see(mean(patches(pixels), axis = [-2, -1]))
    said = read(mean(words(tokens), axis = 1))
    return einsum(seen, said, "b d, c d -> b c")
  }
}
"""
FAILING = _MODEL + "\nsharing p of Pair { tie read = see }\nbuild Small = Pair() with p\n"
MENDED = _MODEL + "\nbuild Small = Pair()\n"


def check(subject: Subject) -> Iterator[Diagnostic]:
    if not subject.refs:
        return
    fed = flows(subject.model).fed
    for storage in subject.solved.storages:
        names = list(dict.fromkeys(path[0].name for path in subject.declared_readers(storage)))
        tokens = [name for name in names if fed.get(name) == {"tokens"}]
        pictures = [name for name in names if fed.get(name) == {"pictures"}]
        lines = subject.lines_of(storage)
        if tokens and pictures and lines:
            yield finding(
                "modalities-shared",
                f"`{tokens[0]}` reads tokens, `{pictures[0]}` reads pictures, and they share weights",
                lines[0],
                help="share above a common embedding, or keep the two apart",
            )
