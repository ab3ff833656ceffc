"""Single numbers of weights, joined by equations, and the views that pick them. No code of the real solver."""

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


def view(expr: Any, leaf: Callable[[str], Array]) -> tuple[Array, Array]:
    """Element numbers and scales of a view."""
    kind = expr[0]
    if kind == "w":
        ids = leaf(expr[1])
        return ids, np.ones(ids.shape)
    if kind == "concat":
        parts = [view(each, leaf) for each in expr[1]]
        return tuple(np.concatenate([part[i] for part in parts], axis=expr[2]) for i in (0, 1))  # type: ignore[return-value]
    ids, scale = view(expr[1], leaf)
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


def has(expr: Any, kind: str) -> bool:
    if expr[0] == kind:
        return True
    if expr[0] == "concat":
        return any(has(each, kind) for each in expr[1])
    return expr[0] != "w" and has(expr[1], kind)


def leaves(expr: Any) -> list[str]:
    if expr[0] == "w":
        return [expr[1]]
    if expr[0] == "concat":
        return [name for each in expr[1] for name in leaves(each)]
    return leaves(expr[1])
