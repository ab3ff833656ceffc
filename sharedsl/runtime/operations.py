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
from sharedsl.runtime.convolution import convolve, pool, pool_to
from sharedsl.runtime.creating import CREATING
from sharedsl.runtime.elementwise import ELEMENTWISE
from sharedsl.runtime.patterns import by_pattern
from sharedsl.runtime.shaping import SHAPING


def _einsum(*operands: Any, pattern: str) -> Tensor:
    """Axes by name: `einsum(w, x, "g h d, b d -> g b h")`."""
    given = list(operands[0]) if isinstance(operands[0], list | tuple) else list(operands)
    left, right = pattern.split("->")
    letters: dict[str, str] = {}

    def short(side: str) -> str:
        return "".join(letters.setdefault(word, chr(ord("a") + len(letters))) for word in side.split())

    return torch.einsum(",".join(map(short, left.split(","))) + "->" + short(right), *given)


def _global_average(x: Tensor) -> Tensor:
    return x.reshape(*x.shape[:2], -1).mean(-1)


def _layer_norm(x: Tensor, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Tensor:
    centred = x - x.mean(-1, keepdim=True)
    y = centred / torch.sqrt((centred**2).mean(-1, keepdim=True) + eps)
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


def _rms_norm(x: Tensor, weight: Any = None, eps: float = 1e-6) -> Tensor:
    y = x / torch.sqrt((x**2).mean(-1, keepdim=True) + eps)
    return y if weight is None else y * weight


def _convolve(x: Tensor, weight: Tensor, bias: Any = None, **settings: Any) -> Tensor:
    return convolve(x, weight, bias, **settings)


OPERATIONS: dict[str, Callable[..., Any]] = {
    **ELEMENTWISE,
    **SHAPING,
    **CREATING,
    "reshape": by_pattern,
    "permute": by_pattern,
    "repeat": by_pattern,
    "matmul": torch.matmul,
    "einsum": _einsum,
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
    "adaptive_avg_pool1d": lambda x, size: pool_to(x, size, count=1),
    "adaptive_avg_pool2d": lambda x, size: pool_to(x, size, count=2),
    "conv1d": _convolve,
    "conv2d": _convolve,
    "conv3d": _convolve,
    "layer_norm": _layer_norm,
    "rms_norm": _rms_norm,
    "global_avg_pool": _global_average,
}
