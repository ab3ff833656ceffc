"""A sequence given in pieces: what an incremental build must turn into the same results as the whole."""

from __future__ import annotations

import torch
from torch import Tensor

from sharedsl.analysis.budget.state import flat
from sharedsl.analysis.budget.uses import expressions, operands
from sharedsl.model import dataflow as d
from sharedsl.model.poly import Poly
from sharedsl.model.tree import Model, Unit
from sharedsl.record import replace
from sharedsl.runtime.inputs import Scenario, state_sizes


def in_pieces(scenario: Scenario, model: Model) -> list[Scenario] | None:
    """The call as several along its sequence axis; None where it has no sequence of more than one step.

    Inputs over the sequence are cut; inputs over all that was seen so far (a mask over the keys) are given up to there.
    """
    body = model.root.bodies[model.entries[scenario.entry]]
    name = sequence_axis(body)
    if name is None or not _keeps(body.statements, model.root):
        return None
    given = scenario.given
    kinds = {each.name: each.type for each in body.inputs if isinstance(given.get(each.name), Tensor)}
    lengths = {
        given[each].shape[axis] for each, kind in kinds.items() if (axis := _axis_called(kind, name)) is not None
    }
    if len(lengths) != 1 or max(lengths) < 2:
        return None
    calls, start = [], 0
    for length in _lengths(lengths.pop()):
        sizes = {name: length} | dict.fromkeys(state_sizes(model), start)
        cut = {each: _cut(given[each], kind, sizes, name, start) for each, kind in kinds.items()}
        calls.append(replace(scenario, given={**given, **cut}))
        start += length
    return calls


def _keeps(statements: tuple[d.Statement, ...], unit: Unit) -> bool:
    """Whether these statements, or what they call, leave anything for the next call."""
    if any(isinstance(each, d.Keep) for each in flat(statements)):
        return True

    def kept(expr: d.Expr | None) -> bool:
        if expr is None:
            return False
        if isinstance(expr, d.Once) or any(kept(part) for part in operands(expr)):
            return True
        if isinstance(expr, d.CallSelf):
            return _keeps(unit.bodies[expr.body].statements, unit)
        if not isinstance(expr, d.Call):
            return False
        bodies = {(id(below), use.body): below for use in expr.uses if use.body for below in [_below(unit, use)]}
        return any(_keeps(below.bodies[key].statements, below) for (_, key), below in bodies.items())

    return any(kept(expr) for expr in expressions(statements))


def _below(unit: Unit, use: d.Use) -> Unit:
    return unit.children[use.child].units[use.index or 0]


def _cut(whole: Tensor, kind: d.Type | None, sizes: dict[str, int], name: str, start: int) -> Tensor:
    assert isinstance(kind, d.Tensor)
    for axis, size in enumerate(kind.dims):
        if str(size) == name:
            whole = whole.narrow(axis, start, sizes[name])
        elif isinstance(size.ground, Poly) and name in size.ground.names():
            whole = whole.narrow(axis, 0, size.ground.evaluate(sizes))
    return whole


def _lengths(whole: int) -> list[int]:
    """A few at first, then one, then the rest."""
    first = max(1, whole // 2)
    return [each for each in (first, 1, whole - first - 1) if each > 0]


def sequence_axis(body: d.Body) -> str | None:
    """The name of the second axis of the results and of an input, tokens[B, T]; else of the first input."""
    kinds = body.output.items if isinstance(body.output, d.Many) else (body.output,)
    given = [name for each in body.inputs if (name := _second(each.type))]
    return next((name for kind in kinds if (name := _second(kind)) in given), given[0] if given else None)


def _second(kind: d.Type | None) -> str | None:
    """What the second axis is called, where it is a run-time size by itself."""
    if not isinstance(kind, d.Tensor) or len(kind.dims) < 2:
        return None
    name = str(kind.dims[1])
    return name if name.isidentifier() else None


def _axis_called(kind: d.Type | None, name: str) -> int | None:
    dims = kind.dims if isinstance(kind, d.Tensor) else ()
    return next((axis for axis, size in enumerate(dims) if str(size) == name), None)


def joined(parts: list[list[Tensor]], body: d.Body) -> list[Tensor | None]:
    """The results of the pieces side by side; None for a result that has no sequence axis."""
    name = sequence_axis(body)
    kinds = body.output.items if isinstance(body.output, d.Many) else (body.output,)
    axes = [None if name is None else _axis_called(kind, name) for kind in kinds]
    return [None if axis is None else torch.cat([part[at] for part in parts], dim=axis) for at, axis in enumerate(axes)]
