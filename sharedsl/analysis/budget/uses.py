"""Walks over a model: the expressions of its forwards, and its units with how often each is declared."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sharedsl.model import dataflow as d
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
            case d.Present():
                yield from expressions(statement.then)
            case d.Check():
                pass


def operands(expr: d.Expr) -> tuple[d.Expr | None, ...]:
    """The parts of an expression that run before it."""
    match expr:
        case d.Op() | d.Call() | d.CallSelf() | d.CallFunction():
            return expr.args
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
