"""What forwards require of run-time sizes: a budget at sizes that the model refuses means nothing."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping

from sharedsl.analysis.budget.quantity import evaluate
from sharedsl.analysis.budget.uses import main_entry, operands
from sharedsl.diagnostics import Diagnostic, Label, error
from sharedsl.model import dataflow as d
from sharedsl.model.tree import Model, Unit
from sharedsl.source import NOWHERE, Span

_HOLDS: dict[str, Callable[[int, int], bool]] = {
    "==": operator.eq, "!=": operator.ne, "<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt,
}  # fmt: skip


def refused(
    model: Model, sizes: Mapping[str, int], given: Mapping[str, int], name: str, asked: Span = NOWHERE
) -> Diagnostic | None:
    """The first `require` of the main forward that does not hold at `sizes`; `given` are those that were asked for."""
    key = main_entry(model)
    if key is None or not given:
        return None
    for check in _checks(model.root, key, set()):
        left, right = evaluate(check.left.formula, sizes), evaluate(check.right.formula, sizes)
        if left is None or right is None or check.op not in _HOLDS or _HOLDS[check.op](left, right):
            continue
        at = ", ".join(f"{size} = {value:,}" for size, value in given.items())
        message = f"`{name}` requires {check.text}, and at {at} that is {left:,} {check.op} {right:,}"
        if asked.path:
            return error("require", message, asked, "", Label(check.span, "required here"))
        return error("require", message, check.span)
    return None


def _checks(unit: Unit, key: str, seen: set[tuple[int, str]]) -> Iterator[d.Check]:
    """Every `require` that one forward and those inside it check when they run."""
    if (id(unit), key) in seen or key not in unit.bodies:
        return
    seen.add((id(unit), key))
    yield from _in(unit, unit.bodies[key].statements, seen)


def _in(unit: Unit, statements: tuple[d.Statement, ...], seen: set[tuple[int, str]]) -> Iterator[d.Check]:
    for statement in statements:
        match statement:
            case d.Check():
                yield statement
            case d.Assign() | d.Keep():
                yield from _of(unit, statement.value, seen)
            case d.Return():
                for value in statement.values:
                    yield from _of(unit, value, seen)
            case d.Loop():
                for turn in statement.turns:
                    yield from _in(unit, turn, seen)
            case d.While():
                yield from _in(unit, statement.body, seen)
            case d.Present():
                yield from _in(unit, statement.then, seen)


def _of(unit: Unit, expr: d.Expr | None, seen: set[tuple[int, str]]) -> Iterator[d.Check]:
    for part in operands(expr) if expr is not None else ():
        yield from _of(unit, part, seen)
    if isinstance(expr, d.CallSelf):
        yield from _checks(unit, expr.body, seen)
    elif isinstance(expr, d.Call):
        for use in expr.uses:
            if use.body is not None:
                yield from _checks(unit.children[use.child].units[use.index or 0], use.body, seen)
