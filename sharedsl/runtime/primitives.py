"""The meaning of primitive layers, given their weights as full tensors: formulas, written out.

Each takes its arguments by the language's names, its weights and buffers by name, and its inputs.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from sharedsl.diagnostics import InternalError
from sharedsl.model.tree import Unit
from sharedsl.record import dataclass
from sharedsl.runtime.convolution import CONVOLUTIONS
from sharedsl.runtime.recurrence import RECURRENCES
from sharedsl.runtime.shaping import in_range


@dataclass(frozen=True, slots=True)
class Layer:
    """One application of a primitive: what it was declared with and what it holds."""

    unit: Unit
    arguments: Mapping[str, Any]
    weights: Mapping[str, Tensor]
    buffers: Mapping[str, Tensor]
    training: bool
    #: what training makes of the buffers, by name
    updates: dict[str, Tensor]

    def __getitem__(self, argument: str) -> Any:
        return self.arguments[argument]

    def weight(self, name: str) -> Tensor | None:
        return self.weights.get(name)


def apply_primitive(
    unit: Unit,
    arguments: Mapping[str, Any],
    weights: Mapping[str, Tensor],
    buffers: Mapping[str, Tensor],
    inputs: list[Any],
    training: bool,
    updates: dict[str, Tensor] | None = None,
) -> Any:
    meaning = PRIMITIVES.get(unit.name)
    if meaning is None:
        raise InternalError(f"no meaning for the layer {unit.name}")
    return meaning(Layer(unit, arguments, weights, buffers, training, {} if updates is None else updates), *inputs)


def apply_extern(unit: Unit, arguments: Mapping[str, Any], weights: Mapping[str, Tensor], inputs: list[Any]) -> Any:
    """The user's own class, run with the weights given."""
    assert unit.module is not None
    made = getattr(importlib.import_module(unit.module), unit.name)(**arguments).to(torch.get_default_dtype())
    return torch.func.functional_call(made, dict(weights), tuple(inputs))


# ---------------------------------------------------------------------------- maps and tables


def _linear(layer: Layer, x: Tensor) -> Tensor:
    """Over weight [outs.. | ins..]: the last axes of x against the inputs side."""
    ins = sum(axis.side == "in" for axis in layer.unit.weights["weight"].axes)
    weight, bias = layer.weights["weight"], layer.weight("bias")
    last = [list(range(each.ndim - ins, each.ndim)) for each in (x, weight)]
    y: Tensor = torch.tensordot(x, weight, dims=(last[0], last[1]))
    return y if bias is None else y + bias


def _embedding(layer: Layer, index: Tensor) -> Tensor:
    table = layer.weights["weight"]
    flat = in_range(index, table.shape[0]).reshape(-1)
    return table.index_select(0, flat).reshape(*index.shape, *table.shape[1:])


# ---------------------------------------------------------------------------- norms


def _scaled(x: Tensor, layer: Layer, channel: bool = False) -> Tensor:
    """times weight plus bias, along the last axis or along the channels [B, C, ..]."""
    weight, bias = layer.weight("weight"), layer.weight("bias")
    shape = (-1, *[1] * (x.ndim - 2)) if channel else None
    if weight is not None:
        x = x * (weight if shape is None else weight.reshape(shape))
    if bias is not None:
        x = x + (bias if shape is None else bias.reshape(shape))
    return x


def _standardised(x: Tensor, axes: tuple[int, ...], eps: float) -> Tensor:
    centred = x - x.mean(axes, keepdim=True)
    return centred / torch.sqrt((centred**2).mean(axes, keepdim=True) + eps)


def _layer_norm(layer: Layer, x: Tensor) -> Tensor:
    return _scaled(_standardised(x, (-1,), layer["eps"]), layer)


def _rms_norm(layer: Layer, x: Tensor) -> Tensor:
    return _scaled(x / torch.sqrt((x**2).mean(-1, keepdim=True) + layer["eps"]), layer)


def _group_norm(layer: Layer, x: Tensor) -> Tensor:
    grouped = x.reshape(x.shape[0], layer["groups"], -1)
    return _scaled(_standardised(grouped, (-1,), layer["eps"]).reshape(x.shape), layer, channel=True)


def _batch_norm(layer: Layer, x: Tensor) -> Tensor:
    """By the statistics of the batch when training, by the running ones of this application otherwise."""
    if layer.training:
        axes = tuple(axis for axis in range(x.ndim) if axis != 1)
        _follow(layer, x.detach(), axes)
        return _scaled(_standardised(x, axes, layer["eps"]), layer, channel=True)
    shape = (-1, *[1] * (x.ndim - 2))
    mean, var = layer.buffers["running_mean"].reshape(shape), layer.buffers["running_var"].reshape(shape)
    return _scaled((x - mean) / torch.sqrt(var + layer["eps"]), layer, channel=True)


def _follow(layer: Layer, x: Tensor, axes: tuple[int, ...]) -> None:
    """The running statistics move towards the batch's by `momentum`; the variance without the bias of its estimate."""
    count = x.numel() // x.shape[1]
    mean = x.mean(axes, keepdim=True)
    variance = ((x - mean) ** 2).sum(axes) / (count - 1)
    for name, batch in (("running_mean", mean.flatten()), ("running_var", variance)):
        layer.updates[name] = layer.buffers[name] + layer["momentum"] * (batch - layer.buffers[name])
    layer.updates["num_batches_tracked"] = layer.buffers["num_batches_tracked"] + 1


PRIMITIVES: dict[str, Callable[..., Any]] = {
    "Linear": _linear,
    "Embedding": _embedding,
    "LayerNorm": _layer_norm,
    "RMSNorm": _rms_norm,
    "GroupNorm": _group_norm,
    "BatchNorm1d": _batch_norm,
    "BatchNorm2d": _batch_norm,
    "Dropout": lambda layer, x: x,
    **CONVOLUTIONS,
    **RECURRENCES,
}
