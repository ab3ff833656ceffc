"""Takes statements away whose values nothing reads: what a `reuse` leaves behind."""

from __future__ import annotations

from collections.abc import Set

from sharedsl.model import dataflow as d
from sharedsl.model.flowing import assigned, nodes, reads, size_names
from sharedsl.model.tree import Unit
from sharedsl.ops import OPS
from sharedsl.record import replace

Statements = tuple[d.Statement, ...]


def pruned(body: d.Body, unit: Unit) -> d.Body:
    """The body with what something needs, and the states that this still reads or counts with."""
    lengths = {name: spec.size_name for name, spec in unit.states.items() if spec.size_name is not None}
    needed: set[str] = set()
    while True:
        left = living(body.statements, needed)
        kept = {each.state for each in nodes(left) if isinstance(each, d.Keep)}
        read = _first_read(left) & dict(body.states).keys()
        said = lengths_said(left)
        more = (read - kept) - needed
        for name, length in lengths.items():
            same = {each for each, other in lengths.items() if other == length}
            if name in dict(body.states) and length in said and not same & (kept | read | needed):
                more.add(name)
                break
        if not more:
            break
        needed |= more
    alive = tuple((name, type) for name, type in body.states if type is None or name in kept | read | needed)
    lost = {f"state:{name}" for name, _ in body.states} - {f"state:{name}" for name, _ in alive}
    sizes = [_moved(size, place, lost, alive, unit) for size, place in body.sizes]
    return replace(body, statements=left, states=alive, sizes=tuple(each for each in sizes if each is not None))


def _moved(
    size: str, place: tuple[str, int], lost: set[str], alive: tuple[tuple[str, object], ...], unit: Unit
) -> tuple[str, tuple[str, int]] | None:
    """Where a length is read, when the state that had it is gone."""
    if place[0] not in lost:
        return (size, place)
    for name, _ in alive:
        spec = unit.states[name]
        if spec.size_name == size and spec.growing is not None:
            return (size, (f"state:{name}", spec.growing))
    return None


def _first_read(statements: Statements) -> set[str]:
    """The names whose values come from before these statements."""
    found: set[str] = set()
    known: set[str] = set()
    for statement in statements:
        found |= reads(statement) - known
        known |= assigned((statement,)).keys()
    return found


def lengths_said(statements: Statements) -> set[str]:
    """The sizes that the code of these computes with; the types of what is only passed on say nothing."""
    found: set[str] = set()
    for each in nodes(statements):
        if isinstance(each, d.Op):
            found |= size_names((each.settings, each.type))
        elif isinstance(each, d.Const | d.Check | d.While):
            found |= size_names(replace(each, body=()) if isinstance(each, d.While) else each)
    return found


def living(statements: Statements, states: Set[str] = frozenset()) -> Statements:
    """The statements that something needs. A state is kept if its value is used, or if it is among `states`."""
    return _block(statements, set(), states)


def spoken(statements: Statements) -> Statements:
    """The statements without free values that nothing reads, such as those for an `if` that was decided.

    What a layer computes and what costs FLOPs stays, so that every count does. The turns of a loop stay alike.
    """
    return _said(statements, set())


def _said(statements: Statements, live: set[str]) -> Statements:
    kept: list[d.Statement] = []
    for statement in reversed(statements):
        match statement:
            case d.Assign() if not live & set(statement.targets) and _free(statement.value):
                continue
            case d.Assign():
                live.difference_update(statement.targets)
                live |= reads(statement.value)
            case d.Loop():
                after = live | reads(statement)
                statement = replace(statement, turns=tuple(_said(turn, set(after)) for turn in statement.turns))
                live |= reads(statement)
            case d.Present():
                other = set(live)
                then = _said(statement.then, live)
                statement = replace(statement, then=then, other=_said(statement.other, other))
                live |= other | {statement.name}
            case _:
                live |= reads(statement)
        kept.append(statement)
    return tuple(reversed(kept))


def _free(value: d.Expr) -> bool:
    for each in nodes(value):
        if isinstance(each, d.Call | d.CallSelf | d.CallFunction | d.Once):
            return False
        if isinstance(each, d.Op) and each.op in OPS:
            types = tuple(None if arg is None else arg.type for arg in each.args)
            if OPS[each.op].flops(types, dict(each.settings), each.type).formula.terms:
                return False
    return True


def _block(statements: Statements, live: set[str], states: Set[str]) -> Statements:
    """Backwards, with the names that are still wanted; `live` becomes those that are wanted before."""
    kept: list[d.Statement] = []
    for statement in reversed(statements):
        found = _one(statement, live, states)
        if found is not None:
            kept.append(found)
    return tuple(reversed(kept))


def _one(statement: d.Statement, live: set[str], states: Set[str]) -> d.Statement | None:
    match statement:
        case d.Assign():
            return _assign(statement, live)
        case d.Loop():
            turns = []
            for turn in reversed(statement.turns):
                turns.append(_block(turn, live, states))
            return replace(statement, turns=tuple(reversed(turns))) if any(turns) else None
        case d.Present():
            other = set(live)
            then = _block(statement.then, live, states)
            otherwise = _block(statement.other, other, states)
            live |= other
            if not then and not otherwise:
                return None
            live.add(statement.name)
            return replace(statement, then=then, other=otherwise)
        case d.While():
            acts = any(isinstance(each, d.Keep) for each in nodes(statement.body))
            if not acts and not live & assigned((statement,)).keys():
                return None
            live |= reads(statement)
            return statement
        case d.Keep():
            counts = isinstance(statement.value, d.Const)
            if not counts and statement.state not in live | states:
                return None
            live.discard(statement.state)
            live |= reads(statement.value)
            return statement
        case _:
            live |= reads(statement)
            return statement


def _assign(statement: d.Assign, live: set[str]) -> d.Assign | None:
    wanted = [target in live for target in statement.targets]
    if not any(wanted):
        return None
    live.difference_update(statement.targets)
    value = statement.value
    if isinstance(value, d.Collect) and len(statement.targets) > 1 and not all(wanted):
        items = tuple(item for item, each in zip(value.items, wanted, strict=True) if each)
        targets = tuple(target for target, each in zip(statement.targets, wanted, strict=True) if each)
        many = d.Many(tuple(item.type for item in items))
        value = items[0] if len(items) == 1 else replace(value, items=items, type=many)
        statement = replace(statement, targets=targets, value=value)
    live |= reads(value)
    return statement
