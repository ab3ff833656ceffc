"""The twin of a shared model: the same dataflow, and for every site a full-size tensor of its own.

Each is filled with the value of the site's weight expression. What the twin computes, the shared model must compute;
and by the chain rule a storage's gradient is the sum over its sites of what each site's tensor hands back through its
expression.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from sharedsl.diagnostics import InternalError
from sharedsl.model.sites import Path, Step, declared, show
from sharedsl.model.tree import Model
from sharedsl.model.weights import Solved, Storage, storages_of
from sharedsl.runtime.interpret import BufferOf, Interpreter, States
from sharedsl.runtime.weights import value_of


def random_storages(solved: Solved, seed: int, dtype: torch.dtype = torch.float64) -> dict[int, Tensor]:
    """A value for every storage, nowhere zero: a factor that starts at zero would hide what it is read by."""
    generator = torch.Generator().manual_seed(seed)
    return {storage.index: _random(storage, generator, dtype) for storage in solved.storages}


def _random(storage: Storage, generator: torch.Generator, dtype: torch.dtype) -> Tensor:
    noise = torch.randn(storage.shape, generator=generator, dtype=torch.float64)
    noise = torch.where(noise.abs() < 0.05, noise.sign() * 0.05 + 0.01, noise)
    if noise.ndim < 2:
        return ((1.0 if storage.init.name == "ones" else 0.0) + 0.3 * noise).to(dtype)
    ins = [int(axis.size.value or 1) for axis in storage.axes if axis.side == "in"]
    fan = 1
    for length in ins or storage.shape[1:]:
        fan *= length
    scaled: Tensor = noise / max(fan, 1) ** 0.5
    return scaled.to(dtype)


class Twin:
    """One tensor per site, and the interpreter that reads them."""

    def __init__(self, model: Model, solved: Solved, values: dict[int, Tensor], buffer: BufferOf | None = None) -> None:
        self.model, self.solved = model, solved
        with torch.no_grad():
            shared = [value_of(expr, values) for expr in solved.reads]
        self.tensors = [value.detach().clone().requires_grad_() for value in shared]
        self._values = values
        self._exact: dict[Path, int] = {site.path: site.index for site in solved.sites}
        self._declared: dict[Path, int] = {}
        for site in solved.sites:
            self._declared.setdefault(declared(site.path), site.index)
        self._buffer: BufferOf = buffer or (lambda path, name: None)
        self.read: set[int] = set()
        #: buffers as the last run left them
        self.updates: dict[tuple[Path, str], Tensor] = {}

    def weight(self, path: Path, name: str) -> Tensor:
        whole = (*path, Step(name))
        at = self._exact.get(whole, self._declared.get(declared(whole)))
        if at is None:
            raise InternalError(f"{show(whole)} is read and is no site")
        self.read.add(at)
        return self.tensors[at]

    def interpreter(self, training: bool = False, states: States | None = None) -> Interpreter:
        dtype = next((value.dtype for value in self._values.values()), torch.float64)
        return Interpreter(self.model, self.weight, self._buffer, training, dtype, {} if states is None else states)

    def run(self, entry: str | None, inputs: dict[str, Any], training: bool = False) -> Any:
        interpreter = self.interpreter(training)
        result = interpreter.run(entry, inputs)
        self.updates = interpreter.updates
        return result

    def gradients(self, loss: Tensor) -> dict[int, Tensor]:
        """Of `loss` in every trained storage, through all the sites that read it."""
        given = torch.autograd.grad(loss, self.tensors, allow_unused=True) if loss.requires_grad else []
        leaves = {key: value.detach().clone().requires_grad_() for key, value in self._values.items()}
        total = {key: torch.zeros_like(value) for key, value in self._values.items()}
        for expr, gradient in zip(self.solved.reads, given, strict=False):
            if gradient is None:
                continue
            value, read = value_of(expr, leaves), storages_of(expr)
            if not value.requires_grad:
                continue
            parts = torch.autograd.grad(value, [leaves[each] for each in read], gradient, allow_unused=True)
            for each, part in zip(read, parts, strict=True):
                if part is not None:
                    total[each] = total[each] + part
        return {each.index: total[each.index] for each in self.solved.storages if each.trainable}
