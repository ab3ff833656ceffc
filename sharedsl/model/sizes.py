"""Compile-time numbers with three faces: what they are, how they came about, how code would write them.

- `value`    the number at this build's parameters (None while it depends on run-time sizes such as B or T);
- `formula`  an exact polynomial over the *model's* parameters and run-time sizes: what budgets are made of;
- `code`     an expression in the parameters of the block at hand: what emitted code prints.

Equality of shapes is decided by `ground`: the formula with the parameters filled in.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from sharedsl.model import poly
from sharedsl.model.poly import Poly
from sharedsl.record import dataclass


@dataclass(frozen=True, slots=True)
class Arith:
    """An expression to print: ("name", "dim"), ("num", 4), ("none",), ("+", a, b), ("sqrt", a), ("list", a, ..)."""

    op: str
    args: tuple[Arith | str | int | float | bool, ...] = ()

    def names(self) -> frozenset[str]:
        if self.op == "name":
            return frozenset((str(self.args[0]),))
        found: frozenset[str] = frozenset()
        for arg in self.args:
            if isinstance(arg, Arith):
                found |= arg.names()
        return found

    def substitute(self, env: dict[str, Arith]) -> Arith:
        """Names in `env` replaced by expressions."""
        if self.op == "name":
            return env.get(str(self.args[0]), self)
        return Arith(self.op, tuple(a.substitute(env) if isinstance(a, Arith) else a for a in self.args))


def named(text: str) -> Arith:
    return Arith("name", (text,))


def literal(value: int | float | bool | str | None) -> Arith:
    if value is None:
        return Arith("none")
    if isinstance(value, str):
        return Arith("str", (value,))
    if isinstance(value, int | float) and not isinstance(value, bool) and value < 0:
        return Arith("neg", (Arith("num", (-value,)),))
    return Arith("num", (value,))


@dataclass(frozen=True, slots=True)
class Size:
    """A whole number. `ground` is an int, or a polynomial over run-time sizes only."""

    ground: int | Poly
    formula: Poly
    code: Arith

    @property
    def value(self) -> int | None:
        return self.ground if isinstance(self.ground, int) else None

    def same(self, other: Size) -> bool:
        """Equal at this build's parameters, for all run-time sizes."""
        return self.ground == other.ground

    def __str__(self) -> str:
        return str(self.ground)


@dataclass(frozen=True, slots=True)
class Real:
    """A number that is not a size: a rate, a scale, an epsilon."""

    value: float
    code: Arith


def size(value: int) -> Size:
    """A literal."""
    return Size(value, poly.const(value), literal(value))


def parameter(text: str, value: int) -> Size:
    """A parameter of the model, with the value that this build gives it."""
    return Size(value, poly.name(text), named(text))


def runtime(text: str) -> Size:
    """A size that is known when the module runs, such as B or T."""
    return Size(poly.name(text), poly.name(text), named(text))


def _ground(op: str, a: int | Poly, b: int | Poly) -> int | Poly:
    if isinstance(a, int) and isinstance(b, int):
        return _INT[op](a, b)
    left = poly.const(a) if isinstance(a, int) else a
    right = poly.const(b) if isinstance(b, int) else b
    result = _POLY[op](left, right)
    constant = result.constant
    return result if constant is None else constant


def _power(base: Poly, exponent: Poly) -> Poly:
    value = exponent.constant
    return base**value if value is not None and 0 <= value <= 64 else poly.function("pow", base, exponent)


_INT: dict[str, Callable[[int, int], int]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
    "**": lambda a, b: a**b,
    "min": min,
    "max": max,
}
_POLY: dict[str, Callable[[Poly, Poly], Poly]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
    "**": _power,
    "min": lambda a, b: poly.function("min", a, b),
    "max": lambda a, b: poly.function("max", a, b),
}


def combine(op: str, a: Size, b: Size) -> Size:
    """`a op b` for + - * // % ** min max. ZeroDivisionError as in Python; a negative power is not a size."""
    return Size(_ground(op, a.ground, b.ground), _POLY[op](a.formula, b.formula), _code(op, a.code, b.code))


_ZERO, _ONE = Arith("num", (0,)), Arith("num", (1,))


def _code(op: str, a: Arith, b: Arith) -> Arith:
    """`a op b` as one would write it: `0 + T` is `T`, `1 * n` is `n`."""
    if (op == "+" and a == _ZERO) or (op == "*" and a == _ONE):
        return b
    if (op in ("+", "-") and b == _ZERO) or (op in ("*", "//") and b == _ONE):
        return a
    return Arith(op, (a, b))


def product(sizes: tuple[Size, ...] | list[Size]) -> Size:
    result = size(1)
    for each in sizes:
        result = each if result.ground == 1 else combine("*", result, each)
    return result


def as_float(number: Size | Real) -> float | None:
    return number.value


def real(op: str, *args: Size | Real) -> Real:
    """A float from numbers: + - * / ** neg sqrt exp log floor-free functions. ValueError, OverflowError as in math."""
    values = [float(arg.value) for arg in args if arg.value is not None]
    if len(values) != len(args):
        raise ValueError("a run-time size in a compile-time number")
    return Real(_REAL[op](*values), Arith(op, tuple(arg.code for arg in args)))


_REAL: dict[str, Callable[..., float]] = {
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


@dataclass(frozen=True, slots=True)
class Named:
    """A layer or a function handed on by name: `act: function = gelu`, `norm: layer = RMSNorm`.

    `home` is the path of the file in whose scope the name is looked up; empty for what is built in.
    """

    kind: str
    name: str
    home: str = ""


#: what a parameter may stand for; bool, None, str and tuples (lists) stand for themselves
Value = Size | Real | bool | None | str | tuple["Value", ...] | Named
