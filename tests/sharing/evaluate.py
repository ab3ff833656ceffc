"""Weight expressions evaluated with numpy, for tests."""

from __future__ import annotations

from typing import Any

import numpy as np

from sharedsl.model import weights as w
from sharedsl.model.gathers import at, positions


def value(expr: w.Expr, storages: list[Any]) -> Any:
    """The array that an expression stands for; its shape is checked."""
    out = _value(expr, storages)
    assert out.shape == expr.shape, f"{type(expr).__name__} says {expr.shape} and is {out.shape}"
    return out


def _value(expr: w.Expr, storages: list[Any]) -> Any:
    match expr:
        case w.Read():
            return storages[expr.storage]
        case w.Permute():
            return np.transpose(value(expr.of, storages), expr.order)
        case w.Reshape():
            return value(expr.of, storages).reshape(expr.shape)
        case w.Slice():
            cut = slice(expr.start, expr.stop, expr.step)
            of = value(expr.of, storages)
            return of[tuple(cut if at == expr.axis else slice(None) for at in range(of.ndim))]
        case w.Concat():
            return np.concatenate([value(part, storages) for part in expr.parts], axis=expr.axis)
        case w.Flip():
            return np.flip(value(expr.of, storages), axis=expr.axis)
        case w.Repeat():
            return np.repeat(value(expr.of, storages), expr.times, axis=expr.axis)
        case w.Scale():
            return expr.factor * value(expr.of, storages)
        case w.Detach():
            return value(expr.of, storages)
        case w.MatMul():
            return np.tensordot(value(expr.left, storages), value(expr.right, storages), axes=1)
        case w.Add():
            return sum(value(part, storages) for part in expr.parts)
        case w.Multiply():
            return value(expr.left, storages) * value(expr.right, storages)
        case w.Mixture():
            return np.tensordot(value(expr.coefficients, storages), value(expr.bank, storages), axes=1)
        case w.Diagonal():
            return np.diag(value(expr.of, storages))
        case w.Normalize():
            of = value(expr.of, storages)
            return of / np.sqrt((of**2).sum(axis=expr.axes, keepdims=True))
        case w.Contract():
            parts = [value(part, storages) for part in expr.parts]
            return np.einsum(f"{','.join(expr.terms)}->{expr.result}", *parts)
        case w.Gather():
            of = value(expr.of, storages)
            places = list(positions(expr.names, expr.shape))
            found = np.array([of[tuple(at(code, place) for code in expr.index)] for place in places])
            signs = 1 if expr.sign is None else np.array([at(expr.sign, place) for place in places])
            return (found * signs).reshape(expr.shape)
    raise AssertionError(expr)


def storages(solved: Any, seed: int = 0) -> list[Any]:
    """Random values for every storage."""
    rng = np.random.default_rng(seed)
    return [rng.uniform(0.5, 1.5, size=storage.shape) for storage in solved.storages]


def values(solved: Any, seed: int = 0) -> list[Any]:
    """The value of every site."""
    given = storages(solved, seed)
    return [value(expr, given) for expr in solved.reads]
