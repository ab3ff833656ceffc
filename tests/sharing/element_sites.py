"""What the reference solver knows of a model: its sites, their elements, which have private parts, what was said."""

from __future__ import annotations

import numpy as np

from tests.sharing.elements import Array, Contradiction, Elements


class Sites:
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

    def read(self, site: tuple[str, int], base: bool) -> Array:
        return self.base[site] if base and site in self.base else self.ids[site]

    def equal(self, left: Array, right: Array, scale: Array) -> None:
        """left = scale * right, element by element."""
        if left.shape != right.shape:
            raise Contradiction("shape")
        for x, y, c in zip(left.ravel(), right.ravel(), scale.ravel(), strict=True):
            if not self.e.join(int(x), int(y), float(c)):
                raise Contradiction("cycle-scale")
        self.equations.append((left, right, scale))
