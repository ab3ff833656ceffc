"""The meaning of operations that move numbers about: joins, cuts, look-ups, casts."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from sharedsl.runtime.elementwise import tensor


class OutOfRange(Exception):
    """An index into `rows` rows is `index`. verify learns from it what whole numbers an input may hold."""

    def __init__(self, index: int, rows: int) -> None:
        super().__init__(f"index {index} is outside of 0..{rows - 1}")
        self.index, self.rows = index, rows


def in_range(index: Tensor, rows: int) -> Tensor:
    """The index itself; OutOfRange if some entry points beyond `rows`."""
    if index.numel():
        high, low = int(index.max()), int(index.min())
        if high >= rows or low < 0:
            raise OutOfRange(high if high >= rows else low, rows)
    return index


# ---------------------------------------------------------------------------- joins and cuts


def listed(parts: tuple[Any, ...]) -> list[Any]:
    """Operands given one by one or as one list."""
    if len(parts) == 1 and isinstance(parts[0], list | tuple):
        return list(parts[0])
    return [part for part in parts if part is not None]


def _concat(*parts: Any, axis: int = 0) -> Tensor:
    return torch.cat([tensor(part) for part in listed(parts)], dim=axis)


def _stack(*parts: Any, axis: int = 0) -> Tensor:
    return torch.stack([tensor(part) for part in listed(parts)], dim=axis)


def _split(x: Tensor, sizes: Any, axis: int = -1) -> list[Tensor]:
    """Into parts of the given sizes, or into that many equal ones where one number is given."""
    lengths = [x.shape[axis] // sizes] * sizes if isinstance(sizes, int) else list(sizes)
    parts, start = [], 0
    for length in lengths:
        parts.append(x.narrow(axis, start, length))
        start += length
    return parts


def _flatten(x: Tensor, start: int = 0, end: int = -1) -> Tensor:
    start, end = start % x.ndim, end % x.ndim
    return x.reshape(*x.shape[:start], math.prod(x.shape[start : end + 1]), *x.shape[end + 1 :])


def _pad(x: Tensor, before: int = 0, after: int = 0, axis: int = -1, value: float = 0) -> Tensor:
    def edge(length: int) -> Tensor:
        shape = list(x.shape)
        shape[axis] = length
        return torch.full(shape, value, dtype=x.dtype)

    return torch.cat([edge(before), x, edge(after)], dim=axis)


def _unbind(x: Tensor, axis: int = 0) -> list[Tensor]:
    return [x.select(axis, at) for at in range(x.shape[axis])]


def _gather(x: Tensor, index: Tensor, axis: int = 1) -> Tensor:
    """result[b, k, ..] = x[b, index[b, k], ..]: rows along `axis`, the axes before it in step with the index's own."""
    in_range(index, x.shape[axis])
    extra = x.ndim - index.ndim
    wide = index.reshape(*index.shape, *[1] * extra).expand(*index.shape, *x.shape[index.ndim :])
    return torch.gather(x, axis, wide)


def _scatter_add(x: Tensor, index: Tensor, values: Tensor, axis: int = 1) -> Tensor:
    in_range(index, x.shape[axis])
    extra = x.ndim - index.ndim
    wide = index.reshape(*index.shape, *[1] * extra).expand(*index.shape, *x.shape[index.ndim :])
    return x.scatter_add(axis, wide, values)


def _top(x: Tensor, count: int, axis: int = -1) -> Tensor:
    """The places of the `count` largest along the axis, the largest first."""
    return torch.sort(x, dim=axis, descending=True, stable=True).indices.narrow(axis, 0, count)


def _index(x: Any, at: Any = None, subs: Any = ("at",)) -> Any:
    """One item of `subs` for each axis from the first: a number, (start, stop, step), or "at" for the index tensor."""
    axis = 0
    for sub in subs:
        if isinstance(sub, tuple):
            places = list(range(*slice(*sub).indices(x.shape[axis])))
            x = x.index_select(axis, torch.tensor(places, dtype=torch.long))
            axis += 1
        elif sub == "at":
            index = tensor(at)
            rows = x.index_select(axis, in_range(index, x.shape[axis]).reshape(-1))
            x = rows.reshape(*x.shape[:axis], *index.shape, *x.shape[axis + 1 :])
            axis += index.ndim
        else:
            x = x.select(axis, sub)
    return x


def _one_hot(x: Tensor, classes: int) -> Tensor:
    in_range(x, classes)
    return torch.eye(classes)[x]


def _cast(x: Any, dtype: str) -> Tensor:
    kinds = {"float": torch.float32, "int": torch.long}
    return tensor(x).to(kinds.get(dtype) or getattr(torch, dtype))


def _triangle(keep: Callable[[int, int, int], bool]) -> Callable[..., Tensor]:
    def run(x: Tensor, diagonal: int = 0) -> Tensor:
        rows, columns = x.shape[-2:]
        kept = torch.tensor([[keep(i, j, diagonal) for j in range(columns)] for i in range(rows)])
        return torch.where(kept, x, torch.zeros_like(x))

    return run


SHAPING: dict[str, Callable[..., Any]] = {
    "concat": _concat,
    "stack": _stack,
    "split": _split,
    "unbind": _unbind,
    "gather": _gather,
    "scatter_add": _scatter_add,
    "top": _top,
    "sort": lambda x, axis=-1: torch.sort(x, dim=axis).values,
    "flip": lambda x, axis=-1: torch.flip(x, (axis,)),
    "roll": lambda x, by=1, axis=-1: torch.roll(x, by, axis),
    "index": _index,
    "one_hot": _one_hot,
    "rot90": lambda x, times=1, axes=(-2, -1): torch.rot90(x, times, list(axes)),
    "flatten": _flatten,
    "expand": lambda x, dims: x.expand(*listed(dims)),
    "pad": _pad,
    "cast": _cast,
    "cast_like": lambda x, like: tensor(x).to(like.dtype),
    "tril": _triangle(lambda i, j, k: j <= i + k),
    "triu": _triangle(lambda i, j, k: j >= i + k),
}
