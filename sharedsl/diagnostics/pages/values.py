"""Codes of `reuse`: values of one layer that others read."""

from __future__ import annotations

from sharedsl.diagnostics.codes import Page

_MODEL = """
block Cell(dim) {
  layer inner = Linear(dim, dim)
  forward(x: float[B, dim]) -> float[B, dim] {
    h = inner(x)
    return x + h
  }
}

block Adding(dim) {
  layer inner = Linear(dim, dim)
  state sum: float[B, dim]
  forward(x: float[B, dim]) -> float[B, dim] {
    old = sum
    sum = old + inner(x)
    return x + sum
  }
}

model M(dim = 8, depth = 4) {
  layer layers = Cell(dim) * depth
  layer sums   = Adding(dim) * 2
  forward(x: float[B, dim]) -> float[B, dim] { return x |> layers |> sums }
  forward late(x: float[B, dim]) -> float[B, dim] { return layers[1:](x) }
}
"""


_GOING_ON = "build Small = M() with shared {\n  incremental\n}"


def _plan(*lines: str, build: str = "build Small = M() with shared") -> str:
    text = "".join(f"\n  {line}" for line in lines)
    return f"{_MODEL}\nsharing shared of M {{{text}\n}}\n\n{build}\n"


PAGES = (
    Page(
        "no-value",
        "`reuse` names something that no forward assigns",
        """`reuse` shares values: the last name of its path is one that the forward of a layer gives a value to, such as
        the `keys` of `attn.keys`. Inputs, weights and layers are no such values.""",
        _plan("reuse g across layers[1:] in groups of 3"),
        _plan("reuse h across layers[1:] in groups of 3"),
    ),
    Page(
        "reuse-order",
        "a value is read before it is computed",
        """The first element of a group, in the order of execution, computes what the others read, in every forward of
        the model and on every way through it.""",
        _plan("reuse h across layers"),
        _plan("reuse h across layers[1:]"),
    ),
    Page(
        "reuse-twice",
        "a value is read from two places",
        "Two lines let one layer read one value from two others.",
        _plan("reuse h across layers[1:] as [0, 1, 0]", "reuse h across layers[2:]"),
        _plan("reuse h across layers[1:]"),
    ),
    Page(
        "reuse-state",
        "a state of one layer cannot stand in for another's",
        """A consumer takes a state as the producer leaves it, so it must assign the state before anything else reads
        it, and a length that the state counts must be its old length plus what is new.""",
        _plan("reuse sum across sums", build=_GOING_ON).replace("return x + sum", "return x + old"),
        _plan("reuse sum across sums", build=_GOING_ON),
    ),
)
