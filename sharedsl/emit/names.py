"""Which variables a forward reads and writes, and where."""

from __future__ import annotations

from sharedsl.emit.applications import operands
from sharedsl.model import dataflow as d


def variables(expr: d.Expr | None) -> list[d.Var]:
    found = [each for child in operands(expr) for each in variables(child)]
    return [expr, *found] if isinstance(expr, d.Var) else found


def reads_in(expr: d.Expr | None) -> dict[str, int]:
    found: dict[str, int] = {}
    for each in variables(expr):
        found[each.name] = found.get(each.name, 0) + 1
    if isinstance(expr, d.IfPresent):
        found[expr.name] = found.get(expr.name, 0) + 1
    return found


def reads_of(statement: d.Statement | None) -> dict[str, int]:
    match statement:
        case d.Assign() | d.Keep():
            return reads_in(statement.value)
        case d.Return():
            found: dict[str, int] = {}
            for value in statement.values:
                for name, times in reads_in(value).items():
                    found[name] = found.get(name, 0) + times
            return found
        case _:
            return {}


def names_in(statements: tuple[d.Statement, ...]) -> frozenset[str]:
    """The variables that the statements read or write."""
    found: set[str] = set()
    for statement in statements:
        match statement:
            case d.Assign():
                found |= set(reads_in(statement.value))
            case d.Keep():
                found |= set(reads_in(statement.value))
            case d.Return():
                found |= set(reads_of(statement))
            case d.Loop():
                for turn in statement.turns:
                    found |= names_in(turn)
            case d.While():
                found |= names_in(statement.body) | set(reads_in(statement.condition)) | set(statement.carried)
            case d.Present():
                found |= {statement.name} | names_in(statement.then) | names_in(statement.other)
    return frozenset(found)


def assigned(statements: tuple[d.Statement, ...]) -> set[str]:
    """The variables that the statements write."""
    found: set[str] = set()
    for each in statements:
        match each:
            case d.Assign():
                found |= set(each.targets)
            case d.Keep():
                found.add(each.state)
            case d.Loop():
                for turn in each.turns:
                    found |= assigned(turn) | set(each.names)
            case d.While():
                found |= assigned(each.body) | {each.name}
            case d.Present():
                found |= assigned(each.then) | assigned(each.other)
    return found
