"""The reference solver: element by element, on tiny shapes. It shares no code with the real one.

A plan is a list of plain tuples (see `plans.py`); weights are arrays of element numbers; equations join elements in a
union-find with scales. What it says is the meaning of the language on these shapes: which plans contradict themselves,
how many numbers are stored, and which equations the weights of the model must satisfy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = Any


class Contradiction(Exception):
    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Elements:
    """A union-find of elements: `value(x) = scale(x) * value(root(x))`."""

    def __init__(self) -> None:
        self.parent: list[int] = []
        self.scale: list[float] = []

    def new(self, shape: tuple[int, ...]) -> Array:
        start = len(self.parent)
        count = int(np.prod(shape))
        self.parent.extend(range(start, start + count))
        self.scale.extend([1.0] * count)
        return np.arange(start, start + count).reshape(shape)

    def find(self, x: int) -> tuple[int, float]:
        factor = 1.0
        while self.parent[x] != x:
            factor *= self.scale[x]
            x = self.parent[x]
        return x, factor

    def join(self, x: int, y: int, factor: float) -> bool:
        """value(x) = factor * value(y); False where that says an element is a multiple of itself."""
        (a, p), (b, q) = self.find(x), self.find(y)
        if a == b:
            return bool(np.isclose(p, factor * q, rtol=1e-9))
        self.parent[a], self.scale[a] = b, factor * q / p
        return True


class Reference:
    """`weights` are the sites by path with all applications: path -> [(application, shape), ...]."""

    def __init__(self, shapes: dict[str, tuple[int, ...]], apps: dict[str, int], axes: dict[str, list[str]]) -> None:
        self.shapes, self.apps, self.axes = shapes, apps, axes
        self.e = Elements()
        self.ids: dict[tuple[str, int], Array] = {}
        for path, shape in shapes.items():
            for app in range(apps.get(path, 1)):
                self.ids[path, app] = self.e.new(shape)
        self.base: dict[tuple[str, int], Array] = {}
        self.units: dict[tuple[str, int], object] = {}
        self.parts: dict[object, int] = {}
        self.apart: set[str] = set()
        self.equations: list[tuple[Array, Array, Array]] = []
        self.defined: list[tuple[Array, Array, Array]] = []
        self.repeats: list[tuple[Array, Array, Array]] = []
        self.along: dict[str, tuple[int, int]] = {}
        self.factor: dict[str, tuple[str, int]] = {}
        self.factor_ties: list[tuple[str, str, str]] = []

    # ------------------------------------------------------------------ sites

    def names(self, prefix: str) -> list[str]:
        return [path for path in self.shapes if path == prefix or path.startswith(prefix + ".")]

    def sites(self, path: str) -> list[tuple[str, int]]:
        return [(path, app) for app in range(self.apps.get(path, 1))]

    def private(self, sites: list[tuple[str, int]], kind: str, rank: int, unit: object) -> None:
        shape = self.shapes[sites[0][0]]
        base = self.e.new(shape)
        outs = self.outs(sites[0][0])
        rows, columns = int(np.prod(shape[:outs])), int(np.prod(shape[outs:]))
        rank = min(rank, rows, columns)
        for site in sites:
            self.base[site], self.units[site] = base, unit
        self.parts[unit] = {"lora": rank * (rows + columns), "scale": rows}[kind]

    def sided(self, path: str) -> bool:
        """Whether a weight has outputs and inputs."""
        return len(self.shapes[path]) > 1 and not path.endswith("bias")

    def outs(self, path: str) -> int:
        return len(self.shapes[path]) - 1

    # ------------------------------------------------------------------ reading

    def read(self, site: tuple[str, int], base: bool) -> Array:
        return self.base[site] if base and site in self.base else self.ids[site]

    def view(self, expr: Any, leaf: Callable[[str], Array]) -> tuple[Array, Array]:
        """Element numbers and scales of a view."""
        kind = expr[0]
        if kind == "w":
            ids = leaf(expr[1])
            return ids, np.ones(ids.shape)
        if kind == "concat":
            parts = [self.view(each, leaf) for each in expr[1]]
            return tuple(np.concatenate([part[i] for part in parts], axis=expr[2]) for i in (0, 1))  # type: ignore[return-value]
        ids, scale = self.view(expr[1], leaf)
        both: list[Array] = [ids, scale]
        match kind:
            case "T":
                both = [x.T for x in both]
            case "scale":
                both = [ids, scale * expr[2]]
            case "slice":
                index = tuple(slice(*expr[3]) if at == expr[2] else slice(None) for at in range(ids.ndim))
                both = [x[index] for x in both]
            case "flip":
                both = [np.flip(x, axis=expr[2]) for x in both]
            case "roll":
                both = [np.roll(x, expr[2], axis=expr[3]) for x in both]
            case "rot90":
                both = [np.rot90(x, expr[2], axes=(x.ndim - 2, x.ndim - 1)) for x in both]
            case "permute":
                both = [np.transpose(x, expr[2]) for x in both]
            case "reshape":
                both = [x.reshape(expr[2]) for x in both]
            case "repeat":
                both = [np.repeat(x, expr[2], axis=expr[3]) for x in both]
            case "detach":
                pass
        return both[0], both[1]

    def equal(self, left: Array, right: Array, scale: Array) -> None:
        """left = scale * right, element by element."""
        if left.shape != right.shape:
            raise Contradiction("shape")
        for x, y, c in zip(left.ravel(), right.ravel(), scale.ravel(), strict=True):
            if not self.e.join(int(x), int(y), float(c)):
                raise Contradiction("cycle-scale")
        self.equations.append((left, right, scale))

    # ------------------------------------------------------------------ strata

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

    # each kind of line: first its private parts, then its equations

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
            one_way = _has(expr, "detach") or _has(expr, "repeat")

            for app in range(max(self.apps.get(name + tail, 1) for name in _leaves(expr))):

                def leaf(name: str, tail: str = tail, private: bool = private, app: int = app) -> Array:
                    if name + tail not in self.shapes:
                        raise Contradiction("missing-in-element")
                    return self.read((name + tail, min(app, self.apps.get(name + tail, 1) - 1)), private)

                ids, scale = self.view(expr, leaf)
                for site in self.sites(path):
                    self.tied(self.read(site, private), cut, (ids, scale), one_way, _has(expr, "detach"))

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

    # ------------------------------------------------------------------ contradictions

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

    # ------------------------------------------------------------------ the equations, with values put in

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

    # ------------------------------------------------------------------ what is stored

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


def _has(expr: Any, kind: str) -> bool:
    if expr[0] == kind:
        return True
    if expr[0] == "concat":
        return any(_has(each, kind) for each in expr[1])
    return expr[0] != "w" and _has(expr[1], kind)


def _leaves(expr: Any) -> list[str]:
    if expr[0] == "w":
        return [expr[1]]
    if expr[0] == "concat":
        return [name for each in expr[1] for name in _leaves(each)]
    return _leaves(expr[1])
