"""How many numbers are stored, counted element by element."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.sharing.element_sites import Sites
from tests.sharing.elements import Array, Contradiction, Elements


class Counts(Sites):
    """What remains after all equations: roots, private parts, factors."""

    def count(self) -> int:
        skip = {self.e.find(int(x))[0] for site in self.units for x in self.ids[site].ravel()}
        skip |= {self.e.find(int(x))[0] for left, _, _ in self.defined for x in left.ravel()}
        live = [self.ids[s] for s in self.ids if s not in self.units] + list(self.base.values())
        roots = {self.e.find(int(x))[0] for ids in live for x in ids.ravel()} - skip
        parts = dict(self.parts)
        small: dict[int, int] = {}
        for path, (axis, times) in self.along.items():
            for site in self.sites(path):
                ids = np.vectorize(lambda x: self.e.find(int(x))[0])(self.read(site, True))
                self._merge(ids, axis, times, small)
                unit = self.units.get(site)
                if unit is not None:
                    parts[unit] = self._small_part(path, unit, axis, times)
        return self._factored(roots, small) + sum(parts.values())

    def _merge(self, ids: Array, axis: int, times: int, small: dict[int, int]) -> None:
        moved = np.moveaxis(ids, axis, 0)
        for start in range(0, moved.shape[0], times):
            for other in range(start, start + times):
                for x, y in zip(moved[other].ravel(), moved[start].ravel(), strict=True):
                    small[int(x)] = int(y)

    def _small_part(self, path: str, unit: Any, axis: int, times: int) -> int:
        shape = list(self.shapes[path])
        full = self.parts[unit]
        outs = self.outs(path)
        rows, columns = int(np.prod(shape[:outs])), int(np.prod(shape[outs:]))
        if full == rows:
            return rows // times if axis < outs else rows
        rank = full // (rows + columns)
        shape[axis] //= times
        rows, columns = int(np.prod(shape[:outs])), int(np.prod(shape[outs:]))
        return min(rank, rows, columns) * (rows + columns)

    def _factored(self, roots: set[int], small: dict[int, int]) -> int:
        """Storages with factors are counted by their factors."""
        left = {small.get(root, root) for root in roots}
        factors = Elements()
        made: dict[tuple[int, ...], dict[str, Array]] = {}
        seen: dict[str, dict[str, Array]] = {}
        for path, (form, number) in self.factor.items():
            ids = np.vectorize(lambda x: self.e.find(int(x))[0])(self.read((path, 0), True))
            ids = np.vectorize(lambda x: small.get(int(x), int(x)))(ids)
            key = tuple(sorted(set(map(int, ids.ravel()))))
            if key not in made:
                outs = self.outs(path)
                flat = ids.reshape(int(np.prod(ids.shape[:outs])), -1)
                rows, columns = len(np.unique(flat, axis=0)), len(np.unique(flat, axis=1).T)
                if form == "bank":
                    made[key] = {"bank": factors.new((number, len(key))), "mix": factors.new((number,))}
                else:
                    if number > min(rows, columns):
                        raise Contradiction("rank-too-big")
                    made[key] = {"u": factors.new((rows, number)), "v": factors.new((number, columns))}
            seen[path] = made[key]
            left -= set(key)
        for one, other, name in self.factor_ties:
            a, b = seen[one][name], seen[other][name]
            if a.shape != b.shape:
                raise Contradiction("shape")
            for x, y in zip(a.ravel(), b.ravel(), strict=True):
                factors.join(int(x), int(y), 1.0)
        kept = {factors.find(int(x))[0] for each in made.values() for ids in each.values() for x in ids.ravel()}
        return len(left) + len(kept)
