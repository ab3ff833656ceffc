"""All totals of one build, each an exact polynomial, computed when first asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property

from sharedsl.analysis.budget import counts, flops, forms, state
from sharedsl.analysis.budget.quantity import environment, evaluate, total
from sharedsl.analysis.budget.uses import bounded, defaults
from sharedsl.model.federated import splits
from sharedsl.model.poly import Poly
from sharedsl.model.tree import Model
from sharedsl.model.weights import Solved

#: the totals that every report has, in its order
NAMES = (
    *("stored", "trainable", "frozen", "applied", "buffers", "bytes", "flops", "state_per_token"),
    *("sent", "sent_bytes", "sent_buffers", "sent_buffer_bytes"),
)


class Totals:
    """The totals of a model under a solved plan. `dtype` is the build's."""

    def __init__(self, model: Model, solved: Solved, dtype: str = "float32") -> None:
        self.model, self.solved, self.dtype = model, solved, dtype

    @cached_property
    def readings(self) -> forms.Node:
        return forms.tree(self.solved)

    @cached_property
    def spent(self) -> flops.Spent | None:
        return flops.count(self.model, self.readings)

    @cached_property
    def sizes(self) -> dict[str, int]:
        """The model's parameters in this build."""
        return environment(self.model)

    @cached_property
    def assumed(self) -> dict[str, int]:
        """The parameters, and the run-time numbers that the main forward has defaults for: `steps: int = 32`."""
        return {**self.sizes, **defaults(self.model)}

    @cached_property
    def early(self) -> bool:
        """Whether FLOPs are an upper bound: some loop may stop before its last turn."""
        return bounded(self.model)

    @cached_property
    def by_dtype(self) -> dict[str, Poly]:
        return counts.bytes_by_dtype(self.model, self.solved, self.dtype)

    @cached_property
    def polys(self) -> dict[str, Poly]:
        """name -> formula; without totals that the model has no answer to, without `sent` where nothing is local."""
        names = [name for name in NAMES if self.split or not name.startswith("sent")]
        return {name: amount for name in names if (amount := self.poly(name)) is not None}

    def poly(self, name: str) -> Poly | None:
        return _HOW[name](self)

    @property
    def split(self) -> bool:
        """Whether a client of a federation keeps something for itself."""
        return splits(self.solved)

    def sum_of(self, names: list[str]) -> int | None:
        """Several totals together, without run-time sizes."""
        amounts = [amount for name in names if (amount := self.poly(name)) is not None]
        return evaluate(total(amounts), self.sizes)

    def artifact(self, bits: int, sizes: Mapping[str, int]) -> int | None:
        """Bytes of the parameters at `bits` each and of the buffers as they are."""
        amount = evaluate(counts.artifact_bits(self.model, self.solved, self.dtype, bits), sizes)
        return None if amount is None else -(-amount // 8)

    def at(self, runtime: Mapping[str, int] | None = None) -> dict[str, int | None]:
        """Every total at run-time sizes; None where one is missing."""
        sizes = {**self.assumed, **(runtime or {})}
        known = self.polys
        return {name: evaluate(known[name], sizes) if name in known else None for name in NAMES}


_HOW: dict[str, Callable[[Totals], Poly | None]] = {
    "stored": lambda t: counts.stored(t.solved),
    "trainable": lambda t: counts.trainable(t.solved),
    "frozen": lambda t: counts.frozen(t.solved),
    "applied": lambda t: counts.applied(t.solved),
    "buffers": lambda t: counts.buffers(t.model),
    "bytes": lambda t: counts.saved_bytes(t.model, t.solved, t.dtype),
    "flops": lambda t: t.spent.total if t.spent is not None else None,
    "sent": lambda t: counts.sent(t.solved),
    "sent_bytes": lambda t: counts.sent_bytes(t.solved, t.dtype),
    "sent_buffers": lambda t: counts.sent_buffers(t.model, t.solved),
    "sent_buffer_bytes": lambda t: counts.sent_buffers(t.model, t.solved, t.dtype),
    "state_per_token": lambda t: state.per_token(t.model, t.readings),
}
