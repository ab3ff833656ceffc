"""A sequence given in pieces: what an incremental build must turn into the same results as the whole."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from sharedsl.model import dataflow as d
from sharedsl.model.tree import Model
from sharedsl.runtime.inputs import Scenario


def in_pieces(scenario: Scenario, model: Model, *, so_far: bool = False) -> list[Scenario] | None:
    """The call as several along its sequence axis; None where it has no sequence of more than one step.

    `so_far`: inputs with another run-time axis (a mask over all keys) are given as long as the sequence is by then.
    """
    body = model.root.bodies[model.entries[scenario.entry]]
    name = sequence_axis(body)
    if name is None:
        return None
    given = scenario.given
    axes = {each.name: axis for each in body.inputs if (axis := _axis_called(each.type, name)) is not None}
    lengths = {given[each].shape[axis] for each, axis in axes.items() if each in given}
    if len(lengths) != 1 or max(lengths) < 2:
        return None
    others = {
        each.name: 1 for each in body.inputs if so_far and each.name in given and _has_other_axis(each.type, name)
    }
    calls, start = [], 0
    for length in _lengths(lengths.pop()):
        cut = {each: given[each].narrow(axis, start, length) for each, axis in axes.items() if each in given}
        cut |= {each: given[each].narrow(axis, 0, start + length) for each, axis in others.items()}
        calls.append(replace(scenario, given={**given, **cut}))
        start += length
    return calls


def _has_other_axis(kind: d.Type | None, name: str) -> bool:
    dims = kind.dims if isinstance(kind, d.Tensor) else ()
    return len(dims) > 1 and dims[1].value is None and str(dims[1]) != name


def _lengths(whole: int) -> list[int]:
    """A few at first, then one, then the rest."""
    first = max(1, whole // 2)
    return [each for each in (first, 1, whole - first - 1) if each > 0]


def sequence_axis(body: d.Body) -> str | None:
    """The name of the second axis of the first input: tokens[B, T]."""
    for each in body.inputs:
        if isinstance(each.type, d.Tensor) and len(each.type.dims) > 1:
            name = str(each.type.dims[1])
            return name if name.isidentifier() else None
    return None


def _axis_called(kind: d.Type | None, name: str) -> int | None:
    dims = kind.dims if isinstance(kind, d.Tensor) else ()
    return next((axis for axis, size in enumerate(dims) if str(size) == name), None)


def joined(parts: list[list[Tensor]], body: d.Body) -> list[Tensor | None]:
    """The results of the pieces side by side; None for a result that has no sequence axis."""
    name = sequence_axis(body)
    kinds = body.output.items if isinstance(body.output, d.Many) else (body.output,)
    axes = [None if name is None else _axis_called(kind, name) for kind in kinds]
    return [None if axis is None else torch.cat([part[at] for part in parts], dim=axis) for at, axis in enumerate(axes)]
