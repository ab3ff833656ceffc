"""Codes of forward: shapes, inputs, outputs, calls."""

from __future__ import annotations

from sharedsl.diagnostics.codes import Page
from sharedsl.diagnostics.pages.examples import CELL, forward

_CALLS_AGAIN = """
model M(dim = 8) {
  layer first = Linear(dim, dim)
  forward(x: float[B, dim]) -> float[B, dim] { return again(first(x)) }
}
build Built = M()
"""

PAGES = (
    Page(
        "shape",
        "shapes that do not fit",
        """Shapes are followed through the whole forward, with run-time sizes as symbols. The message names both sides
        and the axis; where weights are tied, both weights.""",
        forward("return first(wide(x))"),
        forward("return first(x)"),
    ),
    Page(
        "input-shape",
        "a layer is given another shape than its input declares",
        "The second place shown is the declaration. Upper-case sizes of a declaration are bound by what is given.",
        """
block A(dim) {
  layer inner = Linear(dim, dim)
  forward(x: float[B, dim]) -> float[B, dim] { return inner(x) }
}
"""
        + forward("return first(x)").replace("Linear(dim, dim)", "A(dim)"),
        """
block A(dim) {
  layer inner = Linear(dim, dim)
  forward(x: float[B, T, dim]) -> float[B, T, dim] { return inner(x) }
}
"""
        + forward("return first(x)").replace("Linear(dim, dim)", "A(dim)"),
    ),
    Page(
        "output-shape",
        "a forward returns another shape than it declares",
        "The second place shown is the declaration.",
        forward("return wide(x)"),
        forward("return wide(x)", result="float[B, T, 4 * dim]"),
    ),
    Page(
        "no-return",
        "a forward that does not return on every way through",
        "Both sides of an `if` must return, or something must be returned behind it.",
        forward("y = first(x)"),
        forward("return first(x)"),
    ),
    Page(
        "no-forward",
        "a layer is used in a way that none of its forwards has",
        "A block without a forward that takes inputs cannot be applied; one with several is called by their names.",
    ),
    Page(
        "recursive-forward",
        "a forward that calls itself",
        "Forwards are unrolled when the spec is compiled, so none can call itself, directly or through others.",
    ),
    Page(
        "recursive-function",
        "a function that calls itself",
        "Calls of functions are unrolled when the spec is compiled, so none can call itself, directly or through "
        "others. Say how often with a loop.",
        f"""function again(x: float[...]) -> float[...] {{
  return again(relu(x))
}}
{_CALLS_AGAIN}""",
        f"""function again(x: float[...]) -> float[...] {{
  for i in range(2) {{ x = relu(x) }}
  return x
}}
{_CALLS_AGAIN}""",
    ),
    Page(
        "not-assignable",
        "a layer, weight or parameter cannot be assigned to",
        "Names that are declared keep their meaning. Assign to another name; a `state` can be assigned to.",
        forward("first = first(x)", "return first"),
        forward("y = first(x)", "return y"),
    ),
    Page(
        "maybe-none",
        "an optional input is used where a value is needed",
        "Test it first: `if mask != none { .. }`, or `0 if mask == none else mask`.",
        forward("return first(x) + first(bias)", inputs="x: float[B, T, dim], bias: float[B, T, dim] = none"),
        forward(
            "y = x if bias == none else x + bias",
            "return first(y)",
            inputs="x: float[B, T, dim], bias: float[B, T, dim] = none",
        ),
    ),
    Page(
        "bad-index",
        "an index or a slice outside of what it names",
        "Indices count from 0, negative ones from the end. A slice of a stack must hold something.",
        """
model M(dim = 8, depth = 3) {
  layer layers = Linear(dim, dim) * depth
  forward(x: float[B, dim]) -> float[B, dim] { return layers[3](layers(x)) }
}
""",
        """
model M(dim = 8, depth = 3) {
  layer layers = Linear(dim, dim) * depth
  forward(x: float[B, dim]) -> float[B, dim] { return layers[2](layers(x)) }
}
""",
    ),
    Page(
        "not-callable",
        "something that cannot be applied is applied",
        "Declared layers, functions and operations are applied. A kind of layer is declared first.",
        forward("return Linear(x)"),
        forward("return first(x)"),
    ),
    Page(
        "not-a-value",
        "something that is no value stands where one is wanted",
        "`layers@1` numbers applications in plans; in a forward each application is written as a call.",
        forward("return first@1(x)"),
        forward("return first(first(x))"),
    ),
    Page(
        "scan-cell",
        "`scan` of a layer that carries nothing from step to step",
        """A scanned layer hands its states from step to step, so it keeps one of a fixed size. A layer without a state
        is applied to the whole sequence at once; so is one whose states grow, such as attention with its keys.""",
        forward("return scan(first, x, along = T)"),
        forward("return first(x)"),
    ),
    Page(
        "scan-axis",
        "`scan` along an axis that its input lacks, or has twice",
        """`along` names a size. The first input has exactly one axis of that size; of the others, those that have it
        are walked along with it, and the rest are given to every step whole.""",
        CELL + forward("return scan(cell, x, along = M)", inputs="x: float[B, T, dim], y: float[B, M, dim]"),
        CELL + forward("return scan(cell, x, along = T)", inputs="x: float[B, T, dim], y: float[B, M, dim]"),
    ),
    Page(
        "runtime-condition",
        "a condition on what is known only when the module runs",
        "`if` is decided when the spec is compiled, on parameters and inputs given; `where` decides at run time.",
        forward("return x if x > 0 else first(x)"),
        forward("return where(x > 0, x, first(x))"),
    ),
)
