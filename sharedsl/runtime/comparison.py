"""Runs the emitted module and the twin on the same inputs and measures how far they are apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sharedsl.analysis.applied import Applied
from sharedsl.analysis.budget.readable import storage_name
from sharedsl.model.sites import Path, declared, key
from sharedsl.model.tree import Model
from sharedsl.model.weights import Solved
from sharedsl.runtime.inputs import Scenario
from sharedsl.runtime.twin import Twin

#: a gradient below the square of this, as a part of the largest one, is none
SMALL = 1e-4
#: errors of gradients smaller than this part of the largest one are told against that part of it: what cancels (a bias
#: before a BatchNorm of two) leaves rounding of the size of what cancelled. A wrong gradient is far above all the same
FLOOR = 0.1


class Mismatch(Exception):
    """The emitted module lacks something, has too much of something, or fails."""


def load_storages(module: nn.Module, solved: Solved, values: Mapping[int, Tensor]) -> dict[int, Tensor]:
    """Copies each storage's value into the module's tensor of its key; the module's tensors by storage number."""
    registered: dict[str, Tensor] = dict(module.named_parameters(remove_duplicate=False))
    buffers = dict(module.named_buffers())
    expected = {storage_name(storage): storage for storage in solved.storages}
    missing = [each for each in expected if each not in registered and each not in buffers]
    extra = [each for each in registered if each not in expected]
    if missing or extra:
        said = [f"no parameter {each}" for each in missing] + [f"{each} is no storage of the plan" for each in extra]
        raise Mismatch("the emitted module does not hold the plan's storages: " + "; ".join(said[:8]))
    held = {}
    for name, storage in expected.items():
        tensor = registered[name] if name in registered else buffers[name]
        if tensor.numel() != values[storage.index].numel():
            raise Mismatch(f"{name} has {tensor.numel():,} elements and the storage has shape {storage.shape}")
        if tensor.requires_grad != storage.trainable:
            state = "trained" if tensor.requires_grad else "frozen"
            raise Mismatch(f"{name} is {state} in the emitted module and not in the plan")
        with torch.no_grad():
            tensor.copy_(values[storage.index].reshape(tensor.shape))
        held[storage.index] = tensor
    return held


class Buffers:
    """Buffers of each application, filled at random in the emitted module and handed to the twin alike.

    A layer of several applications holds a row for each of them.
    """

    def __init__(self, module: nn.Module, model: Model, seed: int) -> None:
        generator = torch.Generator().manual_seed(seed)
        self._module = module
        self._applied = Applied(model)
        self._held: dict[str, Tensor] = {}
        registered = dict(module.named_buffers())
        for path, unit in self._applied.buffered():
            for name, spec in unit.buffers.items():
                whole = _named(path, name)
                if whole not in registered:
                    raise Mismatch(f"the emitted module has no buffer {whole}")
                kept, count = registered[whole], self._applied.count(path)
                shape = [*([count] if count > 1 else []), *(int(size.value or 0) for size in spec.type.dims)]
                if list(kept.shape) != shape:
                    raise Mismatch(f"{whole} has shape {list(kept.shape)} and should have {shape}")
                if kept.is_floating_point():
                    self._held[whole] = torch.rand(shape, generator=generator, dtype=torch.float64) + 0.5
                else:  # places in a table, of which there are at least two; or a count
                    top = 9 if name == "num_batches_tracked" else 2
                    self._held[whole] = torch.randint(0, top, shape, generator=generator).to(kept.dtype)
        self.fill()

    def fill(self) -> None:
        """Every buffer as it was at the start."""
        registered = dict(self._module.named_buffers())
        with torch.no_grad():
            for name, value in self._held.items():
                registered[name].copy_(value)

    def __call__(self, path: Path, name: str) -> Tensor | None:
        whole = self._held.get(_named(path, name))
        if whole is None:
            return None
        return whole[self._applied.number(path)] if self._applied.count(declared(path)) > 1 else whole

    def apart(self, updates: Mapping[tuple[Path, str], Tensor]) -> float:
        """How far the module's buffers are from those at the start with the twin's updates."""
        want = {name: value.clone() for name, value in self._held.items()}
        for (path, name), value in updates.items():
            whole = want[_named(path, name)]
            row = whole[self._applied.number(path)] if self._applied.count(declared(path)) > 1 else whole
            row.copy_(value)
        registered = dict(self._module.named_buffers())
        return max((distance(registered[name].detach(), value) for name, value in want.items()), default=0.0)


