"""Walks over a model: the expressions of its forwards, and its units with how often each is declared."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sharedsl.analysis.budget.quantity import ONE, ZERO
from sharedsl.model import dataflow as d
from sharedsl.model import poly
from sharedsl.model.poly import Poly
from sharedsl.model.sites import Step
from sharedsl.model.sizes import Size
from sharedsl.model.tree import Model, Unit


def main_entry(model: Model) -> str | None:
    """The body that budgets are counted on: the main forward, or the first named one."""
    if None in model.entries:
        return model.entries[None]
    return next(iter(model.entries.values()), None)


def expressions(statements: tuple[d.Statement, ...]) -> Iterator[d.Expr]:
    """The expressions of a body that run, in order; of an undecided condition, the side where the input is given."""
    for statement in statements:
        match statement:
            case d.Assign() | d.Keep():
                yield statement.value
            case d.Return():
                yield from statement.values
            case d.Loop():
                for turn in statement.turns:
                    yield from expressions(turn)
            case d.While():
                if statement.condition is not None:
                    yield statement.condition
                yield from expressions(statement.body)
            case d.Present():
                yield from expressions(statement.then)
            case d.Check():
                pass


def repeated(
    statements: tuple[d.Statement, ...], last: dict[str, Poly], often: Poly = ONE
) -> Iterator[tuple[d.Expr, Poly]]:
    """The same expressions, each with how often it runs. A loop with a condition counts all the turns that it may take.

    `last` is brought up to date with the last turn of each loop, by the size that stands for the turn: what a turn
    costs more than the one before counts as often as the last.
    """
    for statement in statements:
        match statement:
            case d.Loop():
                for turn in statement.turns:
                    yield from repeated(turn, last, often)
            case d.While():
                stop, start = (each.formula.substitute(last) for each in (statement.stop, statement.start))
                last[str(statement.turn.formula)] = stop - ONE
                count = often * _at_least_none(stop - start)
                if statement.condition is not None:
                    yield statement.condition, count
                yield from repeated(statement.body, last, count)
            case d.Present():
                yield from repeated(statement.then, last, often)
            case _:
                for expr in expressions((statement,)):
                    yield expr, often


def _at_least_none(turns: Poly) -> Poly:
    """A range that ends before it begins has no turns."""
    return turns if all(factor > 0 for _, factor in turns.terms) else poly.function("max", turns, ZERO)


def defaults(model: Model) -> dict[str, int]:
    """The whole numbers that the main forward takes where its caller leaves them out."""
    key = main_entry(model)
    inputs = model.root.bodies[key].inputs if key is not None else ()
    found = {}
    for each in inputs:
        value = each.default.value if each.size is not None and isinstance(each.default, d.Const) else None
        if isinstance(value, Size) and value.value is not None:
            found[each.name] = value.value
    return found


def bounded(model: Model) -> bool:
    """Whether some loop of the main forward may stop early, so that what it costs is an upper bound."""
    key = main_entry(model)
    return key is not None and _stops_early(model, model.root, key, set())


def _stops_early(model: Model, unit: Unit, key: str, seen: set[tuple[int, str]]) -> bool:
    if (id(unit), key) in seen:
        return False
    seen.add((id(unit), key))
    body = unit.bodies[key]
    below: list[tuple[Unit, str]] = []

    def visit(expr: d.Expr) -> None:
        if isinstance(expr, d.Call):
            below.extend(
                (unit.child(Step(use.child, use.index)), use.body) for use in expr.uses if use.body is not None
            )
        elif isinstance(expr, d.CallSelf):
            below.append((unit, expr.body))

    for expr in expressions(body.statements):
        walk(expr, visit)
    return _conditional(body.statements) or any(_stops_early(model, each, inner, seen) for each, inner in below)


def _conditional(statements: tuple[d.Statement, ...]) -> bool:
    for each in statements:
        match each:
            case d.While():
                if each.condition is not None or _conditional(each.body):
                    return True
            case d.Loop():
                if any(_conditional(turn) for turn in each.turns):
                    return True
            case d.Present():
                if _conditional(each.then):
                    return True
    return False


def operands(expr: d.Expr) -> tuple[d.Expr | None, ...]:
    """The parts of an expression that run before it."""
    match expr:
        case d.Op() | d.Call() | d.CallSelf() | d.CallFunction():
            return expr.args
        case d.Once():
            return (expr.value,)
        case d.Pick():
            return (expr.of,)
        case d.Collect():
            return expr.items
        case d.IfPresent():
            return (expr.then,)
        case _:
            return ()


def walk(expr: d.Expr | None, visit: Callable[[d.Expr], None]) -> None:
    """`visit` each part of an expression, operands first."""
    if expr is None:
        return
    for part in operands(expr):
        walk(part, visit)
    visit(expr)


def _add(found: dict[int, int], more: dict[int, int]) -> None:
    for key, count in more.items():
        found[key] = found.get(key, 0) + count


def registered(model: Model) -> list[tuple[Unit, int]]:
    """Every unit with the number of declared layers that are made of it."""
    below: dict[int, dict[int, int]] = {}
    units: dict[int, Unit] = {}

    def count(unit: Unit) -> dict[int, int]:
        if id(unit) not in below:
            units[id(unit)] = unit
            found: dict[int, int] = {}
            for child in unit.children.values():
                for each in child.units:
                    _add(found, {id(each): 1})
                    _add(found, count(each))
            below[id(unit)] = found
        return below[id(unit)]

    found = {id(model.root): 1}
    _add(found, count(model.root))
    return [(units[key], number) for key, number in found.items()]
