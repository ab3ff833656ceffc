"""Reads one forward (or function) for inputs of given shapes: from its text to a Body, once for equal inputs."""

from __future__ import annotations

from collections.abc import Mapping

from sharedsl.analysis import expressions
from sharedsl.analysis.arguments import Poisoned, value_of
from sharedsl.analysis.flow import Flow
from sharedsl.analysis.flow_values import V, is_static, operand
from sharedsl.analysis.inputs import Argument, Binding, is_runtime_name
from sharedsl.analysis.numbering import Numbering, finish
from sharedsl.analysis.outputs import check_outputs
from sharedsl.analysis.scope import Definition
from sharedsl.analysis.shop import MAX_DEPTH, Draft, Shop
from sharedsl.model import dataflow as d
from sharedsl.model import poly, sizes
from sharedsl.model.sizes import Real, Size
from sharedsl.model.tree import StateSpec
from sharedsl.source import Span
from sharedsl.syntax import ast

Given = Mapping[str, Argument]


def forward_body(shop: Shop, draft: Draft, forward: ast.Forward, given: Given, outer: Numbering | None = None) -> d.Body:
    """The body of a block's forward. `outer` is the numbering of the forward of the same block that calls it."""
    counts = (id(outer), outer.counts.key()) if outer else None
    key = (forward.name, tuple(_key(given.get(one.name)) for one in forward.inputs), counts)
    if key in draft.bodies:
        return _found(draft.bodies[key])
    what = f"`{forward.name}` of `{draft.unit.name}`" if forward.name else f"`{draft.unit.name}`"
    _refuse_recursion(shop, draft.reading, forward.name, what, forward.span, "recursive-forward")
    assert draft.home is not None
    binding = Binding(shop, draft.home, draft.names, what, state_sizes(shop, draft))
    binding.bind(forward.inputs, given)
    numbering = outer or Numbering()
    flow = _flow(shop, binding, draft, numbering)
    draft.reading.append(forward.name)
    try:
        body = _read(flow, binding, forward, forward.name, _fresh_key(draft, forward.name))
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
        name = shop.function_keys[key]
        return _found(shop.functions.get(name) if name else None)
    what = f"`{item.name}`"
    _refuse_recursion(shop, shop.reading, id(target), what, item.name_span, "recursive-function")
    binding = Binding(shop, target.home, {}, what)
    binding.bind(item.inputs, given)
    flow = _flow(shop, binding, None, Numbering())
    name = item.name
    taken = set(shop.function_keys.values())
    while name in taken:
        number = name.rpartition(".")[2]
        name = f"{item.name}.{int(number) + 1 if number.isdigit() else 2}"
    shop.reading.append(id(target))
    try:
        body = _read(flow, binding, item, item.name, name)
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


def _fresh_key(draft: Draft, name: str | None) -> str:
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


def state_sizes(shop: Shop, draft: Draft) -> dict[str, Size]:
    """The sizes that a block's states bind, which the axes of its inputs may mention."""
    states = draft.unit.states.values()
    found = {spec.size_name: grown_size(shop, spec.size_name) for spec in states if spec.size_name is not None}
    for spec in states:
        if spec.type is None and isinstance(spec.value, Size):
            found[spec.name] = sizes.runtime(spec.name) if shop.incremental else spec.value
    return found


def grown_size(shop: Shop, name: str) -> Size:
    """How long a growing state is at the start of a call."""
    if not shop.incremental:
        return sizes.size(0)
    return Size(poly.name(shop.grown or name), poly.name(shop.grown or name), sizes.named(name))


def _flow(shop: Shop, binding: Binding, draft: Draft | None, numbering: Numbering) -> Flow:
    flow = Flow(shop, binding.home, draft, numbering, dict(binding.names), binding.sizes)
    if draft is not None:
        for name, spec in draft.unit.states.items():
            flow.names.setdefault(name, _state(flow, name, spec))
    return flow


def _state(flow: Flow, name: str, spec: StateSpec) -> V:
    """What a state stands for at the start: what is kept, or its first value where nothing is."""
    incremental = flow.shop.incremental
    if spec.type is None:
        return sizes.runtime(name) if incremental else spec.value
    if spec.size_name is not None:
        flow.sizes[spec.size_name] = grown_size(flow.shop, spec.size_name)
    dims = tuple(flow.sizes.get(str(size), size) for size in spec.type.dims)
    spec.type = type = d.Tensor(spec.type.dtype, dims)
    if incremental:
        return d.Var(name, type, span=spec.span)
    if isinstance(spec.value, Size | Real) and spec.value.value:
        return d.Op("full", (), (("dims", dims), ("value", spec.value)), type, span=spec.span)
    return d.Op("zeros", (), (("dims", dims),), type, span=spec.span)


