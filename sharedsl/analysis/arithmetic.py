"""Arithmetic, comparison and logic in forward: computed where both sides are known, operations where not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sharedsl.analysis import expressions, operations
from sharedsl.analysis.arguments import Poisoned
from sharedsl.analysis.flow_values import CONDITIONS, RUNTIME, Both, Presence, V, described, is_static, negated
from sharedsl.comptime.values import Failure, arithmetic, compare
from sharedsl.model import dataflow as d
from sharedsl.model import sizes
from sharedsl.model.sizes import Real, Size
from sharedsl.source import Span
from sharedsl.syntax import ast

if TYPE_CHECKING:
    from sharedsl.analysis.flow import Flow

_OPERATIONS = {
    "+": "add", "-": "sub", "*": "mul", "/": "div", "//": "floordiv", "%": "mod", "**": "pow", "@": "matmul",
    "==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge", "and": "and", "or": "or",
}  # fmt: skip
COMPARISONS = frozenset(("==", "!=", "<", "<=", ">", ">=", "in"))


def _failed(flow: Flow, problem: Failure, span: Span) -> Poisoned:
    return flow.error("bad-value", str(problem), getattr(problem, "span", span))


def negative(flow: Flow, operand: V, expr: ast.Unary) -> V:
    if isinstance(operand, Real):
        return sizes.real("neg", operand)
    if is_static(operand):
        try:
            return arithmetic("-", sizes.size(0), operand)
        except Failure as problem:
            raise _failed(flow, problem, expr.span) from None
    return operations.apply(flow, "neg", [operations.Argument(None, operand, expr.operand.span)], expr.span)


def opposite(flow: Flow, operand: V, expr: ast.Unary) -> V:
    if isinstance(operand, bool):
        return not operand
    if isinstance(operand, CONDITIONS):
        return negated(operand)
    if isinstance(operand, RUNTIME):
        return operations.apply(flow, "not", [operations.Argument(None, operand, expr.operand.span)], expr.span)
    raise flow.error("wrong-kind", f"`not` wants true or false, not {described(operand)}", expr.span)


def logic(flow: Flow, expr: ast.Binary) -> V:
    """`and`, `or`: the right side is not looked at where the left one decides."""
    either = expr.op == "or"
    left = expressions.value(flow, expr.left)
    if isinstance(left, bool) and left == either:
        return left
    right = expressions.value(flow, expr.right)
    if isinstance(left, bool):
        return right
    if isinstance(left, CONDITIONS) and isinstance(right, bool):
        return right if right == either else left
    if isinstance(left, CONDITIONS) and isinstance(right, CONDITIONS):
        return Both(left, right, either)
    return _operation(flow, expr.op, left, right, expr)


def binary(flow: Flow, expr: ast.Binary) -> V:
    left, right = both(flow, expr)
    op = expr.op
    if op in ("==", "!=") and (left is None or right is None):
        return _presence(left if right is None else right, op)
    if op == "in" or (is_static(left) and is_static(right)):
        return _static(flow, expr, left, right)
    if op == "+" and isinstance(left, tuple) and isinstance(right, tuple):
        return left + right
    if op == "+" and (_many(left) or _many(right)):
        return _joined(flow, left, right, expr)
    if op == "*" and isinstance(left, tuple) and isinstance(right, Size) and right.value is not None:
        return left * right.value
    return _operation(flow, op, left, right, expr)


def both(flow: Flow, expr: ast.Binary) -> tuple[V, V]:
    """Both sides; mistakes in either are reported."""
    try:
        left = expressions.value(flow, expr.left)
    except Poisoned:
        expressions.value(flow, expr.right)
        raise
    return left, expressions.value(flow, expr.right)


def _presence(other: V, op: str) -> V:
    if isinstance(other, d.Var) and isinstance(other.type, d.Tensor) and other.type.optional:
        return Presence(other.name, op == "!=")
    return (other is None) == (op == "==")


def _static(flow: Flow, expr: ast.Binary, left: V, right: V) -> V:
    """Both sides are known now. What needs run-time sizes beyond whole-number arithmetic becomes an operation."""
    try:
        if expr.op in COMPARISONS:
            return compare(expr.op, left, right, flow.shop.trace)
        return arithmetic(expr.op, left, right)
    except Failure as problem:
        runtime = any(isinstance(side, Size) and side.value is None for side in (left, right))
        numbers = all(isinstance(side, Size | Real) for side in (left, right))
        if runtime and numbers and expr.op not in COMPARISONS:
            return _operation(flow, expr.op, left, right, expr)
        raise _failed(flow, problem, expr.span) from None


def _many(side: V) -> bool:
    return isinstance(side, RUNTIME) and isinstance(side.type, d.Many)


def _joined(flow: Flow, left: V, right: V, expr: ast.Binary) -> V:
    """`past + [x]`: one list after the other."""
    for one, other in ((left, right), (right, left)):
        if _many(one) and not one.type.items and is_static(other):
            return other
    sides = flow.operand(left, expr.left.span), flow.operand(right, expr.right.span)
    if not all(isinstance(side.type, d.Many) for side in sides):
        raise flow.error("wrong-kind", f"`+` does not join {described(left)} and {described(right)}", expr.span)
    items = tuple(item for side in sides for item in side.type.items)  # type: ignore[union-attr]
    return d.Op("add", sides, (), d.Many(items), span=expr.span)


def _operation(flow: Flow, op: str, left: V, right: V, expr: ast.Binary) -> V:
    for side, part in ((left, expr.left), (right, expr.right)):
        if isinstance(side, CONDITIONS):
            help = "combine such tests with `and`, `or`, `not` only"
            raise flow.error("not-yet", "a test for `none` cannot be computed with", part.span, help=help)
    args = [operations.Argument(None, left, expr.left.span), operations.Argument(None, right, expr.right.span)]
    return operations.apply(flow, _OPERATIONS[op], args, expr.span, sign=op)
