"""Each kind of line of a plan, for single elements: first its private parts (`prepare`), then what it equates."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.sharing.element_sites import Sites
from tests.sharing.elements import Array, Contradiction, has, leaves, view


class Lines(Sites):
    """A plan's lines, as plain tuples."""

    def prepare_tie(self, line: Any, at: int) -> None:
        _, left, _, _, part = line
        if part:
            for path in self.names(left):
                self.give(self.sites(path), part, (at, path))

    def give(self, sites: list[tuple[str, int]], part: tuple[str, int], unit: object) -> None:
        if not self.sided(sites[0][0]):
            return
        if any(site in self.units for site in sites):
            raise Contradiction("two-private-parts")
        self.private(sites, part[0], part[1], unit)

    def equate_tie(self, line: Any, at: int) -> None:
        _, left, cut, expr, part = line
        for path in self.names(left):
            tail = path[len(left) :]
            private = bool(part) and self.sided(path)
            one_way = has(expr, "detach") or has(expr, "repeat")

            for app in range(max(self.apps.get(name + tail, 1) for name in leaves(expr))):

                def leaf(name: str, tail: str = tail, private: bool = private, app: int = app) -> Array:
                    if name + tail not in self.shapes:
                        raise Contradiction("missing-in-element")
                    return self.read((name + tail, min(app, self.apps.get(name + tail, 1) - 1)), private)

                ids, scale = view(expr, leaf)
                for site in self.sites(path):
                    self.tied(self.read(site, private), cut, (ids, scale), one_way, has(expr, "detach"))

    def tied(self, mine: Array, cut: Any, view: tuple[Array, Array], one_way: bool, detached: bool) -> None:
        ids, scale = view
        if cut is not None:
            mine = mine[tuple(slice(*cut[1]) if a == cut[0] else slice(None) for a in range(mine.ndim))]
        if not one_way:
            self.equal(mine, ids, scale)
        elif mine.shape != ids.shape:
            raise Contradiction("shape")
        else:
            self.defined.append((mine, ids, scale))
            if not detached:
                self.repeats.append((mine, ids, scale))

    def groups(self, how: Any, count: int) -> list[int]:
        match how:
            case None:
                return [0] * count
            case ("groups_of", n):
                return [i // n for i in range(count)]
            case ("in_groups", n):
                return [i * n // count for i in range(count)]
            case ("cycle", n):
                return [i % n for i in range(count)]
            case ("reversed", n):
                forward = max(n, count - n)
                return [i % n if i < forward else n - 1 - (i - forward) for i in range(count)]
            case ("list", labels):
                return list(labels)
        raise AssertionError(how)

    def members(self, line: Any) -> list[list[list[str]]]:
        """For each group and relative path: the paths of its elements."""
        _, wanted, elements, how, excepted, *_ = line
        labels = self.groups(how, len(elements))
        out = []
        for label in dict.fromkeys(labels):
            group = [element for element, each in zip(elements, labels, strict=True) if each == label]
            tails = [path[len(group[0]) + 1 :] for path in self.names(group[0])]
            tails = [t for t in tails if any(t == p or t.startswith(p + ".") or p == "*" for p in wanted)]
            tails = [t for t in tails if not any(t == q or t.startswith(q + ".") for q in excepted)]
            out += [[f"{element}.{tail}" for element in group] for tail in tails]
        return out

    def prepare_across(self, line: Any, at: int) -> None:
        part = line[5]
        if part:
            for group in self.members(line):
                for path in group:
                    if any(path.endswith("." + on) or f".{on}." in path for on in part[2]):
                        self.give(self.sites(path), part, (at, path))

    def equate_across(self, line: Any, at: int) -> None:
        for group in self.members(line):
            for path in group:
                if path not in self.shapes:
                    raise Contradiction("missing-in-element")
                part = line[5]
                base = bool(part) and any(path.endswith("." + on) or f".{on}." in path for on in part[2])
                base = base and self.sided(path)
                first = self.read((group[0], 0), base)
                for site in self.sites(path):
                    self.equal(self.read(site, base), first, np.ones(first.shape))

    def equate_all(self, line: Any, at: int) -> None:
        first = self.ids[line[1][0], 0]
        for path in line[1]:
            for site in self.sites(path):
                self.equal(self.ids[site], first, np.ones(first.shape))

    def prepare_fold(self, line: Any, at: int) -> None:
        _, layer, _, excepted, part = line
        for path in self.names(layer):
            tail = path[len(layer) + 1 :]
            if any(tail == q or tail.startswith(q + ".") for q in excepted):
                self.apart.add(path)
            elif part:
                for site in self.sites(path):
                    self.give([site], part, (at, site))

    def equate_fold(self, line: Any, at: int) -> None:
        _, layer, _, _, part = line
        for path in self.names(layer):
            if path not in self.apart and part and self.sided(path):
                for site in self.sites(path):
                    first = self.read((path, 0), True)
                    self.equal(self.read(site, True), first, np.ones(first.shape))

    def prepare_along(self, line: Any, at: int) -> None:
        _, path, axis, groups = line
        position = self.axes[path].index(axis)
        times = self.shapes[path][position] if groups is None else groups
        self.along[path] = (position, times)

    def prepare_factorize(self, line: Any, at: int) -> None:
        self.factor[line[1]] = ("low rank", line[2])

    def prepare_basis(self, line: Any, at: int) -> None:
        _, tail, elements, rank = line
        paths = [f"{element}.{tail}" for element in elements]
        for path in paths:
            self.factor[path] = ("low rank", rank)
            self.factor_ties.append((paths[0], path, "v"))

    def prepare_bank(self, line: Any, at: int) -> None:
        _, tail, elements, count = line
        paths = [f"{element}.{tail}" for element in elements]
        for path in paths:
            self.factor[path] = ("bank", count)
            self.factor_ties.append((paths[0], path, "bank"))

    def prepare_factors(self, line: Any, at: int) -> None:
        self.factor_ties.append((line[1], line[2], line[3]))