def _read(
    flow: Flow, binding: Binding, item: ast.Forward | ast.Function, name: str | None, key: str, root: bool = False
) -> d.Body | None:
    inputs = tuple(_input(flow, binding, one, root) for one in item.inputs)
    flow.run(item.body or ())
    if not flow.done and not flow.failed:
        flow.shop.report.error("no-return", "this does not return on every way through", item.span)
    if flow.failed or not flow.done or not flow.returned:
        return None
    try:
        output = check_outputs(flow, item.outputs)
    except Poisoned:
        return None
    places = dict(binding.places)
    if flow.draft is not None and flow.shop.incremental:
        for spec in flow.draft.unit.states.values():
            if spec.size_name is not None and spec.growing is not None:
                places[spec.size_name] = (f"state:{spec.name}", spec.growing)
    names = tuple(one.name for one in item.outputs)
    return d.Body(key, name, inputs, tuple(flow.out), output, names, tuple(places.items()), span=item.span)


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


# ---------------------------------------------------------------------------- the root


def root_body(shop: Shop, draft: Draft, forward: ast.Forward, numbering: Numbering) -> d.Body | None:
    """The body of an entry point: every input given, sizes as the forward names them."""
    assert draft.home is not None
    what = f"`{draft.unit.name}`"
    binding = Binding(shop, draft.home, draft.names, what, state_sizes(shop, draft))
    try:
        given = {one.name: _root_argument(shop, draft, one) for one in forward.inputs}
        binding.bind(forward.inputs, {name: arg for name, arg in given.items() if arg is not None})
    except Poisoned:
        return None
    flow = _flow(shop, binding, draft, numbering)
    draft.reading.append(forward.name)
    try:
        body = _read(flow, binding, forward, forward.name, _fresh_key(draft, forward.name), root=True)
    finally:
        draft.reading.pop()
    if body is not None:
        draft.bodies["root", forward.name] = body
        draft.unit.bodies[body.key] = body
    return body


def _root_argument(shop: Shop, draft: Draft, one: ast.Input) -> Argument | None:
    """What the caller of the module will give, as far as it is known now."""
    if one.type.base not in ("int", "float", "bool"):
        shop.report.error("unknown-dtype", f"a model's input cannot be `{one.type.base}`", one.type.span)
        raise Poisoned
    if one.type.dims is None:
        if one.type.base == "bool":
            if one.default is None:
                help = "make it a parameter of the model"
                shop.report.error("not-yet", "a bool that is given at run time is not supported yet", one.span, help=help)
                raise Poisoned
            return None
        value: V = sizes.runtime(one.name) if one.type.base == "int" else d.Var(one.name, d.Tensor("float", ()))
        return Argument(one.name, value, one.span)
    assert draft.home is not None
    optional = isinstance(one.default, ast.Name) and one.default.name == "none"
    if optional and shop.presence is False:
        return None
    dims: list[Size] = []
    for dim in one.type.dims:
        dims += _root_dim(shop, draft, dim)
    type = d.Tensor(one.type.base, tuple(dims), optional and shop.presence is None)
    return Argument(one.name, d.Var(one.name, type, span=one.span), one.span)


def _root_dim(shop: Shop, draft: Draft, dim: ast.Dim) -> list[Size]:
    if dim.value is None and draft.unit.kind == "model":
        help = "write every axis: `float[B, T, dim]`"
        shop.report.error("input-shape", "a model's inputs have a fixed number of axes", dim.span, help=help)
        raise Poisoned
    if dim.value is None:
        return [sizes.runtime("B"), sizes.runtime("T")]
    if isinstance(dim.value, ast.Name) and is_runtime_name(dim.value.name, draft.names):
        name = dim.value.name
        known = shop.inferred.get(name)
        return [sizes.runtime(name) if known is None else Size(known.ground, known.formula, sizes.named(name))]
    assert draft.home is not None
    names = {**{name: sizes.runtime(name) for name in _runtime_names(draft)}, **draft.names}
    for state in draft.unit.states.values():
        if state.type is None:
            names[state.name] = sizes.runtime(state.name) if shop.incremental else state.value
    names |= state_sizes(shop, draft)
    value = value_of(dim.value, shop.names(names, draft.home), shop.report)
    if not isinstance(value, Size):
        shop.report.error("bad-size", "a size must be a whole number", dim.span)
        raise Poisoned
    return [value]


def _runtime_names(draft: Draft) -> set[str]:
    """Every name that some input of the block's forwards binds when the module runs."""
    found: set[str] = set()
    for forward in draft.forwards.values():
        for one in forward.inputs:
            if one.type.base == "int" and one.type.dims is None:
                found.add(one.name)
            lone = [dim.value.name for dim in one.type.dims or () if isinstance(dim.value, ast.Name)]
            found |= {name for name in lone if is_runtime_name(name, draft.names)}
    return found
