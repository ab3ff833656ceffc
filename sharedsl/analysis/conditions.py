"""`require` at compile time: whether it holds, what to say if not, and its code for the emitted constructor."""

from __future__ import annotations

from collections.abc import Iterator

from sharedsl.analysis.arguments import Poisoned, shown, value_of
from sharedsl.analysis.shop import Shop
from sharedsl.comptime import Scope
from sharedsl.comptime.values import Failure, code_of, truth
from sharedsl.diagnostics import Label
from sharedsl.model.sizes import Arith
from sharedsl.source import Span
from sharedsl.syntax import ast

_BOOLEAN = frozenset(("and", "or"))
_COMPARISONS = frozenset(("==", "!=", "<", "<=", ">", ">=", "in"))


def require_holds(line: ast.Require, scope: Scope, shop: Shop, block: str, via: Span) -> Arith | None:
    """The condition's code where it holds; else it is reported, with the values that break it."""
    value = value_of(line.condition, scope, shop.report)
    try:
        holds = truth(value)
    except Failure as problem:
        shop.report.error("wrong-kind", str(problem), line.condition.span)
        raise Poisoned from None
    if holds:
        return condition_code(line.condition, scope, shop)
    values = ", ".join(f"{name} = {shown(scope.names[name])}" for name in names_in(line.condition, scope))
    text = shop.text(line.condition.span)
    message = f"`{block}` requires {text}" + (f", and here {values}" if values else "")
    if via.path and via.path != line.span.path:
        shop.report.error("require", message, via, "", Label(line.condition.span, "required here"))
    else:
        also = (Label(via, "used here"),) if via.path else ()
        shop.report.error("require", message, line.condition.span, "", *also)
    raise Poisoned


def condition_code(expr: ast.Expr, scope: Scope, shop: Shop) -> Arith:
    """A condition as code prints it."""
    match expr:
        case ast.Binary() if expr.op in _BOOLEAN or expr.op in _COMPARISONS:
            return Arith(expr.op, (condition_code(expr.left, scope, shop), condition_code(expr.right, scope, shop)))
        case ast.Unary(op="not"):
            return Arith("not", (condition_code(expr.operand, scope, shop),))
        case _:
            return code_of(value_of(expr, scope, shop.report))


def names_in(expr: ast.Expr, scope: Scope) -> list[str]:
    """The names of `scope` that an expression mentions, once each, in order."""
    found = [name for name in _names(expr) if name in scope.names]
    return list(dict.fromkeys(found))


def _names(expr: object) -> Iterator[str]:
    match expr:
        case ast.Name():
            yield expr.name
        case ast.Unary():
            yield from _names(expr.operand)
        case ast.Binary():
            yield from _names(expr.left)
            yield from _names(expr.right)
        case ast.Ternary():
            for part in (expr.then, expr.condition, expr.other):
                yield from _names(part)
        case ast.Call():
            for arg in expr.args:
                yield from _names(arg.value)
        case ast.Index():
            yield from _names(expr.value)
            for sub in expr.subs:
                yield from _names(sub.value)
        case ast.List() | ast.Tuple():
            for item in expr.items:
                yield from _names(item)
        case _:
            return
