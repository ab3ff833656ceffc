"""Rotary tables in words: which angles a body turns by, and what they are called by whoever calls it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sharedsl.emit.words import words_of
from sharedsl.model import dataflow as d
from sharedsl.model.flowing import nodes, with_codes
from sharedsl.model.sizes import Real, Size
from sharedsl.model.tree import Unit
from sharedsl.ops.base import real
from sharedsl.record import dataclass, fields, replace

#: operations that make positions of sizes alone
POSITIONS = frozenset(("arange", "expand", "reshape", "add", "sub", "mul"))


@dataclass(frozen=True, slots=True)
class Table:
    """Angles of `places`, in the body's own words, for a last axis of `dim`; `heads` where a head axis is between."""

    places: d.Expr
    dim: Size
    base: Real | Size
    heads: bool


def turns(body: d.Body) -> Iterator[tuple[Table, int]]:
    """What a body itself turns by, and how often."""
    found: dict[Table, int] = {}
    for statement in body.statements:
        if isinstance(statement, d.Assign | d.Return | d.Keep):
            for each in nodes(statement):
                table = table_of(each, body)
                if table is not None:
                    found[table] = found.get(table, 0) + 1
    yield from found.items()


def table_of(node: Any, body: d.Body) -> Table | None:
    """The table that an operation turns by."""
    if not isinstance(node, d.Op) or node.op != "rotary" or node.args[1] is None:
        return None
    places, of = settled(node.args[1], body), node.type
    if places is None or not isinstance(of, d.Tensor):
        return None
    base = node.setting("base")
    if base is None:
        base = real(10000.0)
    assert isinstance(base, Real | Size)
    return Table(places, of.dims[-1], base, len(of.dims) == 4)


def settled(expr: d.Expr | None, body: d.Body) -> d.Expr | None:
    """Positions in terms of sizes and inputs, or of a variable that has one value; None where there is no telling."""
    match expr:
        case d.Const():
            return expr
        case d.Op() if expr.op in POSITIONS:
            args = [settled(arg, body) for arg in expr.args]
            known = all(made is not None for made, arg in zip(args, expr.args, strict=True) if arg is not None)
            return replace(expr, args=tuple(args)) if known else None
        case d.Var():
            values = [each for each in nodes(body.statements) if _assigns(each, expr.name)]
            top = [each for each in body.statements if _assigns(each, expr.name)]
            if not values:
                one = next((each for each in body.inputs if each.name == expr.name), None)
                whole = one is not None and one.default is None and isinstance(one.type, d.Tensor)
                return expr if whole and not one.type.optional else None  # type: ignore[union-attr]
            if len(values) != 1 or len(top) != 1 or any(each.name == expr.name for each in body.inputs):
                return None
            value = top[0]
            made = settled(value.value, body) if isinstance(value, d.Assign) and len(value.targets) == 1 else None
            return made if made is not None else expr
        case _:
            return None


def _assigns(node: Any, name: str) -> bool:
    match node:
        case d.Assign():
            return name in node.targets
        case d.Keep():
            return node.state == name
        case d.Loop():
            return name in node.names
        case d.While():
            return name == node.name or name in node.carried
    return False


def outside(places: d.Expr, body: d.Body) -> bool:
    """Whether the caller can say it: of variables, only inputs."""
    inputs = {each.name for each in body.inputs}
    return all(each.name in inputs for each in nodes(places) if isinstance(each, d.Var))


def said(unit: Unit, body: d.Body, call: d.Call, use: d.Use, tables: tuple[Table, ...]) -> tuple[Table, ...] | None:
    """A callee's tables in its caller's words."""
    callee = unit.children[use.child].units[use.index or 0].bodies[use.body or ""]
    words = words_of(unit, call, use, callee)
    known = {name for name, _ in body.sizes} | set(unit.arguments) | {one.name for one in body.inputs if one.size}
    inputs = dict(zip((one.name for one in callee.inputs), call.args, strict=False))
    found: list[Table] = []
    for table in tables:
        if not _names(table) <= words.keys():
            return None
        told = with_codes(table, lambda code: code.substitute(words))
        places = settled(_put(told.places, inputs), body)
        if places is None or not _names(told) | _names(places) <= known:
            return None
        found.append(replace(told, places=places))
    return tuple(found)


def _put(expr: Any, inputs: Mapping[str, d.Expr | None]) -> Any:
    """Positions with the caller's values in place of the inputs' names."""
    if isinstance(expr, d.Var):
        return inputs.get(expr.name)
    if isinstance(expr, d.Op):
        return replace(expr, args=tuple(None if arg is None else _put(arg, inputs) for arg in expr.args))
    return expr


def _names(node: Any) -> set[str]:
    """The names of the sizes that code of this mentions; the shapes of what is only read say nothing."""
    if isinstance(node, Size | Real):
        return set(node.code.names())
    if isinstance(node, tuple):
        return {name for each in node for name in _names(each)}
    if isinstance(node, d.Var) or not hasattr(node, "__dataclass_fields__"):
        return set()
    return {name for one in fields(node) if one.name != "span" for name in _names(getattr(node, one.name))}


# ---------------------------------------------------------------------------- where tables are


def like(body: d.Body, at: int, call: d.Call | None) -> d.Expr | None:
    """A float tensor that is there before statement `at`, or that can be computed before it: what `call` is given."""
    for one in body.inputs:
        if isinstance(one.type, d.Tensor) and one.type.dtype == "float" and one.type.dims and one.default is None:
            if not one.type.optional:
                return d.Var(one.name, one.type)
    for statement in reversed(body.statements[:at]):
        if isinstance(statement, d.Assign) and len(statement.targets) == 1 and _float(statement.value):
            return d.Var(statement.targets[0], statement.value.type)
    first = call.args[0] if call is not None and call.args else None
    simple = isinstance(body.statements[at], d.Assign | d.Return)
    return first if simple and first is not None and _float(first) else None


def _float(expr: d.Expr) -> bool:
    return isinstance(expr.type, d.Tensor) and expr.type.dtype == "float" and bool(expr.type.dims)
