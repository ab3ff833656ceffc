"""The root's forwards: what the caller of the module gives, as far as it is known when the spec is compiled."""

from __future__ import annotations

from sharedsl.analysis.arguments import Poisoned, value_of
from sharedsl.analysis.bodies import fresh_key, new_flow, read_body
from sharedsl.analysis.entries import bound_sizes, enter, entry_size
from sharedsl.analysis.flow_values import V
from sharedsl.analysis.inputs import Argument, Binding, is_runtime_name
from sharedsl.analysis.names import unknown
from sharedsl.analysis.numbering import Numbering
from sharedsl.analysis.shop import Draft, Shop
from sharedsl.analysis.states import state_sizes
from sharedsl.model import dataflow as d
from sharedsl.model import sizes
from sharedsl.model.sizes import Size
from sharedsl.source import Span
from sharedsl.syntax import ast


def root_body(shop: Shop, draft: Draft, forward: ast.Forward, numbering: Numbering) -> d.Body | None:
    """The body of an entry point: every input given, sizes as the forward names them."""
    assert draft.home is not None
    what = f"`{draft.unit.name}`"
    enter(shop, draft, forward)
    binding = Binding(shop, draft.home, draft.names, what, state_sizes(shop, draft))
    try:
        given = {one.name: _root_argument(shop, draft, forward, one) for one in forward.inputs}
        binding.bind(forward.inputs, {name: arg for name, arg in given.items() if arg is not None})
    except Poisoned:
        return None
    flow = new_flow(shop, binding, draft, numbering)
    draft.reading.append(forward.name)
    try:
        body = read_body(flow, binding, forward, forward.name, fresh_key(draft, forward.name), root=True)
    finally:
        draft.reading.pop()
    if body is not None:
        draft.bodies["root", forward.name] = body
        draft.unit.bodies[body.key] = body
    return body


def _root_argument(shop: Shop, draft: Draft, forward: ast.Forward, one: ast.Input) -> Argument | None:
    """What the caller of the module will give, as far as it is known now."""
    if one.type.base not in ("int", "float", "bool"):
        place = Span(one.type.span.path, one.type.span.start, one.type.span.start + len(one.type.base))
        message = f"a model's input cannot be `{one.type.base}`"
        shop.report.add(unknown("unknown-dtype", message, one.type.base, place, ("int", "float", "bool")))
        raise Poisoned
    if one.type.dims is None:
        if one.type.base == "bool":
            if one.default is None:
                help = "make it a parameter of the model"
                shop.report.error(
                    "not-yet", "a bool that is given at run time is not supported yet", one.span, help=help
                )
                raise Poisoned
            return None
        value: V = entry_size(shop, one.name) if one.type.base == "int" else d.Var(one.name, d.Tensor("float", ()))
        return Argument(one.name, value, one.span)
    assert draft.home is not None
    optional = isinstance(one.default, ast.Name) and one.default.name == "none"
    if optional and shop.presence is False:
        return None
    dims: list[Size] = []
    for dim in one.type.dims:
        dims += _root_dim(shop, draft, forward, dim)
    type = d.Tensor(one.type.base, tuple(dims), optional and shop.presence is None)
    return Argument(one.name, d.Var(one.name, type, span=one.span), one.span)


def _root_dim(shop: Shop, draft: Draft, forward: ast.Forward, dim: ast.Dim) -> list[Size]:
    if dim.value is None and draft.unit.kind == "model":
        help = "write every axis: `float[B, T, dim]`"
        shop.report.error("input-shape", "a model's inputs have a fixed number of axes", dim.span, help=help)
        raise Poisoned
    if dim.value is None:
        return [sizes.runtime("B"), sizes.runtime("T")]
    if isinstance(dim.value, ast.Name) and is_runtime_name(dim.value.name, draft.names):
        return [entry_size(shop, dim.value.name)]
    assert draft.home is not None
    names = {**bound_sizes(shop, draft, forward), **draft.names}
    for state in draft.unit.states.values():
        if state.type is None:
            names[state.name] = sizes.runtime(state.name) if shop.keeps else state.value
    names |= state_sizes(shop, draft)
    value = value_of(dim.value, shop.names(names, draft.home), shop.report)
    if not isinstance(value, Size):
        shop.report.error("bad-size", "a size must be a whole number", dim.span)
        raise Poisoned
    return [value]
