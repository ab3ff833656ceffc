"""Parameters that are private to the applications of one layer: `weight_lora_a_0`, `weight_lora_a_1`, ..

They are registered under numbered names (these are their checkpoint keys), made and filled in a loop, and picked by the
number of the application.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sharedsl import pytree as py
from sharedsl.record import fields

SELF = py.Name("self")
_NUMBERED = re.compile(r"(.*?)_(\d+)$")


def base_name(name: str) -> str:
    """`weight_lora_a` for `weight_lora_a_3`."""
    found = _NUMBERED.match(name)
    return found[1] if found else name


class _Unlike(Exception):
    pass


def picked(results: list[py.Expr]) -> py.Expr:
    """The result of application number `turn`: one expression where all are built alike, else a choice of results."""
    if len(results) == 1:
        return results[0]
    try:
        found: py.Expr = _picked(results)
        return found
    except _Unlike:
        code = results[-1]
        for number in range(len(results) - 2, -1, -1):
            code = py.Ternary(py.Compare(py.Name("turn"), "==", py.Const(number)), results[number], code)
        return code


def _picked(nodes: Sequence[Any]) -> Any:
    first = nodes[0]
    if all(type(node) is type(first) and node == first for node in nodes):
        return first
    if all(isinstance(node, py.Attr | py.Name) for node in nodes):
        return _by_turn(list(nodes))
    if isinstance(first, tuple):
        if any(not isinstance(node, tuple) or len(node) != len(first) for node in nodes):
            raise _Unlike
        return tuple(_picked(column) for column in zip(*nodes, strict=True))
    if not hasattr(first, "__dataclass_fields__") or any(type(node) is not type(first) for node in nodes):
        raise _Unlike
    return type(first)(**{each.name: _picked([getattr(node, each.name) for node in nodes]) for each in fields(first)})


def _by_turn(nodes: list[py.Expr]) -> py.Expr:
    names = [node.name if isinstance(node, py.Attr) and node.value == SELF else "" for node in nodes]
    base = base_name(names[-1])
    numbered = py.call("getattr", SELF, py.FString((f"{base}_", py.Name("turn"))))
    if names == [f"{base}_{number}" for number in range(len(names))]:
        return numbered
    if len(names) > 2 and names == [base, *(f"{base}_{number}" for number in range(1, len(names)))]:
        return py.Ternary(py.Compare(py.Name("turn"), "==", py.Const(0)), py.Attr(SELF, base), numbered)
    return py.Index(py.TupleExpr(tuple(nodes)), py.Name("turn"))


# ---------------------------------------------------------------------------- making and filling them


def counted(statements: list[py.Stmt]) -> list[py.Stmt]:
    """Runs of statements about `self.NAME_0`, `self.NAME_1`, .. as loops; they may stand apart."""
    groups: dict[object, list[tuple[int, int]]] = {}
    for at, statement in enumerate(statements):
        number = _number(statement)
        if number is not None:
            groups.setdefault(_without(statement, number), []).append((number, at))
    result: list[py.Stmt | None] = list(statements)
    for found in groups.values():
        numbers = [number for number, _ in found]
        if len(found) < 3 or numbers != list(range(numbers[0], numbers[0] + len(numbers))):
            continue
        bounds = [py.Const(numbers[0])] if numbers[0] else []
        source = py.call("range", *bounds, py.Const(numbers[-1] + 1))
        body = _looped(statements[found[0][1]], numbers[0])
        for _, at in found:
            result[at] = None
        result[found[0][1]] = py.For(py.Name("i"), source, (body,))
    return [statement for statement in result if statement is not None]


def _own_names(node: object) -> list[str]:
    return [each.name for each in py.walk(node) if isinstance(each, py.Attr) and each.value == SELF]


def _number(statement: py.Stmt) -> int | None:
    """The number in the names of a statement, where it is about one application's parameters alone."""
    found = {match[2] if (match := _NUMBERED.match(name)) else None for name in _own_names(statement)}
    only = found.pop() if len(found) == 1 else None
    return int(only) if only is not None else None


def _without(node: Any, number: int) -> Any:
    """The statement with the number left out: equal for all applications."""
    return _mapped(node, lambda name: py.Attr(SELF, base_name(name) + "_?"))


def _looped(node: py.Stmt, number: int) -> py.Stmt:
    """The statement for application `i`."""

    def numbered(name: str) -> py.Expr:
        return py.call("getattr", SELF, _formatted(name))

    if isinstance(node, py.Assign) and isinstance(node.targets[0], py.Attr) and node.value is not None:
        value = _mapped(node.value, numbered)
        return py.ExprStmt(py.method(SELF, "register_parameter", _formatted(node.targets[0].name), value))
    return _mapped(node, numbered)  # type: ignore[no-any-return]


def _formatted(name: str) -> py.Expr:
    return py.FString((f"{base_name(name)}_", py.Name("i")))


def _mapped(node: Any, change: Any) -> Any:
    if isinstance(node, py.Attr) and node.value == SELF:
        return change(node.name)
    if isinstance(node, tuple):
        return tuple(_mapped(each, change) for each in node)
    if not hasattr(node, "__dataclass_fields__"):
        return node
    return type(node)(**{each.name: _mapped(getattr(node, each.name), change) for each in fields(node)})
