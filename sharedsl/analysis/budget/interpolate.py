"""Exact polynomials through exact values: how a total depends on a parameter that decides structure, such as depth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import lcm

from sharedsl.model import poly
from sharedsl.model.poly import Monomial, Poly

#: a point of the grid: the structural parameters' values, in order
Point = tuple[int, ...]


def through(names: Sequence[str], grid: Sequence[Sequence[int]], values: Mapping[Point, Poly]) -> Poly:
    """The polynomial in `names` that takes `values` on the grid; the values may be polynomials in other names.

    Along each name its degree is below the number of grid values there. Rational coefficients become one exact floor
    division at the end: `(depth**2 - depth) // 2`.
    """
    monomials = {monomial for value in values.values() for monomial, _ in value.terms}
    parts: dict[Monomial, dict[tuple[int, ...], Fraction]] = {}
    for monomial in monomials:
        known = {point: Fraction(_coefficient(value, monomial)) for point, value in values.items()}
        parts[monomial] = _coefficients(grid, known)
    shared = lcm(*(c.denominator for each in parts.values() for c in each.values()), 1)
    result = poly.const(0)
    for monomial, coefficients in parts.items():
        factor = Poly(((monomial, 1),))
        for powers, coefficient in coefficients.items():
            if coefficient:
                term = poly.const(int(coefficient * shared))
                for name, power in zip(names, powers, strict=True):
                    term = term * poly.name(name) ** power
                result = result + factor * term
    return result // poly.const(shared) if shared != 1 else result


def _coefficient(value: Poly, monomial: Monomial) -> int:
    return next((factor for each, factor in value.terms if each == monomial), 0)


def _coefficients(grid: Sequence[Sequence[int]], values: Mapping[Point, Fraction]) -> dict[tuple[int, ...], Fraction]:
    """Powers -> coefficient, by interpolating along the first name and then, coefficient by coefficient, the rest."""
    if not grid:
        return {(): values[()]}
    at_each = [_coefficients(grid[1:], {p[1:]: v for p, v in values.items() if p[0] == x}) for x in grid[0]]
    found: dict[tuple[int, ...], Fraction] = {}
    for rest in at_each[0]:
        line = _line(grid[0], [each[rest] for each in at_each])
        for power, coefficient in enumerate(line):
            found[power, *rest] = coefficient
    return found


def _line(xs: Sequence[int], ys: Sequence[Fraction]) -> list[Fraction]:
    """Coefficients, lowest first, of the polynomial through (x, y): Newton's divided differences, multiplied out."""
    differences = list(ys)
    for step in range(1, len(xs)):
        for at in range(len(xs) - 1, step - 1, -1):
            differences[at] = (differences[at] - differences[at - 1]) / (xs[at] - xs[at - step])
    line = [Fraction(0)] * len(xs)
    for at in range(len(xs) - 1, -1, -1):
        line = [Fraction(0), *line[:-1]] if at < len(xs) - 1 else line
        shifted = [Fraction(0)] * len(xs)
        if at < len(xs) - 1:
            for power in range(len(xs) - 1):
                shifted[power] = line[power + 1] * -xs[at]
        line = [a + b for a, b in zip(line, shifted, strict=True)]
        line[0] += differences[at]
    return line


def matches(formula: Poly, names: Sequence[str], point: Point, value: Poly) -> bool:
    """Whether the formula with `names` at `point` is `value`, as a polynomial in all other names."""
    fixed = {name: poly.const(at) for name, at in zip(names, point, strict=True)}
    return formula.substitute(fixed) == value


def at_point(value: Poly, names: Sequence[str], point: Point) -> Poly:
    return value.substitute({name: poly.const(at) for name, at in zip(names, point, strict=True)})
