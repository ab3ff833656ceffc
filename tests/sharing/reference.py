"""The reference solver: element by element, on tiny shapes. It shares no code with the real one.

A plan is a list of plain tuples (see `plans.py`); weights are arrays of element numbers; equations join elements in a
union-find with scales. What it says is the meaning of the language on these shapes: which plans contradict themselves,
how many numbers are stored, and which equations the weights of the model must satisfy.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.sharing.element_counts import Counts
from tests.sharing.element_lines import Lines
from tests.sharing.elements import Array, Contradiction


class Reference(Lines, Counts):
    """Solves a plan, says what contradicts itself, and whether given values keep every equation."""

    def solve(self, plan: list[Any]) -> int:
        """The number of stored elements; Contradiction where there is no model."""
        plan = list({repr(line): line for line in plan}.values())
        for at, line in enumerate(plan):
            getattr(self, f"prepare_{line[0]}", lambda *_: None)(line, at)
        for path in self.shapes:
            sites = self.sites(path)
            for site in sites[1:]:
                same = self.units.get(site) == self.units.get(sites[0])
                if path in self.apart:
                    continue
                self.equal(self.read(site, not same), self.read(sites[0], not same), np.ones(self.shapes[path]))
        for at, line in enumerate(plan):
            getattr(self, f"equate_{line[0]}", lambda *_: None)(line, at)
        while self.unify():
            pass
        self.check_elements()
        self.check_private()
        self.check_definitions()
        return self.count()

    def unify(self) -> bool:
        """Two repeats of one weight: what they repeat is one. True where that was news."""
        known: dict[int, tuple[int, float]] = {}
        news = False
        for left, right, scale in self.repeats:
            for x, y, c in zip(left.ravel(), right.ravel(), scale.ravel(), strict=True):
                root, factor = self.e.find(int(x))
                target, times = int(y), float(c) / factor
                if root in known and self.e.find(known[root][0])[0] != self.e.find(target)[0]:
                    self.e.join(known[root][0], target, times / known[root][1])
                    news = True
                known.setdefault(root, (target, times))
        return news

    def check_elements(self) -> None:
        """Only `along` may equate elements of one weight."""
        for ids in (*self.ids.values(), *{id(b): b for b in self.base.values()}.values()):
            roots = [self.e.find(int(x))[0] for x in ids.ravel()]
            if len(set(roots)) != len(roots):
                raise Contradiction("self-view")

    def check_private(self) -> None:
        """A weight with private parts equals no other weight as a whole, in any element."""
        where: dict[int, set[tuple[str, int]]] = {}
        for site, ids in self.ids.items():
            for x in ids.ravel():
                where.setdefault(self.e.find(int(x))[0], set()).add(site)
        bases: set[int] = {self.e.find(int(x))[0] for base in self.base.values() for x in base.ravel()}
        for root, sites in where.items():
            private = [site for site in sites if site in self.units]
            if private and (root in bases or len({self.units.get(site) for site in sites}) > 1):
                raise Contradiction("private-but-equal")

    def check_definitions(self) -> None:
        arrows: dict[int, set[int]] = {}
        for left, right, _ in self.defined:
            for x, y in zip(left.ravel(), right.ravel(), strict=True):
                root = self.e.find(int(x))[0]
                arrows.setdefault(root, set()).add(self.e.find(int(y))[0])
                if any(root in {self.e.find(int(z))[0] for z in self.ids[site].ravel()} for site in self.units):
                    raise Contradiction("private-but-equal")
        if any(len(targets) > 1 for targets in arrows.values()):
            raise Contradiction("two-definitions")
        for site in self.units:
            for x, y in zip(self.ids[site].ravel(), self.base[site].ravel(), strict=True):
                arrows[self.e.find(int(x))[0]] = {self.e.find(int(y))[0]}
        for start in arrows:
            at, steps = start, 0
            while at in arrows and steps <= len(arrows):
                at, steps = next(iter(arrows[at])), steps + 1
            if steps > len(arrows):
                raise Contradiction("cycle-definition")

    def holds(self, values: dict[tuple[str, int], Array]) -> None:
        """Every equation, on the values of all sites with their private parts at rest (so that a base is its site)."""
        numbers = np.full(len(self.e.parent), np.nan)
        for site, ids in self.ids.items():
            numbers[ids] = values[site]
            if site in self.base:
                numbers[self.base[site]] = values[site]
        for left, right, scale in [*self.equations, *self.defined]:
            np.testing.assert_allclose(numbers[left], scale * numbers[right], rtol=1e-9)
        for path, (axis, times) in self.along.items():
            for site in self.sites(path):
                moved = np.moveaxis(values[site], axis, 0)
                for at in range(moved.shape[0]):
                    np.testing.assert_allclose(moved[at], moved[at // times * times], rtol=1e-9)
        for path, (form, rank) in self.factor.items():
            if form == "low rank":
                flat = values[path, 0].reshape(int(np.prod(self.shapes[path][: self.outs(path)])), -1)
                assert np.linalg.matrix_rank(flat, tol=1e-8) <= rank
