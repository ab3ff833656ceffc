"""Dataflow edits that a plan asks for, as plain data: what is applied again, in which order; layers that are put in."""

from __future__ import annotations

from typing import Literal

from sharedsl.model.sites import Path, Step, show
from sharedsl.record import dataclass
from sharedsl.source import NOWHERE, Span


@dataclass(frozen=True, slots=True)
class FoldEdit:
    """Wherever `forward` applies `child` of the layer at `parent`, it is applied in the order given.

    `kind` is "layer" (a single layer, or one element of a stack: `indices` has its index then), "stack" (all of it) or
    "slice" (elements `indices`, neighbours in the stack). `order` holds positions in `indices`: `fold X 2 times` of
    three elements is (0, 1, 2, 0, 1, 2); a single layer is (0, 0). Inner folds come before the outer ones in a list of
    edits: a fold of a slice before one of the whole stack.
    """

    parent: Path
    child: str
    kind: Literal["layer", "stack", "slice"]
    indices: tuple[int, ...]
    order: tuple[int, ...]
    step_embedding: bool = False
    span: Span = NOWHERE

    @property
    def target(self) -> str:
        """What is folded, as messages write it."""
        name = show((*self.parent, Step(self.child)))
        if self.kind == "stack" or not self.indices:
            return name
        if len(self.indices) == 1:
            return f"{name}[{self.indices[0]}]"
        return f"{name}[{self.indices[0]}:{self.indices[-1] + 1}]"


@dataclass(frozen=True, slots=True)
class InsertEdit:
    """The first result of the block at `parent` goes through a new layer of it, `child`: an adapter of that width."""

    parent: Path
    child: str
    width: int
    span: Span = NOWHERE

    @property
    def target(self) -> str:
        """What gets the layer, as messages write it."""
        return show(self.parent)


DataflowEdit = FoldEdit | InsertEdit
