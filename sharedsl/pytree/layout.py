"""Precedence, and the pieces that layouts are made of: brackets, lists, places where a line may break.

`level` says how an expression stands: NONE at the top of a statement without room to break, INSIDE brackets where every
operator may break, or the number of the group whose optional parentheses decide.
"""

from __future__ import annotations

from itertools import count

from sharedsl.pytree.doc import SOFT, SPACE, Doc, Group, IfBroken, Indent, Line, MayExpand
from sharedsl.pytree.expression_nodes import Binary, BoolOp, Compare, Const, Expr, Lambda, Raw, Starred, Ternary, Unary
from sharedsl.pytree.literals import constant

NONE, INSIDE = -1, 0
numbers = count(1)

#: how tightly operators bind; atoms are 20
PRECEDENCE = {
    "lambda": 1, "if": 2, "or": 3, "and": 4, "not": 5, "compare": 6, "|": 7, "^": 8, "&": 9, "<<": 10, ">>": 10,
    "+": 11, "-": 11, "*": 12, "/": 12, "//": 12, "%": 12, "@": 12, "unary": 13, "**": 14, "atom": 20,
}  # fmt: skip


def precedence(expr: Expr) -> int:
    match expr:
        case Binary():
            return PRECEDENCE[expr.op]
        case BoolOp():
            return PRECEDENCE[expr.op]
        case Unary():
            return PRECEDENCE["not" if expr.op == "not" else "unary"]
        case Const(value=bool()):
            return 20
        case Const(value=int() | float() as number) if constant(number).startswith("-"):
            return PRECEDENCE["unary"]
        case Compare():
            return PRECEDENCE["compare"]
        case Ternary():
            return PRECEDENCE["if"]
        case Lambda() | Starred():
            return PRECEDENCE["lambda"]
        case Raw():
            return expr.precedence
        case _:
            return 20


def wraps(operand: Expr, above: int) -> bool:
    """Whether `operand` needs parentheses where only what binds tighter than `above` goes without."""
    return precedence(operand) <= above


def primary_wraps(value: Expr) -> bool:
    """Whether the value of an attribute, call or index needs parentheses."""
    return precedence(value) < 20 or (isinstance(value, Const) and type(value.value) in (int, float))


# ---------------------------------------------------------------------------- pieces


def block(content: Doc) -> Doc:
    """Indented on lines of its own where the group breaks."""
    return (Indent((SOFT, content)), SOFT)


def bracketed(left: str, content: Doc, right: str, level: int) -> Doc:
    """Content that may break inside real brackets."""
    inner = Group((left, block(content), right))
    return MayExpand(inner, level) if level > 0 else inner


def grouped(content: Doc, level: int) -> Doc:
    """A group that only exists where line breaks are allowed at all."""
    if level == NONE:
        return content
    return Group(content) if level == INSIDE else Group(content, active=level)


#: a space after `**` where a line broke before it
BROKEN_SPACE = IfBroken(" ")


def may_break(line: Line | IfBroken, level: int) -> Doc:
    """A line break that is only possible inside brackets or shown optional parentheses."""
    if level == INSIDE:
        return line
    if level > 0 and line is BROKEN_SPACE:
        return IfBroken(" ", number=level)
    flat = " " if line is SPACE else ""
    return flat if level == NONE else IfBroken(line, flat, number=level)


def joined(items: list[Doc], separator: Doc) -> Doc:
    parts: list[Doc] = []
    for at, item in enumerate(items):
        if at:
            parts.append(separator)
        parts.append(item)
    return tuple(parts)


def listed(items: list[Doc]) -> Doc:
    """`a, b, c`, with the trailing comma of a broken list."""
    return (joined(items, (",", SPACE)), IfBroken(","))
