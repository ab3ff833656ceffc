"""Dataflow edits that a plan's `reuse` lines ask for, as plain data: whose value is read in place of whose."""

from __future__ import annotations

from sharedsl.model.sites import Path, show
from sharedsl.record import dataclass
from sharedsl.source import NOWHERE, Span


@dataclass(frozen=True, slots=True)
class ReuseEdit:
    """The application at `consumer` does not compute `name`: it reads what the one at `producer` computed.

    Both are paths of applications (`layers[3].attn`, `body@1`), and `name` is assigned in the forwards of both.
    """

    producer: Path
    consumer: Path
    name: str
    span: Span = NOWHERE

    @property
    def source(self) -> str:
        """The value that is read, as messages write it."""
        return ".".join([*([show(self.producer)] if self.producer else []), self.name])

    @property
    def target(self) -> str:
        """The value that is replaced, as messages write it."""
        return ".".join([*([show(self.consumer)] if self.consumer else []), self.name])
