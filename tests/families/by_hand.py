"""Layers of emitted modules called one by one, with what they ask for: positions, or tables of rotary angles."""

from __future__ import annotations

import inspect

import torch
from torch import Tensor, nn


def apply(layer: nn.Module, x: Tensor, positions: Tensor, width: int, base: float = 10000.0, **more: Tensor) -> Tensor:
    """The layer at these positions; heads have `width` numbers. Modules may compute the tables of cosines and sines
    once for all layers and hand them down."""
    speeds = base ** (-torch.arange(0, width, 2, dtype=x.dtype) / width)
    angles = positions.to(x.dtype)[..., None, None] * speeds
    given = {"positions": positions, "cos": angles.cos(), "sin": angles.sin(), **more}
    asked = list(inspect.signature(layer.forward).parameters)[1:]
    return layer(x, **{name: given[name] for name in asked if name in given})
