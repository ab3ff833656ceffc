"""Which long expressions of a statement are wrapped in parentheses, and which break at their own brackets."""

from __future__ import annotations

from typing import Literal

from sharedsl.pytree.doc import HARD, SOFT, SPACE, Choice, Doc, Group, IfBroken, Indent
from sharedsl.pytree.expression_nodes import (
    Attr,
    Binary,
    BoolOp,
    Call,
    Compare,
    DictComp,
    DictExpr,
    Expr,
    Generator,
    Index,
    Lambda,
    ListComp,
    ListExpr,
    Starred,
    Ternary,
    TupleExpr,
    Unary,
)
from sharedsl.pytree.expressions import expression, is_fluent, operator_class
from sharedsl.pytree.layout import INSIDE, NONE, PRECEDENCE, joined, numbers, primary_wraps, wraps

Need = Literal["never", "best", "many"]


def need(expr: Expr) -> Need:
    """never: it has brackets of its own; best: only if that makes it fit; many: wherever it needs several lines."""
    match expr:
        case Attr() | Call() | Index():
            if is_fluent(expr):
                return "many"
            value = expr.func if isinstance(expr, Call) else expr.value
            return "never" if primary_wraps(value) else need(value)
        case Unary():
            return "never" if _unary_wraps(expr) else need(expr.operand)
        case Binary() | BoolOp() | Compare() | Ternary() | Starred():
            return "many"
        case TupleExpr() | ListExpr() | DictExpr() | ListComp() | DictComp() | Generator():
            return "never"
        case _:
            return "best"


def _unary_wraps(expr: Unary) -> bool:
    power = isinstance(expr.operand, Binary) and expr.operand.op == "**"
    return power or wraps(expr.operand, PRECEDENCE["not" if expr.op == "not" else "unary"] - 1)


def optional(expr: Expr) -> Doc:
    """`expr` as the value of a statement, with parentheses where they help."""
    match need(expr):
        case "never":
            return expression(expr, NONE)
        case "best":
            return Choice(best_layouts(expr))
        case "many":
            return if_expands(expr)


def if_expands(expr: Expr) -> Doc:
    """In parentheses where it takes several lines; where `may_go_without`, its own brackets may break instead."""
    number = next(numbers)
    content = expression(expr, number if may_go_without(expr) else INSIDE)
    return Group((IfBroken("("), Indent((SOFT, content), number), SOFT, IfBroken(")")), number)


def best_layouts(expr: Expr) -> tuple[Doc, ...]:
    """On one line, else broken inside its brackets, else in parentheses; where nothing fits, broken without them."""
    content = expression(expr, NONE)
    return (content, content, ("(", Indent((HARD, content)), HARD, ")"), content)


def bare_tuple(items: tuple[Expr, ...]) -> Doc:
    """`a, b`, in parentheses where it takes several lines."""
    docs = [expression(item, INSIDE) for item in items]
    content = (joined(docs, (",", SPACE)), IfBroken(","))
    return Group((IfBroken("("), Indent((SOFT, content), number := next(numbers)), SOFT, IfBroken(")")), number)


# ---------------------------------------------------------------------------- may optional parentheses be left out?


class _Visit:
    """What is met on the way from an expression to its ends, outside of all brackets."""

    def __init__(self) -> None:
        self.brackets = False
        self.loosest = 0
        self.times = 0
        self.first: tuple[Expr, bool] | None = None
        self.token_first = False
        self.last: tuple[Expr, bool] | None = None

    def operator(self, tightness: int, times: int = 1) -> None:
        looseness = 100 - tightness
        if looseness > self.loosest:
            self.loosest, self.times = looseness, times
        elif looseness == self.loosest:
            self.times += times

    def visit(self, expr: Expr, wrapped: bool) -> None:
        self.last = (expr, wrapped)
        if wrapped:
            self.brackets = True
        else:
            self.inside(expr)
        if self.first is None and not self.token_first:
            self.first = (expr, wrapped)

    def inside(self, expr: Expr) -> None:
        match expr:
            case ListExpr() | DictExpr() | TupleExpr() | ListComp() | DictComp() | Generator():
                self.brackets = True
            case Binary():
                self.operator(operator_class(expr.op))
                own = PRECEDENCE[expr.op]
                power = expr.op == "**"
                self.visit(expr.left, wraps(expr.left, 14 if power else own - 1))
                self.visit(expr.right, wraps(expr.right, 12 if power else own))
            case BoolOp():
                self.operator(operator_class(expr.op), len(expr.values) - 1)
                for value in expr.values:
                    self.visit(value, wraps(value, PRECEDENCE[expr.op]))
            case Compare():
                self.operator(operator_class(expr.op), 1 + len(expr.more))
                for value in (expr.left, expr.right, *(each for _, each in expr.more)):
                    self.visit(value, wraps(value, 6))
            case Ternary():
                self.operator(PRECEDENCE["if"], 2)
                self.visit(expr.test, wraps(expr.test, 2))
                self.visit(expr.then, wraps(expr.then, 2))
                self.visit(expr.other, wraps(expr.other, 1))
            case Call() | Index():
                self.brackets = True
                value = expr.func if isinstance(expr, Call) else expr.value
                self.visit(value, primary_wraps(value))
                self.last = (expr, False)
            case Attr():
                wrapped = primary_wraps(expr.value)
                self.visit(expr.value, wrapped)
                if wrapped or _own_brackets(expr.value):
                    self.operator(30)
                self.last = (expr, False)
            case Unary():
                if expr.op == "~":
                    self.operator(13)
                self._token()
                self.visit(expr.operand, _unary_wraps(expr))
            case Starred():
                self._token()
                self.visit(expr.value, wraps(expr.value, 6))
            case Lambda():
                self._token()
                self.visit(expr.body, False)
            case _:
                pass

    def _token(self) -> None:
        if self.first is None:
            self.token_first = True


def may_go_without(expr: Expr) -> bool:
    """Whether optional parentheses may be left out because brackets at one end of `expr` can break instead."""
    visit = _Visit()
    visit.inside(expr)
    if not visit.brackets or visit.times > 1:
        return False
    if visit.loosest in (0, 70):
        return True
    return _has_brackets(visit.last) or _has_brackets(visit.first)


def _own_brackets(expr: Expr) -> bool:
    return isinstance(expr, Call | Index | ListExpr | DictExpr | TupleExpr | ListComp | DictComp | Generator)


def _has_brackets(end: tuple[Expr, bool] | None) -> bool:
    if end is None:
        return False
    expr, wrapped = end
    if wrapped and not isinstance(expr, Index):
        return True
    match expr:
        case Call():
            return bool(expr.args or expr.kwargs)
        case ListExpr() | DictExpr() | TupleExpr():
            return bool(expr.items)
        case ListComp() | DictComp() | Generator():
            return True
        case _:
            return False
