"""What every operation of the language means, as a torch function: `OPERATIONS[name](*operands, **settings)`.

Written for plainness, apart from the code that is emitted for the same operations. Operands are tensors, plain
numbers, None where left out, or lists of tensors; settings are plain Python values. Dropout is off.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from sharedsl.runtime.attending import attend, rotary, sinusoid
from sharedsl.runtime.convolution import pool
from sharedsl.runtime.elementwise import ELEMENTWISE
from sharedsl.runtime.shaping import SHAPING, in_range


def _einsum(*operands: Any, **settings: Any) -> Tensor:
    """Axes by name: `einsum(w, x, "g h d, b d -> g b h")`."""
    text = settings.get("pattern") or next(each for each in operands if isinstance(each, str))
    tensors = [each for each in operands if isinstance(each, Tensor)]
    left, right = text.split("->")
    letters: dict[str, str] = {}

    def short(side: str) -> str:
        return "".join(letters.setdefault(word, chr(ord("a") + len(letters))) for word in side.split())

    return torch.einsum(",".join(map(short, left.split(","))) + "->" + short(right), *tensors)


def _index(x: Any, *where: Any, **settings: Any) -> Any:
    """`x[i]` with a whole number or an index tensor along the first axis."""
    (at,) = where
    if isinstance(at, Tensor):
        return x.index_select(0, in_range(at, x.shape[0]).reshape(-1)).reshape(*at.shape, *x.shape[1:])
    return x[at]


def _normalize(x: Tensor, axis: int = -1, eps: float = 1e-12) -> Tensor:
    return x / torch.clamp(torch.sqrt((x**2).sum(axis, keepdim=True)), min=eps)


def _global_average(x: Tensor) -> Tensor:
    return x.reshape(*x.shape[:2], -1).mean(-1)


OPERATIONS: dict[str, Callable[..., Any]] = {
    **ELEMENTWISE,
    **SHAPING,
    "matmul": torch.matmul,
    "einsum": _einsum,
    "index": _index,
    "normalize": _normalize,
    "attend": attend,
    "rotary": rotary,
    "sinusoid": sinusoid,
    "dropout": lambda x, p=0.0: x,
    "stop_gradient": lambda x: x.detach(),
    "once": lambda x: x,
    "max_pool1d": lambda x, **how: pool(x, count=1, largest=True, **how),
    "max_pool2d": lambda x, **how: pool(x, count=2, largest=True, **how),
    "avg_pool1d": lambda x, **how: pool(x, count=1, largest=False, **how),
    "avg_pool2d": lambda x, **how: pool(x, count=2, largest=False, **how),
    "global_avg_pool": _global_average,
}
