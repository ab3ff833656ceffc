"""States of incremental builds: a dict that the caller keeps, with a place per application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sharedsl import pytree as py
from sharedsl.emit.applications import App, step_of
from sharedsl.model import dataflow as d
from sharedsl.model.tree import Unit

if TYPE_CHECKING:
    from sharedsl.emit.forward import Forward
    from sharedsl.emit.hosts import Host, Layout


def stateful(unit: Unit) -> bool:
    """Whether the unit, or something inside it, keeps a state."""
    return bool(unit.states) or any(stateful(each) for child in unit.children.values() for each in child.units[:1])


def places(app: App) -> int:
    """How many places the application and those inside it take."""
    return (1 if app.unit.states else 0) + sum(places(child) for child in app.children.values())


def slots_of(host: Host, use: d.Use, layout: Layout) -> int:
    """The place of a use, counted from its parent's."""
    app = host.apps[0]
    offset = 1 if app.unit.states and host.path else 0
    for step, child in app.children.items():
        if step == step_of(use):
            return offset
        offset += places(child)
    return offset


def enters(unit: Unit, body: d.Body, forward: Forward, root: bool) -> list[py.Stmt]:
    """The states at the start of a forward: what the cache holds, or empty."""
    statements: list[py.Stmt] = []
    cache, none = py.Name("cache"), py.Const(None)
    if root:
        empty = py.Assign((cache,), py.DictExpr(()))
        statements.append(py.If(py.Compare(cache, "is", none), (empty,)))
    if not unit.states:
        return statements
    if root:
        place: py.Expr = py.Const("model")
    else:
        place = py.Name("slot")
    statements.append(py.Assign((py.Name("state"),), py.method(cache, "setdefault", place, py.DictExpr(()))))
    for name, spec in unit.states.items():
        if spec.type is None:
            value: py.Expr = py.method(py.Name("state"), "get", py.Const(name), py.number(_plain(spec.value)))
            statements.append(py.Assign((py.Name(forward.name(name)),), value))
            continue
        dims = list(spec.type.dims)
        repeat = forward.kept.get(name)
        codes = [py.Const(0) if axis == spec.growing else forward.number(size) for axis, size in enumerate(dims)]
        if repeat is not None:
            from sharedsl.emit.forward import smaller

            small = smaller(spec.type, repeat)
            assert isinstance(small, d.Tensor)
            codes[repeat[0]] = forward.number(small.dims[repeat[0]])
        source = next(each for each in body.inputs if isinstance(each.type, d.Tensor) and not each.type.optional)
        fill = py.method(
            py.Name(forward.name(source.name)), "new_full", py.tuple_of(*codes), py.number(_plain(spec.value))
        )
        if not _plain(spec.value):
            fill = py.method(py.Name(forward.name(source.name)), "new_zeros", *codes)
        value = py.method(py.Name("state"), "get", py.Const(name), fill)
        statements.append(py.Assign((py.Name(forward.name(name)),), value))
        if spec.growing is not None and spec.size_name:
            length = py.item(py.Attr(py.Name(forward.name(name)), "shape"), spec.growing)
            target = py.Name(spec.size_name)
            if not any(isinstance(each, py.Assign) and each.targets == (target,) for each in statements):
                statements.append(py.Assign((target,), length))
    return statements


def _plain(value: object) -> int | float:
    number = getattr(value, "value", value)
    return number if isinstance(number, int | float) else 0
