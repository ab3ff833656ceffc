"""What a plan's folds make of one application: which elements run, in which order, and how often."""

from __future__ import annotations

from collections.abc import Iterable

from sharedsl.model.folds import DataflowEdit, FoldEdit
from sharedsl.model.sites import Step
from sharedsl.record import dataclass, replace


@dataclass(frozen=True, slots=True)
class Turn:
    """One application of one element; `step` is the row of the step embedding that is added before it."""

    index: int | None
    step: int | None = None


def edits_below(edits: Iterable[DataflowEdit], child: str, index: int | None) -> tuple[DataflowEdit, ...]:
    """The edits inside one element of `child`, as that element's unit sees them."""
    head = Step(child, index)
    return tuple(replace(edit, parent=edit.parent[1:]) for edit in edits if edit.parent and edit.parent[0] == head)


def edits_of(edits: Iterable[DataflowEdit], child: str) -> tuple[FoldEdit, ...]:
    """The edits of `child` itself, inner ones first."""
    return tuple(edit for edit in edits if isinstance(edit, FoldEdit) and not edit.parent and edit.child == child)


def whole_runs(edits: tuple[FoldEdit, ...], count: int, used: set[FoldEdit]) -> list[list[Turn]]:
    """A stack of `count` applied as a whole: its runs, one after the other."""
    runs = [[Turn(index) for index in range(count)]]
    for edit in reversed(edits):
        if edit.kind != "stack":
            runs = [_replaced(run, edit, used) for run in runs]
            continue
        used.add(edit)
        repeats = repetitions(edit)
        if repeats is not None:
            runs = [_stepped(run, at if edit.step_embedding else None) for run in runs for at in range(repeats)]
        else:
            runs = [[run[position] for position in edit.order] for run in runs]
    return runs


def part_turns(
    edits: tuple[FoldEdit, ...], indices: tuple[int, ...], used: set[FoldEdit], element: bool = False
) -> list[Turn]:
    """A slice of a stack, or one element of it, applied by itself."""
    turns = [Turn(index) for index in indices]
    for edit in reversed(edits):
        if edit.kind == "layer" or (edit.kind == "slice" and not element):
            turns = _replaced(turns, edit, used)
    return turns


def layer_turns(edits: tuple[FoldEdit, ...], used: set[FoldEdit]) -> list[Turn]:
    """A single layer applied once by `forward`."""
    turns = [Turn(None)]
    for edit in reversed(edits):
        used.add(edit)
        turns = [
            Turn(None, at if edit.step_embedding else turn.step) for turn in turns for at in range(len(edit.order))
        ]
    return turns


def repetitions(edit: FoldEdit) -> int | None:
    """How many times in a row, where the order is that; None for any other order."""
    width = max(len(edit.indices), 1) if edit.kind != "stack" else len(edit.indices) or (max(edit.order) + 1)
    repeats, rest = divmod(len(edit.order), width)
    return repeats if not rest and edit.order == tuple(range(width)) * repeats else None


def _stepped(run: list[Turn], step: int | None) -> list[Turn]:
    return run if step is None else [replace(run[0], step=step), *run[1:]]


def _replaced(turns: list[Turn], edit: FoldEdit, used: set[FoldEdit]) -> list[Turn]:
    """Every stretch of `turns` that is the edit's elements, in the edit's order."""
    width, result, at = len(edit.indices), [], 0
    while at < len(turns):
        stretch = turns[at : at + width]
        if tuple(turn.index for turn in stretch) != edit.indices:
            result.append(turns[at])
            at += 1
            continue
        used.add(edit)
        at += width
        repeats = repetitions(edit)
        if repeats is not None and edit.step_embedding:
            result += [turn for step in range(repeats) for turn in _stepped(stretch, step)]
        else:
            result += [stretch[position] for position in edit.order]
    return result
