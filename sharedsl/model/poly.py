"""Exact integer polynomials over names: the formulas behind every size and every budget.

A polynomial is a sum of monomials with integer coefficients. What is not a polynomial (floor division, remainder,
min, max) enters as an atom, a function of polynomials, and stays exact. Equal values are equal objects: terms are kept
sorted, so `==`, `hash` and `str` do not depend on how a value was reached.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

from sharedsl.record import dataclass


@dataclass(frozen=True, slots=True)
class Fn:
    """`op(args)`: floordiv, mod, min, max, pow (symbolic exponent)."""

    op: str
    args: tuple[Poly, ...]

    def __str__(self) -> str:
        return _show_fn(self)


Atom = str | Fn
Monomial = tuple[tuple[Atom, int], ...]


def _key(item: tuple[Atom, int]) -> tuple[str, int]:
    return (str(item[0]), item[1])


@dataclass(frozen=True, slots=True)
class Poly:
    """`terms` maps monomials (sorted products of atoms) to non-zero integers, as a sorted tuple."""

    terms: tuple[tuple[Monomial, int], ...]

    @property
    def constant(self) -> int | None:
        """The value, where there are no names left."""
        if not self.terms:
            return 0
        if len(self.terms) == 1 and not self.terms[0][0]:
            return self.terms[0][1]
        return None

    def names(self) -> frozenset[str]:
        found: set[str] = set()
        for monomial, _ in self.terms:
            for atom, _power in monomial:
                if isinstance(atom, str):
                    found.add(atom)
                else:
                    for arg in atom.args:
                        found |= arg.names()
        return frozenset(found)

    def __add__(self, other: Poly) -> Poly:
        if not other.terms:
            return self
        if not self.terms:
            return other
        sums = dict(self.terms)
        for monomial, factor in other.terms:
            sums[monomial] = sums.get(monomial, 0) + factor
        return _from_dict(sums)

    def __neg__(self) -> Poly:
        return Poly(tuple((monomial, -factor) for monomial, factor in self.terms))

    def __sub__(self, other: Poly) -> Poly:
        return self + -other

    def __mul__(self, other: Poly) -> Poly:
        products: dict[Monomial, int] = {}
        for left, a in self.terms:
            for right, b in other.terms:
                monomial = _times(left, right)
                products[monomial] = products.get(monomial, 0) + a * b
        return _from_dict(products)

    def __pow__(self, power: int) -> Poly:
        result = const(1)
        for _ in range(power):
            result = result * self
        return result

    def __floordiv__(self, other: Poly) -> Poly:
        exact = divide_exactly(self, other)
        return exact if exact is not None else _atom("floordiv", self, other)

    def __mod__(self, other: Poly) -> Poly:
        if divide_exactly(self, other) is not None:
            return const(0)
        return _atom("mod", self, other)

    def evaluate(self, env: Mapping[str, int]) -> int:
        """The value with every name given by `env`. KeyError names a missing one; ZeroDivisionError as in Python."""
        total = 0
        for monomial, factor in self.terms:
            for atom, power in monomial:
                factor *= (env[atom] if isinstance(atom, str) else _call(atom, env)) ** power
            total += factor
        return total

    def substitute(self, env: Mapping[str, Poly]) -> Poly:
        """Names in `env` replaced; the others stay."""
        if not self.names() & env.keys():
            return self
        total = const(0)
        for monomial, factor in self.terms:
            product = const(factor)
            for atom, power in monomial:
                if isinstance(atom, str):
                    value = env.get(atom) or (env[atom] if atom in env else name(atom))
                else:
                    value = function(atom.op, *(arg.substitute(env) for arg in atom.args))
                product = product * value**power
            total = total + product
        return total

    def __str__(self) -> str:
        return _show(self)

    def __bool__(self) -> bool:
        return bool(self.terms)


def _from_dict(terms: dict[Monomial, int]) -> Poly:
    kept = [(monomial, factor) for monomial, factor in terms.items() if factor]
    if len(kept) > 1:
        kept.sort(key=lambda term: (-sum(power for _, power in term[0]), [_key(item) for item in term[0]]))
    return Poly(tuple(kept))


def from_terms(terms: dict[Monomial, int]) -> Poly:
    """The polynomial of these terms, zeros left out."""
    return _from_dict(terms)


def _times(left: Monomial, right: Monomial) -> Monomial:
    if not left:
        return right
    if not right:
        return left
    powers = dict(left)
    for atom, power in right:
        powers[atom] = powers.get(atom, 0) + power
    return tuple(sorted(powers.items(), key=_key))


@lru_cache(maxsize=1024)
def const(value: int) -> Poly:
    return Poly((((), value),)) if value else Poly(())


@lru_cache(maxsize=1024)
def name(text: str) -> Poly:
    return Poly(((((text, 1),), 1),))


def _atom(op: str, *args: Poly) -> Poly:
    values = [arg.constant for arg in args]
    if all(value is not None for value in values) and not (op in ("floordiv", "mod") and values[1] == 0):
        return const(_FUNCTIONS[op](*values))
    return Poly(((((Fn(op, args), 1),), 1),))


def function(op: str, *args: Poly) -> Poly:
    """`op` of polynomials, simplified where that is exact."""
    if op == "floordiv":
        return args[0] // args[1]
    if op == "mod":
        return args[0] % args[1]
    if op in ("min", "max"):
        different = tuple(sorted(set(args), key=str))
        return different[0] if len(different) == 1 else _atom(op, *different)
    return _atom(op, *args)


def divide_exactly(top: Poly, bottom: Poly) -> Poly | None:
    """top / bottom where the quotient is a polynomial with integer coefficients, by one-term divisors; else None."""
    if top == bottom and top.terms:
        return const(1)
    if len(bottom.terms) != 1:
        return None
    divisor, by = bottom.terms[0]
    powers = dict(divisor)
    quotient: dict[Monomial, int] = {}
    for monomial, factor in top.terms:
        if factor % by:
            return None
        left = dict(monomial)
        for atom, power in powers.items():
            if left.get(atom, 0) < power:
                return None
            left[atom] -= power
        quotient[tuple(sorted(((a, p) for a, p in left.items() if p), key=_key))] = factor // by
    return _from_dict(quotient)


_FUNCTIONS: dict[str, Callable[..., int]] = {
    "floordiv": lambda a, b: a // b,
    "mod": lambda a, b: a % b,
    "min": min,
    "max": max,
    "pow": lambda a, b: a**b,
}


def _call(atom: Fn, env: Mapping[str, int]) -> int:
    return _FUNCTIONS[atom.op](*(arg.evaluate(env) for arg in atom.args))


def _show_fn(atom: Fn) -> str:
    args = [str(arg) for arg in atom.args]
    if atom.op in ("min", "max"):
        return f"{atom.op}({', '.join(args)})"
    sign = {"floordiv": "//", "mod": "%", "pow": "**"}[atom.op]
    sides = [text if text.isidentifier() or text.isdigit() else f"({text})" for text in args]
    return f"({sides[0]} {sign} {sides[1]})"


def _show_monomial(monomial: Monomial, factor: int) -> str:
    parts = [str(atom) if power == 1 else f"{atom}**{power}" for atom, power in monomial]
    if factor != 1 or not parts:
        parts.insert(0, str(factor))
    return "*".join(parts)


def _show(poly: Poly) -> str:
    """A Python expression: `4*dim**2 + 9*dim`."""
    if not poly.terms:
        return "0"
    text = ""
    for monomial, factor in poly.terms:
        shown = _show_monomial(monomial, abs(factor))
        if not text:
            text = f"-{shown}" if factor < 0 else shown
        else:
            text += (" - " if factor < 0 else " + ") + shown
    return text
