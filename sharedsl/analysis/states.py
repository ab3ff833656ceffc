"""The states of a block: what they stand for at the start of a call, how long the growing ones are, `once`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sharedsl.analysis.dead import lengths_said
from sharedsl.analysis.flow_values import V, is_static, operand
from sharedsl.analysis.inputs import Argument
from sharedsl.analysis.shop import Draft, Shop
from sharedsl.model import dataflow as d
from sharedsl.model import poly, sizes
from sharedsl.model.flowing import nodes
from sharedsl.model.sizes import Real, Size
from sharedsl.model.tree import StateSpec, Unit
from sharedsl.record import replace
from sharedsl.syntax import ast

if TYPE_CHECKING:
    from sharedsl.analysis.flow import Flow


def state_sizes(shop: Shop, draft: Draft) -> dict[str, Size]:
    """The sizes that a block's states bind, which the axes of its inputs may mention."""
    states = draft.unit.states.values()
    found = {spec.size_name: grown_size(shop, spec.size_name) for spec in states if spec.size_name is not None}
    for spec in states:
        if spec.type is None and isinstance(spec.value, Size):
            found[spec.name] = sizes.runtime(spec.name) if shop.keeps else spec.value
    return found


def grown_size(shop: Shop, name: str) -> Size:
    """How long a growing state is at the start of a call."""
    if not shop.incremental:
        return sizes.size(0)
    return Size(poly.name(shop.grown or name), poly.name(shop.grown or name), sizes.named(name))


def first_value(flow: Flow, name: str, spec: StateSpec) -> V:
    """What a state stands for at the start: what is kept, or its first value where nothing is."""
    if spec.type is None:
        flow.states[name] = None
        return sizes.runtime(name) if flow.keeps else spec.value
    if spec.size_name is not None:
        flow.sizes[spec.size_name] = grown_size(flow.shop, spec.size_name)
    dims = tuple(flow.sizes.get(str(size), size) for size in spec.type.dims)
    flow.states[name] = type = d.Tensor(spec.type.dtype, dims)
    if flow.keeps:
        return d.Var(name, type, span=spec.span)
    if isinstance(spec.value, Size | Real) and spec.value.value:
        return d.Op("full", (), (("dims", dims), ("value", spec.value)), type, span=spec.span)
    return d.Op("zeros", (), (("dims", dims),), type, span=spec.span)


def misfit(flow: Flow, spec: StateSpec, type: d.Type) -> str | None:
    """Why a value of this type cannot be kept as the state; None where it can. A growing axis may have any length."""
    want = flow.states[spec.name]
    assert want is not None
    if not isinstance(type, d.Tensor) or len(type.dims) != len(want.dims):
        return f"the state `{spec.name}` has {len(want.dims)} axes, and this is {type}"
    fits = all(at == spec.growing or a.same(b) for at, (a, b) in enumerate(zip(want.dims, type.dims, strict=True)))
    return None if fits and type.dtype == want.dtype else f"the state `{spec.name}` is {want}, and this is {type}"


def without_states(body: d.Body, unit: Unit) -> d.Body:
    """A forward that has nothing to do with its block's states, for other forwards to use, is not handed any."""
    own = unit.states.keys()
    for each in nodes(body.statements):
        if isinstance(each, d.Keep | d.Once | d.CallSelf) or (isinstance(each, d.Var) and each.name in own):
            return body
        if isinstance(each, d.Use) and each.body is not None:
            return body
    lengths = {spec.size_name for spec in unit.states.values()} | own
    if lengths_said(body.statements) & lengths:
        return body
    sizes = tuple((size, place) for size, place in body.sizes if not place[0].startswith("state:"))
    return replace(body, states=(), keeps=False, sizes=sizes)


def once(flow: Flow, args: list[Argument], expr: ast.Call) -> V:
    """`once(e)`: the value of e; where states are kept, it is kept too, from the first step on."""
    if len(args) != 1 or args[0].name:
        raise flow.error("wrong-count", "`once` takes one value", expr.span)
    if flow.draft is None:
        help = "call `once` in the forward of a model or block"
        message = "a function belongs to no sequence: `once` has nowhere to keep the value"
        raise flow.error("not-a-value", message, expr.span, help=help)
    if not flow.keeps or is_static(args[0].value):
        return args[0].value
    value = operand(args[0].value, args[0].span)
    if value is None:
        return args[0].value
    name = _once_name(flow, value)
    flow.draft.unit.onces[name] = value.type
    return d.Once(name, value, value.type, span=expr.span)


def _maker(value: d.Expr) -> str:
    if isinstance(value, d.Call):
        return value.uses[0].child
    return value.body.partition(".")[0] if isinstance(value, d.CallSelf | d.CallFunction) else "once"


def _once_name(flow: Flow, value: d.Expr) -> str:
    """A name for the kept value, after what made it: the same whenever this forward is read."""
    draft, numbering = flow.draft, flow.numbering
    assert draft is not None
    number, numbering.onces = numbering.onces, numbering.onces + 1
    owner = (draft.reading[0] if draft.reading else None, number)
    hint = _maker(value)
    taken = {*draft.unit.states, *(name for name, known in draft.onces.items() if known != owner)}
    name, more = hint, 2
    while name in taken:
        name, more = f"{hint}_{more}", more + 1
    draft.onces[name] = owner
    return name
