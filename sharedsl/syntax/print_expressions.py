"""Expressions, types and selectors as text, with the fewest parentheses that keep the tree."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sharedsl.syntax import ast

# how tightly each production binds; an operand that binds less tightly than its place asks for gets parentheses
PIPE, TERNARY, OR, AND, NOT, COMPARISON, SUM, PRODUCT, NEGATION, POWER, POSTFIX = range(1, 12)

#: operator -> its own level, and what it asks of its left and right operand
_BINARY = {
    "or": (OR, OR, AND),
    "and": (AND, AND, NOT),
    **dict.fromkeys(("==", "!=", "<=", ">=", "<", ">", "in"), (COMPARISON, SUM, SUM)),
    **dict.fromkeys(("+", "-"), (SUM, SUM, PRODUCT)),
    **dict.fromkeys(("*", "/", "//", "%", "@"), (PRODUCT, PRODUCT, NEGATION)),
    "**": (POWER, POSTFIX, NEGATION),
}


def print_expr(expr: ast.Expr, level: int = PIPE) -> str:
    """`expr` as it stands where something of at least `level` is asked for."""
    own, text = _EXPRESSIONS[type(expr)](expr)
    return f"({text})" if own < level else text


def print_args(args: tuple[ast.Arg, ...]) -> str:
    return f"({', '.join(print_arg(arg) for arg in args)})"


def print_arg(arg: ast.Arg) -> str:
    value = print_expr(arg.value)
    return value if arg.name is None else f"{arg.name} = {value}"


def print_subs(subs: tuple[ast.Sub, ...]) -> str:
    return f"[{', '.join(print_sub(sub) for sub in subs)}]"


def print_sub(sub: ast.Sub) -> str:
    if sub.value is None:
        return "*"
    value = _slice(sub.value) if isinstance(sub.value, ast.Slice) else print_expr(sub.value)
    return value if sub.axis is None else f"{sub.axis} = {value}"


def print_type(type: ast.Type) -> str:
    return type.base if type.dims is None else f"{type.base}[{print_dims(type.dims)}]"


def print_dims(dims: tuple[ast.Dim, ...]) -> str:
    return ", ".join(_dim(dim) for dim in dims)


def print_selector(selector: ast.Selector) -> str:
    return ".".join(_segment(segment) for segment in selector.segments)


def print_selectors(selectors: tuple[ast.Selector, ...]) -> str:
    return ", ".join(print_selector(selector) for selector in selectors)


def _slice(part: ast.Slice) -> str:
    start, stop, step = ("" if bound is None else print_expr(bound) for bound in (part.start, part.stop, part.step))
    return f"{start}:{stop}:{step}" if part.step is not None else f"{start}:{stop}"


def _dim(dim: ast.Dim) -> str:
    value = "..." if dim.value is None else print_expr(dim.value)
    return value if dim.label is None else f"{dim.label} = {value}"


def _segment(segment: ast.Segment) -> str:
    name = segment.name
    if segment.alternatives:
        name = f"{{{print_selectors(segment.alternatives)}}}"
    subs = print_subs(segment.subs) if segment.subs else ""
    at = "" if segment.at is None else f"@{segment.at}"
    return name + (at + subs if segment.at_first else subs + at)


def _binary(expr: ast.Binary) -> tuple[int, str]:
    own, left, right = _BINARY[expr.op]
    return own, f"{print_expr(expr.left, left)} {expr.op} {print_expr(expr.right, right)}"


def _unary(expr: ast.Unary) -> tuple[int, str]:
    if expr.op == "not":
        return NOT, f"not {print_expr(expr.operand, NOT)}"
    return NEGATION, f"{expr.op}{print_expr(expr.operand, NEGATION)}"


def _ternary(expr: ast.Ternary) -> tuple[int, str]:
    then, condition = print_expr(expr.then, OR), print_expr(expr.condition, OR)
    return TERNARY, f"{then} if {condition} else {print_expr(expr.other, TERNARY)}"


def _pipe(expr: ast.Pipe) -> tuple[int, str]:
    return PIPE, f"{print_expr(expr.value, PIPE)} |> {print_expr(expr.into, TERNARY)}"


def _tuple(expr: ast.Tuple) -> tuple[int, str]:
    items = ", ".join(print_expr(item) for item in expr.items)
    return POSTFIX, f"({items},)" if len(expr.items) == 1 else f"({items})"


def _list(expr: ast.List) -> tuple[int, str]:
    labels = expr.labels or (None,) * len(expr.items)
    items = (print_arg(ast.Arg(item, label)) for item, label in zip(expr.items, labels, strict=True))
    return POSTFIX, f"[{', '.join(items)}]"


def _comprehension(expr: ast.Comprehension) -> tuple[int, str]:
    text = f"{print_expr(expr.value)} for {', '.join(expr.names)} in {print_expr(expr.source, OR)}"
    if expr.condition is not None:
        text += f" if {print_expr(expr.condition, OR)}"
    return POSTFIX, f"[{text}]"


def _at(expr: ast.At) -> tuple[int, str]:
    return POSTFIX, f"{print_expr(expr.value, POSTFIX)}@{'*' if expr.number is None else expr.number}"


_EXPRESSIONS: dict[type, Callable[[Any], tuple[int, str]]] = {
    ast.Name: lambda expr: (POSTFIX, expr.name),
    ast.Number: lambda expr: (POSTFIX, expr.text),
    ast.String: lambda expr: (POSTFIX, f'"{expr.value}"'),
    ast.Unary: _unary,
    ast.Binary: _binary,
    ast.Ternary: _ternary,
    ast.Pipe: _pipe,
    ast.Attribute: lambda expr: (POSTFIX, f"{print_expr(expr.value, POSTFIX)}.{expr.name}"),
    ast.Call: lambda expr: (POSTFIX, print_expr(expr.function, POSTFIX) + print_args(expr.args)),
    ast.Index: lambda expr: (POSTFIX, print_expr(expr.value, POSTFIX) + print_subs(expr.subs)),
    ast.At: _at,
    ast.Tuple: _tuple,
    ast.List: _list,
    ast.Comprehension: _comprehension,
    ast.BadExpr: lambda expr: (POSTFIX, "?"),
}
