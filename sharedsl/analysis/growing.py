"""Whether the states that grow are as long as the model's count of what it has seen: then the two are one number."""

from __future__ import annotations

from sharedsl.analysis.collect import calls
from sharedsl.analysis.scope import Definition
from sharedsl.model import dataflow as d
from sharedsl.model.sizes import Size
from sharedsl.model.tree import Model, StateSpec, Unit
from sharedsl.syntax import ast


def counter(target: Definition) -> str | None:
    """The root's count of what it has seen, where there is one such state."""
    counts = [each.name for each in target.item.body if isinstance(each, ast.StateDecl) and each.type.dims is None]
    return counts[0] if len(counts) == 1 else None


def grows_as(model: Model, counter: str) -> bool:
    """Whether every call makes each growing state that it reaches longer by what the counter goes up.

    The names of run-time sizes are each forward's own: what two of them call a size says nothing.
    """
    for key in model.entries.values():
        after: set[object] = set()
        _lengths(model.root, key, after, set())
        if len(after) > 1:
            return False
    return True


def _lengths(unit: Unit, key: str, found: set[object], seen: set[tuple[int, str]]) -> None:
    """How long states are, and where counts stand, after a forward and all that it calls."""
    if (id(unit), key) in seen:
        return
    seen.add((id(unit), key))
    body = unit.bodies[key]
    found |= {_after(each, unit.states[each.state]) for each in _keeps(body.statements)} - {None}
    for call in calls(body.statements):
        if isinstance(call, d.CallSelf):
            _lengths(unit, call.body, found, seen)
            continue
        for use in call.uses:
            if use.body is not None:
                _lengths(unit.children[use.child].units[use.index or 0], use.body, found, seen)


def _keeps(statements: tuple[d.Statement, ...]) -> list[d.Keep]:
    found: list[d.Keep] = []
    for each in statements:
        match each:
            case d.Keep():
                found.append(each)
            case d.Loop():
                found += [keep for turn in each.turns for keep in _keeps(turn)]
            case d.While():
                found += _keeps(each.body)
            case d.Present():
                found += [*_keeps(each.then), *_keeps(each.other)]
    return found


def _after(keep: d.Keep, spec: StateSpec) -> object:
    if spec.type is None:
        value = keep.value.value if isinstance(keep.value, d.Const) else None
        return value.ground if isinstance(value, Size) else None
    if spec.growing is None or not isinstance(keep.value.type, d.Tensor):
        return None
    return keep.value.type.dims[spec.growing].ground
