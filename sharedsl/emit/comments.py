"""What stands behind the statements of a forward: the line of the spec, and a shape where it changes.

The module looks for a failing line's place from that line on, so of several statements in a row that one line of the
spec became, the last one names it.
"""

from __future__ import annotations

from collections.abc import Sequence

from sharedsl import pytree as py
from sharedsl.emit.names import variables
from sharedsl.emit.terms import tidy
from sharedsl.model import dataflow as d
from sharedsl.record import replace

#: the width of a line
WIDTH = 88


def commented(statements: Sequence[py.Stmt], comment: str) -> list[py.Stmt]:
    """The statements that one of the spec became, with its line on the last."""
    result: list[py.Stmt] = []
    following = ""
    for each in reversed(statements):
        made = each if following == comment else _commented(each, comment)
        result.append(made)
        following = _first(made) or following
    return result[::-1]


def _commented(statement: py.Stmt, comment: str) -> py.Stmt:
    """The spec's line, on the innermost statement that has none."""
    if isinstance(statement, py.For):
        return replace(statement, body=tuple(commented(statement.body, comment)))
    if isinstance(statement, py.Assign | py.Return | py.ExprStmt | py.Assert) and not statement.comment:
        return replace(statement, comment=comment)
    return statement


def _first(node: py.Stmt) -> str:
    """The first line of the spec that a reader of the statement comes to."""
    if isinstance(node, py.If):
        return _first_of((*node.body, *(each for _, body in node.elifs for each in body), *node.other))
    if isinstance(node, py.For | py.With):
        return _first_of(node.body)
    return getattr(node, "comment", "").partition("  ")[0]


def _first_of(statements: tuple[py.Stmt, ...]) -> str:
    return next((found for each in statements if (found := _first(each))), "")


def with_shape(last: py.Stmt, statement: d.Statement) -> py.Stmt:
    """The shape of what was just computed, where it is another than that of what it was computed from."""
    value = statement.value if isinstance(statement, d.Assign | d.Keep) else None
    if isinstance(statement, d.Return) and len(statement.values) == 1:
        value = statement.values[0]
    if value is None or not isinstance(value.type, d.Tensor) or not value.type.dims:
        return last
    if not isinstance(last, py.Assign | py.Return) or last.value is None:
        return last
    if isinstance(last, py.Return) and isinstance(last.value, py.TupleExpr):
        return last
    shape = _shown(value.type)
    before = [_shown(each.type) for each in variables(value) if isinstance(each.type, d.Tensor)]
    width = len(py.one_line(last.value)) + (len(last.comment) + 2 if last.comment else 2) + len(shape)
    head = 7 if isinstance(last, py.Return) else sum(len(py.one_line(each)) + 3 for each in last.targets)
    if before and shape not in before and 8 + head + width + 4 <= WIDTH:
        return replace(last, comment=f"{last.comment}  {shape}".strip())
    return last


def _shown(type_: d.Tensor) -> str:
    """`[B, T, dim]`"""
    return f"[{', '.join(py.one_line(py.arith(tidy(size.code))) for size in type_.dims)}]"
