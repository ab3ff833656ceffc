"""Sizes in the words of the code at hand: `heads` in a constructor, `self.heads` after it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from sharedsl.model import dataflow as d
from sharedsl.model.sizes import Arith, Named, Real, Size, literal, named

Env = Mapping[str, Arith]


def in_terms(value: Any, env: Env) -> Any:
    """A size, number, setting, value or type with the names of its code replaced."""
    match value:
        case Size():
            return Size(value.ground, value.formula, tidy(value.code.substitute(dict(env))))
        case Real():
            return Real(value.value, tidy(value.code.substitute(dict(env))))
        case tuple():
            return tuple(in_terms(item, env) for item in value)
        case d.Tensor():
            return d.Tensor(value.dtype, in_terms(value.dims, env), value.optional)
        case d.Many():
            return d.Many(in_terms(value.items, env))
        case _:
            return value


def stored(env: Env, parameters: Mapping[str, object]) -> dict[str, Arith]:
    """The environment after the constructor: parameters are attributes."""
    inside = {name: named(f"self.{name}") for name in parameters}
    inlined = {name: code for name, code in env.items() if code.op == "name" or constant(code)}
    return {name: inlined[name].substitute(inside) if name in inlined else inside[name] for name in parameters}


def tidy(code: Arith) -> Arith:
    """Products of numbers are multiplied out, `1 * x` is x, `4 * (2 * x)` is `8 * x`: what arguments leave behind."""
    args = tuple(tidy(arg) if isinstance(arg, Arith) else arg for arg in code.args)
    if code.op == "index":
        items, at = args[0], _number(args[1])
        if isinstance(items, Arith) and items.op == "list" and isinstance(at, int):
            item = items.args[at]
            return item if isinstance(item, Arith) else Arith("index", args)
    if len(args) == 2 and code.op in ("+", "-", "*", "//", "%"):
        left, right = _number(args[0]), _number(args[1])
        if isinstance(left, int) and isinstance(right, int) and (code.op not in ("//", "%") or right):
            return literal(_compute(code.op, left, right))
        if args[0] == args[1] and code.op in ("%", "//", "+"):
            assert isinstance(args[0], Arith)
            return Arith("*", (literal(2), args[0])) if code.op == "+" else literal(0 if code.op == "%" else 1)
        if code.op in ("*", "//") and right == 1 and isinstance(args[0], Arith):
            return args[0]
        if code.op == "*" and left == 1 and isinstance(args[1], Arith):
            return args[1]
        inner = args[1]
        if code.op == "*" and isinstance(left, int) and isinstance(inner, Arith) and inner.op == "*":
            if isinstance(factor := _number(inner.args[0]), int):
                return Arith("*", (literal(left * factor), inner.args[1]))
        if code.op in ("+", "-") and right == 0 and isinstance(args[0], Arith):
            return args[0]
        if code.op == "+" and left == 0 and isinstance(args[1], Arith):
            return args[1]
    return Arith(code.op, args)


def _compute(op: str, left: int, right: int) -> int:
    if op in ("//", "%"):
        return left // right if op == "//" else left % right
    return left + right if op == "+" else left - right if op == "-" else left * right


def _number(code: object) -> object:
    if isinstance(code, Arith) and code.op == "num" and not isinstance(code.args[0], bool):
        return code.args[0]
    return None


def evaluate(code: Arith, values: Mapping[str, float]) -> float | None:
    """The number that `code` stands for where its names have these values; None where it cannot be said."""
    if code.op == "name":
        return values.get(str(code.args[0]))
    if code.op == "num":
        return float(code.args[0]) if isinstance(code.args[0], int | float) else None
    parts = [evaluate(arg, values) if isinstance(arg, Arith) else None for arg in code.args]
    if not parts or any(part is None for part in parts) or code.op not in _FLOATS:
        return None
    try:
        return float(_FLOATS[code.op](*parts))
    except (ArithmeticError, ValueError):
        return None


_FLOATS: dict[str, Callable[..., float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
    "**": lambda a, b: a**b,
    "neg": lambda a: -a,
    "sqrt": math.sqrt,
    "exp": math.exp,
    "log": math.log,
    "min": min,
    "max": max,
}


def constant(code: Arith) -> bool:
    return not code.names()


def literal_of(value: Any) -> Arith:
    """The plain value, as code without names."""
    if isinstance(value, tuple):
        return Arith("list", tuple(literal_of(item) for item in value))
    if isinstance(value, Named):
        return literal(value.name)
    return literal(value.value if isinstance(value, Size | Real) else value)
