"""The meaning of convolutions and pooling: every window taken out and contracted with the filters."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor


def _each(value: Any, count: int) -> tuple[int, ...]:
    return tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else (int(value),) * count


def _padded(x: Tensor, padding: Sequence[tuple[int, int]], value: float = 0.0) -> Tensor:
    """More of `value` on both sides of the last axes."""
    for axis, (before, after) in zip(range(2, x.ndim), padding, strict=True):
        sides = []
        for length in (before, after):
            shape = list(x.shape)
            shape[axis] = length
            sides.append(torch.full(shape, value, dtype=x.dtype))
        x = torch.cat([sides[0], x, sides[1]], dim=axis)
    return x


def _windows(x: Tensor, kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]) -> Tensor:
    """[B, C, *space] -> [B, C, *places, *kernel]."""
    spans = [(size - 1) * spread + 1 for size, spread in zip(kernel, dilation, strict=True)]
    places = [(x.shape[2 + at] - spans[at]) // stride[at] + 1 for at in range(len(kernel))]
    if min(places) < 1:
        raise ValueError(f"a window of {tuple(spans)} does not fit into {tuple(x.shape[2:])}")
    taken = []
    for offset in itertools.product(*(range(size) for size in kernel)):
        part = x
        for at, step in enumerate(offset):
            begin = step * dilation[at]
            rows = torch.arange(begin, begin + (places[at] - 1) * stride[at] + 1, stride[at])
            part = part.index_select(2 + at, rows)
        taken.append(part)
    return torch.stack(taken, dim=-1).reshape(*x.shape[:2], *places, *kernel)


def _sides(padding: Any, kernel: Sequence[int], dilation: Sequence[int]) -> list[tuple[int, int]]:
    if padding == "same":
        total = [spread * (size - 1) for size, spread in zip(kernel, dilation, strict=True)]
        return [(each // 2, each - each // 2) for each in total]
    return [(each, each) for each in _each(padding, len(kernel))]


def convolve(
    x: Tensor, weight: Tensor, bias: Tensor | None, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
    groups: int = 1,
) -> Tensor:  # fmt: skip
    """x [B, C, *space], weight [outputs, C / groups, *kernel]."""
    kernel = weight.shape[2:]
    count = len(kernel)
    spread = _each(dilation, count)
    windows = _windows(_padded(x, _sides(padding, kernel, spread)), kernel, _each(stride, count), spread)
    outputs = []
    for group, filters in enumerate(weight.chunk(groups)):
        mine = windows.narrow(1, group * filters.shape[1], filters.shape[1])
        axes = list(range(2 + count, 2 + 2 * count))
        outputs.append(torch.tensordot(mine, filters, dims=([1, *axes], list(range(1, 2 + count)))))
    y = torch.cat(outputs, dim=-1).movedim(-1, 1)
    return y if bias is None else y + bias.reshape(-1, *[1] * count)


def convolve_back(
    x: Tensor, weight: Tensor, bias: Tensor | None, stride: Any = 1, padding: Any = 0, output_padding: Any = 0,
    dilation: Any = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    """Transposed: every input value lays its scaled filter down. weight [C, outputs / groups, *kernel]."""
    kernel, count = weight.shape[2:], weight.ndim - 2
    strides, pads = _each(stride, count), _each(padding, count)
    spread, more = _each(dilation, count), _each(output_padding, count)
    shape = [(x.shape[2 + at] - 1) * strides[at] + spread[at] * (kernel[at] - 1) + 1 + more[at] for at in range(count)]
    outputs = []
    for mine, filters in zip(x.chunk(groups, 1), weight.chunk(groups), strict=True):
        y = torch.zeros(x.shape[0], filters.shape[1], *shape, dtype=x.dtype)
        for offset in itertools.product(*(range(int(size)) for size in kernel)):
            picked = filters.reshape(*filters.shape[:2], -1)[..., _flat(offset, kernel)]
            laid = torch.tensordot(mine, picked, dims=([1], [0])).movedim(-1, 1)
            wide = _spaced(laid, strides, [o * s for o, s in zip(offset, spread, strict=True)], shape)
            y = y + wide
        outputs.append(y)
    y = torch.cat(outputs, dim=1)
    for at in range(count):
        y = y.narrow(2 + at, pads[at], shape[at] - 2 * pads[at])
    return y if bias is None else y + bias.reshape(-1, *[1] * count)


def _flat(offset: Sequence[int], kernel: Sequence[int]) -> int:
    at = 0
    for step, size in zip(offset, kernel, strict=True):
        at = at * size + step
    return at


def _spaced(x: Tensor, strides: Sequence[int], begins: Sequence[int], shape: Sequence[int]) -> Tensor:
    """x spread out over zeros of `shape`: element i goes to begin + i * stride."""
    for at, (stride, begin, length) in enumerate(zip(strides, begins, shape, strict=True)):
        place = torch.zeros(x.shape[2 + at], length, dtype=x.dtype)
        for i in range(x.shape[2 + at]):
            place[i, begin + i * stride] = 1
        x = torch.tensordot(x, place, dims=([2 + at], [0])).movedim(-1, 2 + at)
    return x


def pool(x: Tensor, kernel: Any, stride: Any = None, padding: Any = 0, *, count: int, largest: bool) -> Tensor:
    """The largest or the mean of every window; zeros of the padding count in the mean."""
    sizes = _each(kernel, count)
    strides = sizes if stride is None else _each(stride, count)
    edges = [(each, each) for each in _each(padding, count)]
    windows = _windows(_padded(x, edges, -math.inf if largest else 0.0), sizes, strides, (1,) * count)
    flat = windows.reshape(*windows.shape[: 2 + count], -1)
    return flat.amax(-1) if largest else flat.mean(-1)


def pool_to(x: Tensor, size: Any, *, count: int) -> Tensor:
    """Place i of n is the mean over floor(i L / n) up to ceil((i + 1) L / n)."""
    for axis, places in enumerate(_each(size, count), 2):
        length = x.shape[axis]
        parts = []
        for at in range(places):
            start, stop = at * length // places, -(-(at + 1) * length // places)
            parts.append(x.narrow(axis, start, stop - start).mean(axis))
        x = torch.stack(parts, dim=axis)
    return x


def _conv(layer: Any, x: Tensor) -> Tensor:
    settings = {name: layer[name] for name in ("stride", "padding", "dilation", "groups")}
    return convolve(x, layer.weights["weight"], layer.weight("bias"), **settings)


def _conv_back(layer: Any, x: Tensor) -> Tensor:
    names = ("stride", "padding", "output_padding", "dilation", "groups")
    settings = {name: layer[name] for name in names if name in layer.arguments}
    return convolve_back(x, layer.weights["weight"], layer.weight("bias"), **settings)


def _pool(largest: bool) -> Callable[..., Tensor]:
    def run(layer: Any, x: Tensor) -> Tensor:
        settings = {name: layer.arguments.get(name) for name in ("kernel", "stride")}
        return pool(x, padding=layer.arguments.get("padding") or 0, count=2, largest=largest, **settings)

    return run


CONVOLUTIONS: dict[str, Callable[..., Any]] = {
    "Conv1d": _conv, "Conv2d": _conv, "Conv3d": _conv,
    "ConvTranspose2d": _conv_back,
    "MaxPool2d": _pool(largest=True),
    "AvgPool2d": _pool(largest=False),
    "AdaptiveAvgPool2d": lambda layer, x: pool_to(x, layer["size"], count=2),
}  # fmt: skip
