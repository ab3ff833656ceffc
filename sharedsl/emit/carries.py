"""The states of a scanned layer as plain variables: arguments of its forward, and results behind its own.

Where nothing is kept between calls, a scan needs no dict: `h = cell(x_t, h)` goes from step to step. A file has one
convention for all of its layers, so this is for models whose scanned layers keep no states but their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sharedsl import pytree as py
from sharedsl.emit.repeats import Value, whole
from sharedsl.emit.states import first_value, like_state, stateful
from sharedsl.emit.words import words_of
from sharedsl.model import dataflow as d
from sharedsl.model.flowing import calls, nodes
from sharedsl.model.sites import Step
from sharedsl.model.sizes import Size
from sharedsl.model.tree import Model, Unit

if TYPE_CHECKING:
    from sharedsl.emit.forward import Forward


def carries(model: Model, incremental: bool) -> bool:
    """Whether the states of the model's scans can be plain variables."""
    return not incremental and _all_plain(model.root, set())


def _all_plain(unit: Unit, seen: set[int]) -> bool:
    if id(unit) in seen:
        return True
    seen.add(id(unit))
    for body in unit.bodies.values():
        for call in calls(body.statements):
            if isinstance(call, d.Call) and call.scan is not None and not _plain(unit, call):
                return False
    return all(_all_plain(each, seen) for child in unit.children.values() for each in child.units)


def _plain(unit: Unit, call: d.Call) -> bool:
    """Whether a scan is of one layer at a time, whose states are tensors of its own."""
    use = call.uses[0]
    cell = unit.child(Step(use.child, use.index))
    body = cell.bodies[use.body or ""]
    inside = (each for child in cell.children.values() for each in child.units)
    return (
        len(call.uses) == 1
        and use.step is None
        and all(type_ is not None for _, type_ in body.states)
        and len(body.states) == len(cell.states)
        and not cell.onces
        and not any(stateful(each) for each in inside)
        and not any(isinstance(each, d.CallSelf) for each in nodes(body.statements))
    )


def results(body: d.Body) -> tuple[int | None, ...]:
    """For each result of a step the number of the state that it is; None where it is a value of its own."""
    returns = [each for each in nodes(body.statements) if isinstance(each, d.Return)]
    names = [name for name, _ in body.states]
    return tuple(_place(column, names) for column in zip(*(each.values for each in returns), strict=True))


def _place(column: tuple[d.Expr, ...], names: list[str]) -> int | None:
    found = {each.name if isinstance(each, d.Var) else None for each in column}
    only = found.pop() if len(found) == 1 else None
    return names.index(only) if only in names else None


def handed_back(forward: Forward, values: list[py.Expr]) -> list[py.Expr]:
    """What a step's `return` gives: its results that are not states, and all its states."""
    own = [value for value, place in zip(values, results(forward.body), strict=True) if place is None]
    return [*own, *(forward.forced(d.Var(name, type_)) for name, type_ in forward.body.states if type_ is not None)]


def cell_of(forward: Forward, call: d.Call) -> Unit:
    """The layer that a scan applies."""
    assert forward.around.unit is not None
    return forward.around.unit.child(Step(call.uses[0].child, call.uses[0].index))


def body_of(forward: Forward, call: d.Call) -> d.Body:
    return cell_of(forward, call).bodies[call.uses[0].body or ""]


def starts(forward: Forward, call: d.Call, values: list[Value | None]) -> tuple[py.Name, ...]:
    """Variables for the states, with their values before the first step."""
    cell, body = cell_of(forward, call), body_of(forward, call)
    assert forward.around.unit is not None
    words = words_of(forward.around.unit, call, call.uses[0], body)
    found: dict[py.Expr, list[py.Name]] = {}
    names: list[py.Name] = []
    for name, type_ in body.states:
        assert type_ is not None
        names.append(py.Name(_free(forward, name, names)))
        dims = [Size(size.ground, size.formula, size.code.substitute(words)) for size in type_.dims]
        source = _source(forward, body, type_, values)
        code = first_value(cell.states[name], [forward.number(size) for size in dims], source)
        found.setdefault(code, []).append(names[-1])
    forward.out += [py.Assign(tuple(variables), code) for code, variables in found.items()]
    return tuple(names)


def _source(forward: Forward, body: d.Body, type_: d.Tensor, values: list[Value | None]) -> py.Expr:
    """A tensor that is where, and of the kind that, a state is; a part of an expression gets a name for that."""
    one = like_state(body, type_)
    if one is None:
        return py.call("next", py.method(py.Name("self"), "parameters"))
    at = body.inputs.index(one)
    value = values[at]
    assert value is not None
    code = whole(value)
    if not isinstance(code, py.Name):
        held = py.Name(forward.fresh("inputs"))
        forward.names.setdefault(held.id, held.id)
        forward.out.append(py.Assign((held,), code))
        values[at] = Value(held)
        code = held
    return code


def _free(forward: Forward, wanted: str, taken: list[py.Name]) -> str:
    name, number = forward.fresh(wanted), 2
    while py.Name(name) in taken:
        name, number = forward.fresh(f"{wanted}_{number}"), number + 1
    return name
