"""Exact amounts: polynomials over the model's parameters and run-time sizes, and their value at given sizes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sharedsl.model import poly
from sharedsl.model.poly import Poly
from sharedsl.model.sites import Axis
from sharedsl.model.sizes import Size
from sharedsl.model.tree import Model

ZERO = poly.const(0)
ONE = poly.const(1)


def formula(size: Size) -> Poly:
    return size.formula


def product(factors: Iterable[Poly]) -> Poly:
    result = ONE
    for each in factors:
        result = result * each
    return result


def total(parts: Iterable[Poly]) -> Poly:
    """The sum, in one pass over the terms."""
    sums: dict[poly.Monomial, int] = {}
    for part in parts:
        for monomial, factor in part.terms:
            sums[monomial] = sums.get(monomial, 0) + factor
    return poly.from_terms(sums)


def times(amount: Poly, count: int) -> Poly:
    return amount * poly.const(count) if count != 1 else amount


def numel(axes: tuple[Axis, ...]) -> Poly:
    return product(axis.size.formula for axis in axes)


def environment(model: Model) -> dict[str, int]:
    """What the model's whole-number parameters are in this build."""
    return {
        name: value.value
        for name, value in model.parameters.items()
        if isinstance(value, Size) and value.value is not None
    }


def evaluate(amount: Poly, sizes: Mapping[str, int]) -> int | None:
    """The value, or None where a size is missing."""
    try:
        return amount.evaluate(sizes)
    except KeyError:
        return None
