"""Conditions and `a if c else b` in forward."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sharedsl.analysis import expressions
from sharedsl.analysis.arithmetic import COMPARISONS, both
from sharedsl.analysis.flow_values import RUNTIME, Both, Presence, V, described, is_static, same_type
from sharedsl.model import dataflow as d
from sharedsl.model.sizes import Size
from sharedsl.source import Span
from sharedsl.syntax import ast

if TYPE_CHECKING:
    from sharedsl.analysis.flow import Flow


def condition(flow: Flow, expr: ast.Expr, checking: bool = False) -> V:
    """A condition: bool, Presence or Both. With `checking`, comparisons of run-time sizes as (left, op, right)."""
    if checking and isinstance(expr, ast.Binary) and expr.op == "and":
        left, right = condition(flow, expr.left, True), condition(flow, expr.right, True)
        if isinstance(left, tuple) and isinstance(right, tuple):
            return left + right
        return right if left is True else left if right is True else False
    if checking and isinstance(expr, ast.Binary) and expr.op in COMPARISONS and expr.op != "in":
        left, right = both(flow, expr)
        if isinstance(left, Size) and isinstance(right, Size) and (left.value is None or right.value is None):
            return ((left, expr.op, right),)
    found = expressions.value(flow, expr)
    if isinstance(found, bool | Presence | Both):
        return found
    if isinstance(found, RUNTIME):
        help = "`if` is decided when the spec is compiled; use `where(condition, a, b)`"
        raise flow.error("runtime-condition", "this is only known when the module runs", expr.span, help=help)
    raise flow.error("wrong-kind", f"a condition must be true or false, not {described(found)}", expr.span)


def ternary(flow: Flow, expr: ast.Ternary) -> V:
    test = condition(flow, expr.condition)
    if isinstance(test, bool):
        return expressions.value(flow, expr.then if test else expr.other)
    if isinstance(test, Both):
        raise flow.error("not-yet", "write this as `if ... { } else { }` on one input at a time", expr.span)
    present, absent = (expr.then, expr.other) if test.positive else (expr.other, expr.then)
    return _if_present(flow, test.name, present, absent, expr.span)


def _if_present(flow: Flow, of: str, present: ast.Expr, absent: ast.Expr, span: Span) -> V:
    before, counts = flow.names, flow.numbering.counts
    optional = before[of]
    given = d.Var(of, d.Tensor(optional.type.dtype, optional.type.dims), span=optional.span)
    flow.names, flow.numbering.counts = {**before, of: given}, counts.copy()
    then = expressions.value(flow, present)
    first = flow.numbering.counts
    flow.names, flow.numbering.counts = {**before, of: None}, counts.copy()
    other = expressions.value(flow, absent)
    flow.numbering.counts.merge(first)
    flow.names = before
    if is_static(then) and is_static(other) and then == other:
        return then
    if (then is None) != (other is None):
        known = flow.operand(other if then is None else then, span)
        if not isinstance(known.type, d.Tensor):
            raise flow.error("wrong-kind", "a list cannot be missing", span)
        type = d.Tensor(known.type.dtype, known.type.dims, optional=True)
        result = d.IfPresent(of, None if then is None else known, None if other is None else known, type, span=span)
        return result
    sides = flow.operand(then, present.span), flow.operand(other, absent.span)
    if not same_type(sides[0].type, sides[1].type):
        message = f"{sides[0].type} where `{of}` is given, and {sides[1].type} where it is not"
        raise flow.error("shape", message, span)
    return d.IfPresent(of, sides[0], sides[1], sides[0].type, span=span)
