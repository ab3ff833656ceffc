"""The meaning of operations that make tensors from nothing: ranges, constants, random numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from sharedsl.runtime.shaping import listed


def _given(operands: tuple[Any, ...], setting: Any) -> list[int]:
    """Sizes given as operands, or as one setting."""
    found = operands or (setting if isinstance(setting, tuple) else (setting,))
    return [int(each) for each in listed(found)]


def _arange(*operands: Any, bounds: Any = ()) -> Tensor:
    return torch.tensor(list(range(*_given(operands, bounds))), dtype=torch.long)


def _filled(number: float) -> Callable[..., Tensor]:
    return lambda *operands, dims=(): torch.full(_given(operands, dims), number)


def _full(*operands: Any, dims: Any = (), value: float = 0.0) -> Tensor:
    return torch.full(_given(operands, dims), float(value))


def _normal(*operands: Any, dims: Any = (), std: float = 1.0, mean: float = 0.0) -> Tensor:
    return mean + std * torch.randn(_given(operands, dims))


def _uniform(*operands: Any, dims: Any = (), low: float = 0.0, high: float = 1.0) -> Tensor:
    return low + (high - low) * torch.rand(_given(operands, dims))


def _trunc_normal(*operands: Any, dims: Any = (), std: float = 1.0, cut: float = 2.0) -> Tensor:
    """Drawn again until nothing lies too far out."""
    made = torch.randn(_given(operands, dims))
    while bool((made.abs() > cut).any()):
        made = torch.where(made.abs() > cut, torch.randn(made.shape), made)
    return std * made


CREATING: dict[str, Callable[..., Any]] = {
    "zeros": _filled(0.0),
    "ones": _filled(1.0),
    "full": _full,
    "normal": _normal,
    "uniform": _uniform,
    "trunc_normal": _trunc_normal,
    "arange": _arange,
}
