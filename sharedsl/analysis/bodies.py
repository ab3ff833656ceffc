"""Reads one forward (or function) for inputs of given shapes: from its text to a Body, once for equal inputs."""

from __future__ import annotations

from collections.abc import Mapping

from sharedsl.analysis import expressions
from sharedsl.analysis.arguments import Poisoned
from sharedsl.analysis.entries import adopt, settle
from sharedsl.analysis.flow import Flow
from sharedsl.analysis.flow_values import is_static, operand
from sharedsl.analysis.inputs import Argument, Binding
from sharedsl.analysis.numbering import Numbering, finish
from sharedsl.analysis.outputs import check_outputs
from sharedsl.analysis.scope import Definition
from sharedsl.analysis.shop import MAX_DEPTH, Draft, Shop
from sharedsl.analysis.states import first_value, state_sizes, without_states
from sharedsl.comptime import Trace
from sharedsl.model import dataflow as d
from sharedsl.model.sizes import Size
from sharedsl.source import Span
from sharedsl.syntax import ast

Given = Mapping[str, Argument]


def forward_body(
    shop: Shop, draft: Draft, forward: ast.Forward, given: Given, outer: Numbering | None = None
) -> d.Body:
    """The body of a block's forward. `outer` is the numbering of the forward of the same block that calls it."""
    counts = (id(outer), outer.counts.key(), outer.onces) if outer else None
    key = (forward.name, tuple(_key(given.get(one.name)) for one in forward.inputs), counts, shop.keeps)
    if key in draft.bodies:
        settle(shop, key)
        return _found(draft.bodies[key])
    adopt(shop, key, draft.bodies)
    what = f"`{forward.name}` of `{draft.unit.name}`" if forward.name else f"`{draft.unit.name}`"
    _refuse_recursion(shop, draft.reading, forward.name, what, forward.span, "recursive-forward")
    assert draft.home is not None
    binding = Binding(shop, draft.home, draft.names, what, state_sizes(shop, draft))
    binding.bind(forward.inputs, given)
    numbering = outer or Numbering()
    flow = new_flow(shop, binding, draft, numbering)
    draft.reading.append(forward.name)
    try:
        body = read_body(flow, binding, forward, forward.name, fresh_key(draft, forward.name))
    finally:
        draft.reading.pop()
    draft.bodies[key] = body
    if body is not None and outer is None:
        finish([numbering])
    if body is not None:
        draft.unit.bodies[body.key] = body
    return _found(body)


def function_body(shop: Shop, target: Definition, given: Given) -> d.Body:
    """The body of a weightless helper; compile-time arguments make a body of their own."""
    item = target.item
    assert isinstance(item, ast.Function)
    key = (id(target), tuple(_key(given.get(one.name)) for one in item.inputs))
    if key in shop.function_keys:
        settle(shop, key)
        name = shop.function_keys[key]
        return _found(shop.functions.get(name) if name else None)
    adopt(shop, key, shop.function_keys)
    what = f"`{item.name}`"
    _refuse_recursion(shop, shop.reading, id(target), what, item.name_span, "recursive-function")
    binding = Binding(shop, target.home, {}, what)
    binding.bind(item.inputs, given)
    flow = new_flow(shop, binding, None, Numbering())
    name = item.name
    taken = set(shop.function_keys.values())
    while name in taken:
        number = name.rpartition(".")[2]
        name = f"{item.name}.{int(number) + 1 if number.isdigit() else 2}"
    shop.reading.append(id(target))
    try:
        body = read_body(flow, binding, item, item.name, name)
    finally:
        shop.reading.pop()
    shop.function_keys[key] = name if body else ""
    if body is not None:
        shop.functions[name] = body
    return _found(body)


def _found(body: d.Body | None) -> d.Body:
    if body is None:
        raise Poisoned
    return body


def _refuse_recursion(shop: Shop, reading: list[object], name: object, what: str, span: Span, code: str) -> None:
    if name in reading:
        shop.report.error(code, f"{what} calls itself", span)
        raise Poisoned
    if len(reading) > MAX_DEPTH:
        shop.report.error("nesting-too-deep", f"calls are nested more than {MAX_DEPTH} deep here", span)
        raise Poisoned


