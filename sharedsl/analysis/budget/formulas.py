"""Each total as a closed formula: a Python expression over the model's parameters and run-time sizes.

Sizes carry their formulas with them. What decides structure (how many layers a stack has) does not: there the build is
compiled again at a few other values, the totals are fitted exactly, and the fit is kept only where further values
confirm it. Where none does, the formula says at which values of which parameters it holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import product
from math import gcd, lcm
from types import CodeType

from sharedsl.analysis.budget.interpolate import Point, at_point, matches, through
from sharedsl.analysis.budget.simplify import divisions, simplify
from sharedsl.analysis.budget.totals import Totals
from sharedsl.comptime import Guard
from sharedsl.model.poly import Fn, Poly
from sharedsl.record import dataclass, field

_MAX_STRUCTURAL = 3


@dataclass(frozen=True, slots=True)
class Variant:
    """The build at some arguments: its totals, and the decisions that were taken on sizes."""

    totals: Totals
    guards: tuple[Guard, ...]


#: compiles the build with some parameters changed; None where that is not legal
Recompile = Callable[[dict[str, int]], Variant | None]


@dataclass(slots=True)
class Formula:
    """`evaluate(dim=1024)` is the total at other sizes; parameters that are not given stay as in the build."""

    name: str
    amount: Poly
    defaults: dict[str, int]
    #: parameters that the formula holds fixed, with their values
    fixed: dict[str, int] = field(default_factory=dict)
    #: conditions on the parameters under which it holds
    where: tuple[str, ...] = ()
    #: parameters that follow others where they are not given: `ff = 4 * dim`
    derived: dict[str, Poly] = field(default_factory=dict)
    _code: CodeType | None = None

    @property
    def expression(self) -> str:
        return str(self.amount)

    @property
    def parameters(self) -> list[str]:
        return sorted(self.amount.names())

    def evaluate(self, **sizes: int) -> int:
        """KeyError names a run-time size that is missing; ValueError a parameter that the formula holds fixed."""
        known = {**self.defaults, **sizes}
        for name, default in self.derived.items():
            if name not in sizes:
                known[name] = default.evaluate(known)
        for name, value in self.fixed.items():
            if known[name] != value:
                raise ValueError(f"this formula holds for {name} = {value} only")
        if self._code is None:
            self._code = compile(self.expression, "<formula>", "eval")
        try:
            return int(eval(self._code, {"__builtins__": {}, "min": min, "max": max}, known))
        except NameError as problem:
            raise KeyError(problem.name) from None


def formulas(base: Variant, recompile: Recompile, derived: dict[str, Poly] | None = None) -> dict[str, Formula]:
    """The formula of every total of a build. `derived` are the parameters that follow others."""
    defaults = base.totals.sizes
    pinned = [name for name in _pinned(base.guards) if name in defaults][:_MAX_STRUCTURAL]
    where = tuple(dict.fromkeys(_text(guard) for guard in base.guards if not _pins(guard)))
    exact = divisions(base.guards)
    fit = _Fit(base, recompile, pinned) if pinned else None
    found: dict[str, Formula] = {}
    for name, amount in base.totals.polys.items():
        fitted = fit.total(name) if fit is not None else (amount, {}, ())
        holds = _relevant(where, fitted) + fitted[2]
        found[name] = Formula(name, simplify(fitted[0], exact), defaults, fitted[1], holds, derived or {})
    return found


def _relevant(where: Iterable[str], fitted: tuple[Poly, dict[str, int], tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(each for each in where if each not in fitted[2])


def _pins(guard: Guard) -> bool:
    """Whether the guard fixes a value (`depth == 12`), rather than a property (`dim % heads == 0`)."""
    if guard.op != "==" or not guard.outcome:
        return False
    sides = [side for side in (guard.left, guard.right) if side.constant is None]
    return len(sides) == 1 and not _is_remainder(sides[0])


def _is_remainder(side: Poly) -> bool:
    atoms = [atom for monomial, _ in side.terms for atom, _power in monomial]
    return len(side.terms) == 1 and len(atoms) == 1 and isinstance(atoms[0], Fn) and atoms[0].op == "mod"


def _pinned(guards: Iterable[Guard]) -> list[str]:
    names: dict[str, None] = {}
    for guard in guards:
        if _pins(guard):
            names.update(dict.fromkeys(sorted(guard.left.names() | guard.right.names())))
    return list(names)


_OPPOSITE = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


def _text(guard: Guard) -> str:
    left = str(guard.left)
    if left.startswith("(") and left.endswith(")") and _is_remainder(guard.left):
        left = left[1:-1]
    return f"{left} {guard.op if guard.outcome else _OPPOSITE[guard.op]} {guard.right}"


def _step(name: str, guards: Iterable[Guard]) -> int:
    """What the guards divide a parameter by: 2 for `depth // 2`."""
    found = 1
    todo = [side for guard in guards for side in (guard.left, guard.right)]
    while todo:
        for monomial, _ in todo.pop().terms:
            for atom, _power in monomial:
                if isinstance(atom, Fn):
                    todo += atom.args
                    by = atom.args[-1].constant
                    if atom.op in ("floordiv", "mod") and by and name in atom.args[0].names():
                        found = lcm(found, by)
    return found if found <= 12 else 1


class _Fit:
    """Fits totals over the structural parameters `names`, compiling each point at most once."""

    def __init__(self, base: Variant, recompile: Recompile, names: list[str]) -> None:
        self.base, self.recompile, self.names = base, recompile, names
        self.here: Point = tuple(base.totals.sizes[name] for name in names)
        self.known: dict[Point, Variant | None] = {self.here: base}
        self.steps = {name: _step(name, base.guards) for name in names}

    def total(self, name: str) -> tuple[Poly, dict[str, int], tuple[str, ...]]:
        """The formula, the parameters that it holds fixed, and where it is valid."""
        for free in self._choices():
            for low, stepped in product((True, False), (False, True)):
                fitted = self._try(name, free, low, stepped)
                if fitted is not None:
                    fixed = {n: v for n, v in zip(self.names, self.here, strict=True) if n not in free}
                    return fitted[0], {n: v for n, v in fixed.items() if self._matters(name, n)}, fitted[1]
        amount = at_point(self.base.totals.polys[name], self.names, self.here)
        return amount, dict(zip(self.names, self.here, strict=True)), ()

    def _choices(self) -> list[tuple[str, ...]]:
        """Which parameters to leave free: all, else each alone."""
        every = tuple(self.names)
        return [every] if len(every) == 1 else [every, *((name,) for name in every)]

    def _matters(self, total: str, name: str) -> bool:
        """Whether a parameter that is held fixed changes the total: not if two other values give the same."""
        at = self.names.index(name)
        others = [p for p in (self._point({name: v}) for v in self._legal(at, True)[:3]) if p != self.here]
        value = self._value(total, self.here)
        return not others or any(self._value(total, point) != value for point in others)

    def _point(self, changed: Mapping[str, int]) -> Point:
        return tuple(changed.get(name, value) for name, value in zip(self.names, self.here, strict=True))

    def _variant(self, point: Point) -> Variant | None:
        if point not in self.known:
            self.known[point] = self.recompile(dict(zip(self.names, point, strict=True)))
        return self.known[point]

    def _value(self, total: str, point: Point) -> Poly | None:
        variant = self._variant(point)
        if variant is None or total not in variant.totals.polys:
            return None
        return at_point(variant.totals.polys[total], self.names, point)

    def _legal(self, at: int, low: bool, stepped: bool = False) -> list[int]:
        """Five values of parameter number `at` that compile, the others as they are: the smallest, or from here on.

        `stepped` ones leave the remainder that the value here leaves: a total may depend on `depth // 2`.
        """
        here, step = self.here[at], self.steps[self.names[at]] if stepped else 1
        first = here % step or step
        candidates = range(first, first + 12 * step, step) if low else range(here, here + 64 * step, step)
        legal: list[int] = []
        for value in candidates:
            if self._variant((*self.here[:at], value, *self.here[at + 1 :])) is not None:
                legal.append(value)
                if len(legal) == 5:
                    break
        return legal

    def _try(self, total: str, free: tuple[str, ...], low: bool, stepped: bool) -> tuple[Poly, tuple[str, ...]] | None:
        if stepped and all(self.steps[name] == 1 for name in free):
            return None
        axes = [self._legal(self.names.index(name), low, stepped) for name in free]
        if any(len(axis) < 4 for axis in axes):
            return None
        grid = [axis[:3] for axis in axes]
        values: dict[Point, Poly] = {}
        for point in product(*grid):
            value = self._value(total, self._point(dict(zip(free, point, strict=True))))
            if value is None:
                return None
            values[point] = value
        formula = through(free, grid, values)
        if not self._confirmed(total, formula, free, axes):
            return None
        return formula, self._where(total, formula, free, axes)

    def _confirmed(self, total: str, formula: Poly, free: tuple[str, ...], axes: list[list[int]]) -> bool:
        """Whether it also holds here and at values that it was not fitted on, along each axis and across them."""
        points = [self.here]
        for name, axis in zip(free, axes, strict=True):
            points += [self._point({name: value}) for value in axis[3:]]
        points.append(self._point({name: axis[-1] for name, axis in zip(free, axes, strict=True)}))
        return all(self._holds(total, formula, point) for point in points)

    def _holds(self, total: str, formula: Poly, point: Point) -> bool:
        value = self._value(total, point)
        return value is not None and matches(formula, self.names, point, value)

    def _where(self, total: str, formula: Poly, free: tuple[str, ...], axes: list[list[int]]) -> tuple[str, ...]:
        """Conditions found by trying: a common divisor of the legal values, and how far down the formula holds."""
        found = []
        for name, axis in zip(free, axes, strict=True):
            step = gcd(*(value - axis[0] for value in axis[1:]))
            if step > 1:
                found.append(f"{name} % {step} == {axis[0] % step}")
            lowest = axis[0]
            while lowest - step >= 1 and self._holds(total, formula, self._point({name: lowest - step})):
                lowest -= step
            if lowest > step:
                found.append(f"{name} >= {lowest}")
        return tuple(found)
