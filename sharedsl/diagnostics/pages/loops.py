"""Pages of the messages about loops that stay loops when the module runs."""

from __future__ import annotations

from sharedsl.diagnostics.codes import Page
from sharedsl.diagnostics.pages.examples import forward

_STEPS = "x: float[B, T, dim], steps: int = 4"
_KEPT = """
block Counted(dim) {
  state total: float[B, dim] = 0
  forward(x: float[B, T, dim], steps: int) -> float[B, dim] {
    %s
    return total
  }
}
model M(dim = 8) {
  layer counted = Counted(dim)
  forward(x: float[B, T, dim], steps: int = 4) -> float[B, dim] { return counted(x, steps) }
}
"""

PAGES = (
    Page(
        "loop-type",
        "a turn of a loop hands on another type than it was given",
        "A loop over a run-time number of turns, or with `while`, is one body for every turn: what one turn hands to "
        "the next has one type and shape from before the loop on. A sum that begins with `0` is a whole number; one "
        "that becomes a tensor begins with `zeros(..)`.",
        forward(
            "total = 0",
            "for t in range(steps) { total = total + first(x) }",
            "return total",
            inputs=_STEPS,
        ),
        forward(
            "total = zeros(B, T, dim)",
            "for t in range(steps) { total = total + first(x) }",
            "return total",
            inputs=_STEPS,
        ),
    ),
    Page(
        "loop-condition",
        "a loop's condition is not one truth value",
        "`while` is followed by one truth value, computed before each turn. `any(..)` and `all(..)` make one of many.",
        forward("for t in range(9) while x > 0 { x = first(x) }", "return x"),
        forward("for t in range(9) while any(x > 0) { x = first(x) }", "return x"),
    ),
    Page(
        "loop-state",
        "a state and a loop whose number of turns is not known do not go together",
        "A state has one value for each call of its block, so a loop of a run-time length cannot assign it: keep the "
        "value in a plain name and assign the state after the loop. A layer with states inside such a loop has states "
        "of its own in every turn; with `while`, a sequence in pieces could take other turns than the whole, so "
        "incremental builds refuse that.",
        _KEPT % "for t in range(steps) { total = total + mean(x, axis = 1) }",
        _KEPT % "sum = total\n    for t in range(steps) { sum = sum + mean(x, axis = 1) }\n    total = sum",
    ),
)