def _named(path: Path, name: str) -> str:
    return f"{key(path)}.{name}" if path else name


def run_module(module: nn.Module, scenario: Scenario, **more: Any) -> Any:
    method = module if scenario.entry is None else getattr(module, scenario.entry)
    return method(**scenario.given, **more)


def flat(value: Any) -> list[Tensor]:
    """The tensors of a result in order."""
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, Mapping):
        value = list(value.values())
    return [each for item in value for each in flat(item)] if isinstance(value, list | tuple) else []


def loss_of(outputs: list[Tensor], seed: int) -> Tensor:
    """Every output entry with a random weight of its own, so that no gradient cancels by symmetry."""
    generator = torch.Generator().manual_seed(seed)
    total = torch.zeros((), dtype=torch.float64)
    for output in outputs:
        if output.is_floating_point():
            total = total + (output * torch.randn(output.shape, generator=generator, dtype=torch.float64)).sum()
    return total


def distance(got: Tensor, want: Tensor, floor: float = 0.0) -> float:
    """The largest difference relative to the largest entry of `want` (or `floor` where that is larger)."""
    if tuple(got.shape) != tuple(want.shape):
        raise Mismatch(f"a result has shape {tuple(got.shape)} and should have {tuple(want.shape)}")
    if not want.numel():
        return 0.0
    if not want.is_floating_point():
        return float((got != want).any())
    scale = max(float(want.abs().max()), floor, 1e-30)
    apart = float((got.to(want.dtype) - want).abs().max()) / scale
    return apart if apart == apart else float("inf")


def outputs_apart(got: list[Tensor], want: list[Tensor]) -> float:
    if len(got) != len(want):
        raise Mismatch(f"the emitted module gives {len(got)} results and should give {len(want)}")
    return max((distance(a.detach(), b.detach()) for a, b in zip(got, want, strict=True)), default=0.0)


def gradients_apart(
    loss: Tensor, held: Mapping[int, Tensor], twin: Twin, twin_loss: Tensor
) -> tuple[dict[int, float], set[int]]:
    """Per trained storage the error of its gradient; and the storages whose gradient is not zero."""
    want = twin.gradients(twin_loss)
    tensors = [held[each] for each in want]
    given: tuple[Tensor | None, ...] = tuple(None for _ in tensors)
    trained = [tensor for tensor in tensors if tensor.requires_grad]
    if loss.requires_grad and trained:
        by_id = dict(zip(map(id, trained), torch.autograd.grad(loss, trained, allow_unused=True), strict=True))
        given = tuple(by_id.get(id(tensor)) for tensor in tensors)
    largest = max((float(each.abs().max()) for each in want.values() if each.numel()), default=0.0)
    errors, moved = {}, set()
    for (index, expected), gradient in zip(want.items(), given, strict=True):
        got = torch.zeros_like(expected) if gradient is None else gradient.reshape(expected.shape)
        errors[index] = distance(got, expected, FLOOR * largest)
        if expected.numel() and float(expected.abs().max()) > SMALL * SMALL * largest:
            moved.add(index)
    return errors, moved


@contextmanager
def quiet(module: nn.Module, training: bool) -> Iterator[None]:
    """Evaluation mode; or training mode (statistics of the batch) with every dropout off."""
    module.train(training)
    dropout, attention = F.dropout, F.scaled_dot_product_attention

    def attend(*args: Any, **kwargs: Any) -> Tensor:
        kwargs["dropout_p"] = 0.0
        return attention(*args[:4], **kwargs)

    F.dropout = lambda x, *args, **kwargs: x
    F.scaled_dot_product_attention = attend
    try:
        yield
    finally:
        F.dropout, F.scaled_dot_product_attention = dropout, attention
        module.eval()