def fresh_key(draft: Draft, name: str | None) -> str:
    base, number = name or "forward", 1
    taken = {body.key for body in draft.bodies.values() if body is not None}
    while (key := base if number == 1 else f"{base}.{number}") in taken:
        number += 1
    return key


def _key(arg: Argument | None) -> object:
    """What a body depends on of one argument."""
    if arg is None:
        return None
    value = arg.value
    if isinstance(value, Size):
        return (value.ground, value.formula)
    if is_static(value):
        return (type(value), value)
    return _type_key(value.type) if hasattr(value, "type") else id(value)


def _type_key(type: d.Type) -> object:
    if isinstance(type, d.Many):
        return tuple(_type_key(item) for item in type.items)
    return (type.dtype, type.optional, tuple((size.ground, size.formula) for size in type.dims))


# ---------------------------------------------------------------------------- reading


def new_flow(shop: Shop, binding: Binding, draft: Draft | None, numbering: Numbering) -> Flow:
    flow = Flow(shop, binding.home, draft, numbering, dict(binding.names), binding.sizes, keeps=shop.keeps)
    if draft is not None:
        for name, spec in draft.unit.states.items():
            flow.names.setdefault(name, first_value(flow, name, spec))
    return flow


def read_body(
    flow: Flow, binding: Binding, item: ast.Forward | ast.Function, name: str | None, key: str, root: bool = False
) -> d.Body | None:
    inputs = tuple(_input(flow, binding, one, root) for one in item.inputs)
    _deciding(flow, item.body or ())
    if not flow.done and not flow.failed:
        flow.shop.report.error("no-return", "this does not return on every way through", item.span)
    try:
        output = check_outputs(flow, item.outputs) if flow.returned else None
    except Poisoned:
        return None
    if flow.failed or not flow.done or output is None:
        return None
    places = dict(binding.places)
    if flow.draft is not None and flow.keeps:
        for spec in flow.draft.unit.states.values():
            if spec.size_name is not None and spec.growing is not None:
                places[spec.size_name] = (f"state:{spec.name}", spec.growing)
    names = tuple(one.name for one in item.outputs)
    states = tuple(flow.states.items())
    sizes = tuple(places.items())
    body = d.Body(key, name, inputs, tuple(flow.out), output, names, sizes, states, flow.keeps, span=item.span)
    return body if flow.draft is None or root or name is None else without_states(body, flow.draft.unit)


def _deciding(flow: Flow, body: tuple[ast.Statement, ...]) -> None:
    """Reads the statements, and notes the parameters whose very value decides what they are (loops, positions)."""
    shop, outside = flow.shop, flow.shop.trace
    shop.trace = Trace()
    try:
        flow.run(body)
    finally:
        shop.decided |= shop.trace.pinned()
        outside.guards.update(shop.trace.guards)
        shop.trace = outside


def _input(flow: Flow, binding: Binding, one: ast.Input, root: bool) -> d.Input:
    """An input as the body knows it; one that is left out takes its default here."""
    if one.name in binding.inputs:
        return _with_default(flow, binding.inputs[one.name], one) if root else binding.inputs[one.name]
    assert one.default is not None
    try:
        value = expressions.value(flow, one.default)
        if is_static(value):
            flow.names[one.name] = value
        else:
            flow.assign(one.name, value, one.default.span, one.span)
    except Poisoned:
        flow.failed = True
    return d.Input(one.name, None)


def _with_default(flow: Flow, known: d.Input, one: ast.Input) -> d.Input:
    """The root's inputs keep their defaults for the caller of the module."""
    if one.default is None or (isinstance(known.type, d.Tensor) and known.type.optional):
        return known
    try:
        value = expressions.value(flow, one.default)
    except Poisoned:
        flow.failed = True
        return known
    return d.Input(known.name, known.type, operand(value, one.default.span), known.size)
