"""States that the caller keeps: a dict with a place per application, from call to call or from step to step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sharedsl import pytree as py
from sharedsl.emit.applications import App, step_of
from sharedsl.emit.runtime_sizes import size_name
from sharedsl.model import dataflow as d
from sharedsl.model.sites import Step
from sharedsl.model.tree import StateSpec, Unit

if TYPE_CHECKING:
    from sharedsl.emit.forward import Forward
    from sharedsl.emit.hosts import Host, Layout


def stateful(unit: Unit) -> bool:
    """Whether the unit, or something inside it, keeps a state."""
    if unit.states or unit.onces:
        return True
    inside = {id(each): each for child in unit.children.values() for each in child.units}
    return any(stateful(each) for each in inside.values())


def places(app: App) -> int:
    """How many places the application and those inside it take."""
    return _offsets(app)[None]


def _numbered(unit: Unit) -> int:
    """A layer that reads another's states keeps its number, so that those of its neighbours follow their indices."""
    return 1 if unit.borrowed else _own_place(unit)


def _own_place(unit: Unit) -> int:
    return 1 if unit.states or unit.onces else 0


def slots_of(host: Host, use: d.Use, layout: Layout) -> int:
    """The place of a use, counted from its parent's."""
    app = next((each for each in host.apps if step_of(use) in each.children), host.apps[0])
    offsets = _offsets(app)
    return offsets.get(step_of(use), offsets[None]) - (0 if host.path else _numbered(app.unit))


def _offsets(app: App) -> dict[Step | None, int]:
    """The first place of each child, counted from the application's own; of None: how many places there are."""
    if app.offsets is None:
        app.offsets, total = {}, _numbered(app.unit)
        for step, child in app.children.items():
            app.offsets[step] = total
            total += places(child)
        app.offsets[None] = total
    return app.offsets


def enters(unit: Unit, body: d.Body, forward: Forward, root: bool) -> list[py.Stmt]:
    """The states at the start of a forward: what the cache holds, or their first values."""
    statements: list[py.Stmt] = []
    cache, none = py.Name("cache"), py.Const(None)
    if root:
        empty = py.Assign((cache,), py.DictExpr(()))
        statements.append(py.If(py.Compare(cache, "is", none), (empty,)))
    if not body.states and not unit.onces:
        return statements
    place: py.Expr = py.Const("model") if root else py.Name("slot")
    state = py.Name("state")
    statements.append(py.Assign((state,), py.method(cache, "setdefault", place, py.DictExpr(()))))
    types = dict(body.states)
    for name, spec in unit.states.items():
        if name not in types:  # another layer's is read in its place
            continue
        target, type_ = py.Name(forward.name(name)), types[name]
        if type_ is None:
            value: py.Expr = py.method(state, "get", py.Const(name), py.number(_plain(spec.value)))
            statements.append(py.Assign((target,), value))
            continue
        held = py.Index(state, py.Const(name))
        first = _first(spec, type_, body, forward)
        known = py.Compare(py.Const(name), "in", state)
        statements.append(py.Assign((target,), py.Ternary(known, held, first)))
        if spec.growing is not None and spec.size_name:
            length = py.item(py.Attr(target, "shape"), spec.growing)
            size = py.Name(size_name(spec.size_name))
            if not any(isinstance(each, py.Assign) and each.targets == (size,) for each in statements):
                statements.append(py.Assign((size,), length))
    return statements


def _first(spec: StateSpec, type_: d.Tensor, body: d.Body, forward: Forward) -> py.Expr:
    """The state before the first step: empty where it grows, else its first value, where and as the inputs are."""
    dims = list(type_.dims)
    repeat = forward.kept.get(spec.name)
    codes = [py.Const(0) if axis == spec.growing else forward.number(size) for axis, size in enumerate(dims)]
    if repeat is not None:
        from sharedsl.emit.repeats import smaller

        small = smaller(type_, repeat)
        assert isinstance(small, d.Tensor)
        codes[repeat[0]] = forward.number(small.dims[repeat[0]])
    one = like_state(body, type_)
    if one is None:
        return first_value(spec, codes, py.call("next", py.method(py.Name("self"), "parameters")))
    return first_value(spec, codes, py.Name(forward.name(one.name)))


def like_state(body: d.Body, type_: d.Tensor) -> d.Input | None:
    """The input that a state is where and as; None where only the parameters tell."""
    given = [each for each in body.inputs if isinstance(each.type, d.Tensor) and not each.type.optional]
    alike = [each for each in given if isinstance(each.type, d.Tensor) and each.type.dtype == type_.dtype]
    return (alike or given)[0] if alike or type_.dtype != "float" else None


def first_value(spec: StateSpec, sizes: list[py.Expr], source: py.Expr) -> py.Expr:
    """A state's first value as a tensor of these sizes."""
    if not _plain(spec.value):
        return py.method(source, "new_zeros", *sizes)
    return py.method(source, "new_full", py.tuple_of(*sizes), py.number(_plain(spec.value)))


def _plain(value: object) -> int | float:
    number = getattr(value, "value", value)
    return number if isinstance(number, int | float) else 0
