"""Counts which parameters a module's forward reads, by watching one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode


class _CountUses(TorchFunctionMode):
    """Counts the operations that read each parameter and give a tensor."""

    def __init__(self, tensors: Mapping[int, nn.Parameter]) -> None:
        super().__init__()
        self.uses: dict[int, int] = dict.fromkeys(tensors, 0)

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if _has_tensor(result):
            for key in set(_tensor_ids((args, kwargs or {}))):
                if key in self.uses:
                    self.uses[key] += 1
        return result


def _tensor_ids(value: Any) -> list[int]:
    if isinstance(value, Tensor):
        return [id(value)]
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return [key for item in value for key in _tensor_ids(item)]
    return []


def _has_tensor(value: Any) -> bool:
    return bool(_tensor_ids(value))


def count_uses(module: nn.Module, tensors: Mapping[int, nn.Parameter], inputs: Any) -> dict[int, int]:
    """By the parameter's id: the operations of one forward that read it. The module is left as it was."""
    modes = {each: each.training for each in module.modules()}
    module.eval()
    try:
        with torch.no_grad(), _CountUses(tensors) as counter:
            module(**inputs) if isinstance(inputs, Mapping) else module(*inputs)
    finally:
        for each, training in modes.items():
            each.training = training
    return dict(counter.uses)
