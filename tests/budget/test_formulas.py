"""Fitting totals over parameters that decide structure: exact where they are polynomials, honest where they are not."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from sharedsl.analysis.budget.formulas import Formula, Variant, formulas
from sharedsl.analysis.budget.interpolate import through
from sharedsl.comptime import Guard
from sharedsl.model import poly
from sharedsl.model.poly import Poly

DIM = poly.name("dim")


@dataclass
class Known:
    """Totals as the fit sees them."""

    sizes: dict[str, int]
    polys: dict[str, Poly]


def fitted(total: Callable[..., int], legal: Callable[..., bool] = lambda **s: True, **base: int) -> Formula:
    """The formula of a total that is `total(**structure)` times dim, plus dim squared."""

    def compiled(structure: dict[str, int]) -> Variant | None:
        if not legal(**structure):
            return None
        amount = DIM * poly.const(total(**structure)) + DIM * DIM
        guards = tuple(Guard(poly.name(n), "==", poly.const(v), True) for n, v in structure.items())
        return Variant(Known({"dim": 8, **structure}, {"stored": amount}), guards)  # type: ignore[arg-type]

    variant = compiled(base)
    assert variant is not None
    return formulas(variant, lambda changed: compiled({**base, **changed}))["stored"]


def test_linear_in_depth() -> None:
    formula = fitted(lambda depth: 12 * depth + 3, depth=12)
    assert formula.expression == "12*depth*dim + dim**2 + 3*dim"
    assert formula.fixed == {} and formula.where == ()
    assert formula.evaluate(depth=7, dim=10) == 100 + 870


def test_rational_coefficients_stay_exact() -> None:
    formula = fitted(lambda depth: depth * (depth - 1) // 2, depth=6)
    assert formula.evaluate(depth=9) == 64 + 36 * 8
    assert "// 2" in formula.expression


def test_legal_steps_are_found() -> None:
    formula = fitted(lambda depth: depth // 3, lambda depth: depth % 3 == 0, depth=12)
    assert formula.where == ("depth % 3 == 0",)
    assert formula.evaluate(depth=30) == 64 + 10 * 8


def test_constant_from_some_depth_on() -> None:
    formula = fitted(lambda depth: min(depth, 3), depth=12)
    assert formula.where == ("depth >= 3",)
    assert formula.evaluate(depth=40) == 64 + 24


def test_two_structural_parameters() -> None:
    formula = fitted(lambda depth, width: depth * width + width * width, depth=4, width=3)
    assert formula.evaluate(depth=11, width=13) == 64 + 8 * (143 + 169)


def test_what_is_no_polynomial_is_held_fixed() -> None:
    formula = fitted(lambda depth: 2**depth, depth=5)
    assert formula.fixed == {"depth": 5}
    assert formula.evaluate(dim=2) == 4 + 64
    with pytest.raises(ValueError, match="depth = 5"):
        formula.evaluate(depth=6)


def test_one_of_two_is_held_fixed() -> None:
    formula = fitted(lambda depth, kind: depth * 2**kind, depth=5, kind=3)
    assert formula.fixed == {"kind": 3}
    assert formula.evaluate(depth=9) == 64 + 8 * 72


def test_missing_run_time_size_is_named() -> None:
    with pytest.raises(KeyError, match="T"):
        Formula("flops", DIM * poly.name("T"), {"dim": 8}).evaluate(dim=3)


@pytest.mark.parametrize("seed", range(20))
def test_interpolation_is_exact(seed: int) -> None:
    dice = random.Random(seed)
    names = ["a", "b"][: dice.randint(1, 2)]
    truth = {(i, j): dice.randint(-5, 5) for i in range(3) for j in range(3 if len(names) == 2 else 1)}
    grid = [sorted(dice.sample(range(1, 30), 3)) for _ in names]

    def at(*point: int) -> int:
        a, b = (*point, 0)[:2]
        return sum(c * a**i * (b**j if len(names) == 2 else 1) for (i, j), c in truth.items())

    values = {
        (p,) if len(names) == 1 else (p, q): poly.const(at(*((p,) if len(names) == 1 else (p, q)))) * DIM
        for p in grid[0]
        for q in (grid[1] if len(names) == 2 else [0])
    }
    formula = through(names, grid, values)
    for _ in range(5):
        point = [dice.randint(-40, 40) for _ in names]
        env = {"dim": 3, **dict(zip(names, point, strict=True))}
        assert formula.evaluate(env) == 3 * at(*point)
