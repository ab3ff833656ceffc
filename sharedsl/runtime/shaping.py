"""The meaning of operations that move numbers about: patterns, joins, cuts, look-ups, and tensors made from nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
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


# ---------------------------------------------------------------------------- einops-style patterns

Groups = list[list[str]]


def _groups(side: str) -> Groups:
    """`b t (h d)` as [[b], [t], [h, d]]."""
    groups: Groups = []
    inside = False
    for word in side.replace("(", " ( ").replace(")", " ) ").split():
        if word in "()":
            inside = word == "("
            if inside:
                groups.append([])
        elif inside:
            groups[-1].append(word)
        else:
            groups.append([word])
    return groups


def _spread(groups: Groups, axes: int) -> Groups:
    """`...` as as many axes as it takes; `1` as no name at all, each on its own."""
    spread: Groups = []
    hidden = axes - (len(groups) - 1)
    for group in groups:
        if group == ["..."]:
            spread += [[f"...{at}"] for at in range(hidden)]
        else:
            spread.append([name for name in group if name != "1"])
    return spread


def _named_sizes(groups: Groups, shape: tuple[int, ...], given: Mapping[str, int]) -> dict[str, int]:
    sizes = dict(given)
    for group, length in zip(groups, shape, strict=True):
        unknown = [name for name in group if name not in sizes and not name.isdigit()]
        known = math.prod(int(name) if name.isdigit() else sizes[name] for name in group if name not in unknown)
        if len(unknown) == 1:
            sizes[unknown[0]] = length // known
    return sizes


def pattern(x: Tensor, text: str, sizes: Mapping[str, int]) -> Tensor:
    """`left -> right`: axes split, moved, new ones repeated, and joined. `sizes` gives those that x does not tell."""
    left_text, right_text = text.split("->")
    hidden = x.ndim - sum(group != ["..."] for group in _groups(left_text))
    left = _spread(_groups(left_text), x.ndim)
    written = _groups(right_text)
    right = _spread(written, sum(group != ["..."] for group in written) + hidden)
    known = _named_sizes(left, tuple(x.shape), sizes)

    def length(name: str) -> int:
        return int(name) if name.isdigit() else known[name]

    flat_left = [name for group in left for name in group]
    flat_right = [name for group in right for name in group]
    x = x.reshape([length(name) for name in flat_left])
    fresh = [name for name in flat_right if name not in flat_left]
    for name in fresh:
        x = x.unsqueeze(-1).expand(*x.shape, length(name))
    have = flat_left + fresh
    x = x.permute([have.index(name) for name in flat_right])
    return x.reshape([math.prod(length(name) for name in group) for group in right])


def _pattern(x: Tensor, text: Any, **sizes: int) -> Tensor:
    return pattern(x, text, sizes)


# ---------------------------------------------------------------------------- joins and cuts


def _listed(parts: tuple[Any, ...]) -> list[Any]:
    """Operands given one by one or as one list."""
    if len(parts) == 1 and isinstance(parts[0], list | tuple):
        return list(parts[0])
    return [part for part in parts if part is not None]


def _concat(*parts: Any, axis: int = 0) -> Tensor:
    return torch.cat([tensor(part) for part in _listed(parts)], dim=axis)


def _stack(*parts: Any, axis: int = 0) -> Tensor:
    return torch.stack([tensor(part) for part in _listed(parts)], dim=axis)


def _split(x: Tensor, sizes: Any, axis: int = -1) -> list[Tensor]:
    """Into parts of the given sizes, or into that many equal ones where one number is given."""
    lengths = [x.shape[axis] // sizes] * sizes if isinstance(sizes, int) else list(sizes)
    parts, start = [], 0
    for length in lengths:
        parts.append(x.narrow(axis, start, length))
        start += length
    return parts


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


# ---------------------------------------------------------------------------- made from nothing


def _arange(*bounds: int) -> Tensor:
    return torch.tensor(list(range(*(int(bound) for bound in bounds if bound is not None))), dtype=torch.long)


def _filled(value: float) -> Callable[..., Tensor]:
    return lambda *dims, **settings: torch.full([int(dim) for dim in _listed(dims)], value)


def _one_hot(x: Tensor, classes: int) -> Tensor:
    in_range(x, classes)
    return torch.eye(classes)[x]


def _cast(x: Any, dtype: str) -> Tensor:
    kinds = {"float": torch.get_default_dtype(), "int": torch.long}
    return tensor(x).to(kinds.get(dtype) or getattr(torch, dtype))


def _triangle(keep: Callable[[int, int, int], bool]) -> Callable[..., Tensor]:
    def run(x: Tensor, diagonal: int = 0) -> Tensor:
        rows, columns = x.shape[-2:]
        kept = torch.tensor([[keep(i, j, diagonal) for j in range(columns)] for i in range(rows)])
        return torch.where(kept, x, torch.zeros_like(x))

    return run


SHAPING: dict[str, Callable[..., Any]] = {
    "reshape": _pattern,
    "permute": _pattern,
    "repeat": _pattern,
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
    "arange": _arange,
    "zeros": _filled(0.0),
    "ones": _filled(1.0),
    "one_hot": _one_hot,
    "cast": _cast,
    "tril": _triangle(lambda i, j, k: j <= i + k),
    "triu": _triangle(lambda i, j, k: j >= i + k),
}
