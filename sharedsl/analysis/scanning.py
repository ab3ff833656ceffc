"""`scan(cell, x, along = T)`: a layer applied at every position of an axis, its states handed from step to step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sharedsl.analysis.arguments import Poisoned
from sharedsl.analysis.calls import call_layer
from sharedsl.analysis.flow_values import RUNTIME, Ref, V, described
from sharedsl.analysis.inputs import Argument
from sharedsl.diagnostics import Label
from sharedsl.model import dataflow as d
from sharedsl.model.sizes import Size
from sharedsl.model.tree import Unit
from sharedsl.record import replace
from sharedsl.source import Span
from sharedsl.syntax import ast

if TYPE_CHECKING:
    from sharedsl.analysis.flow import Flow

HOW = "write `scan(cell, x, along = T)`"


def scan(flow: Flow, args: list[Argument], expr: ast.Call) -> d.Expr:
    """Raises Poisoned where something is wrong, which is reported."""
    settings = {arg.name: arg for arg in args if arg.name in ("along", "reverse")}
    inputs = [arg for arg in args if arg.name not in settings]
    ref = _cell(flow, inputs, expr.span)
    length = _length(flow, settings.get("along"), expr.span)
    reverse = settings["reverse"].value if "reverse" in settings else False
    if not isinstance(reverse, bool):
        raise flow.error("wrong-kind", "`reverse` is true or false", settings["reverse"].span)
    steps, axes = _steps(flow, ref, inputs[1:], length, expr.span)
    call = _one_step(flow, ref, steps, expr.span)
    whole = {id(step.value): (arg.value, axis) for step, arg, axis in zip(steps, inputs[1:], axes, strict=True)}
    operands, places = [], []
    for operand in call.args:
        value, axis = whole.get(id(operand), (operand, None))
        operands.append(value)
        places.append(axis)
    first = next(axis for axis in axes if axis is not None)
    result = _stacked(flow, call.type, first, length, expr.span)
    scanned = d.Scanned(tuple(places), first, length, reverse, flow.keeps and not reverse)
    return replace(call, args=tuple(operands), type=result, scan=scanned)


def _cell(flow: Flow, inputs: list[Argument], span: Span) -> Ref:
    """What is applied: a layer or a stack of this block that keeps states of fixed sizes."""
    if len(inputs) < 2 or inputs[0].name is not None:
        raise flow.error("wrong-count", "`scan` takes a layer and what it goes along", span, help=HOW)
    ref = inputs[0].value
    if not isinstance(ref, Ref):
        message = f"`scan` applies a layer, and this is {described(ref)}"
        raise flow.error("not-callable", message, inputs[0].span, help=HOW)
    assert flow.draft is not None
    child = flow.draft.unit.children[ref.child]
    for at in ref.indices or (0,):
        unit = child.units[at]
        also = (Label(child.span, f"`{child.name}` is declared here"),)
        if not _keeps(unit):
            message = f"`{unit.name}` keeps no state, so its steps would know nothing of each other"
            help = "apply it to the whole sequence, `cell(x)`, or give the block a `state`"
            flow.shop.report.error("scan-cell", message, inputs[0].span, "", *also, help=help)
            raise Poisoned
        growing = _growing(unit)
        if growing is not None:
            message = f"the state `{growing}` of `{unit.name}` grows, and what a scan carries has a fixed size"
            help = "layers with growing states take the whole sequence: apply the layer itself"
            flow.shop.report.error("scan-cell", message, inputs[0].span, "", *also, help=help)
            raise Poisoned
    return ref


def _keeps(unit: Unit) -> bool:
    return bool(unit.states) or any(_keeps(each) for each in _inside(unit))


def _growing(unit: Unit) -> str | None:
    own = next((each.name for each in unit.states.values() if each.growing is not None), None)
    return own or next((name for each in _inside(unit) if (name := _growing(each))), None)


def _inside(unit: Unit) -> list[Unit]:
    """The different units of the layers that a unit declares."""
    return list({id(each): each for child in unit.children.values() for each in child.units}.values())


def _length(flow: Flow, along: Argument | None, span: Span) -> Size:
    if along is None:
        raise flow.error("missing-argument", "`scan` needs the axis that it goes along", span, help=HOW)
    if not isinstance(along.value, Size):
        message = f"`along` is a size, such as T, not {described(along.value)}"
        raise flow.error("wrong-kind", message, along.span, help=HOW)
    return along.value


def _steps(
    flow: Flow, ref: Ref, inputs: list[Argument], length: Size, span: Span
) -> tuple[list[Argument], list[int | None]]:
    """What one step is given, and the axis along which each input is walked (None: every step gets all of it)."""
    steps: list[Argument] = []
    axes: list[int | None] = []
    for at, arg in enumerate(inputs):
        axis = _axis(flow, arg, length)
        if axis is None and at == 0:
            message = f"`scan` goes along {length}, and this has no such axis: {described(arg.value)}"
            raise flow.error("scan-axis", message, arg.span)
        step: V = arg.value
        if axis is not None:
            dims = arg.value.type.dims
            step = d.Var(f"{ref.child} {at}", replace(arg.value.type, dims=dims[:axis] + dims[axis + 1 :]), span=span)
        steps.append(Argument(arg.name, step, arg.span))
        axes.append(axis)
    return steps, axes


def _axis(flow: Flow, arg: Argument, length: Size) -> int | None:
    """The axis of this length: the only one, or the only one that is called so."""
    if not isinstance(arg.value, RUNTIME) or not isinstance(arg.value.type, d.Tensor):
        return None
    dims = arg.value.type.dims
    found = [at for at, size in enumerate(dims) if size.same(length)]
    named = [at for at in found if dims[at].code == length.code]
    if len(found) > 1 and len(named) == 1:
        found = named
    if len(found) > 1:
        message = f"axes {found[0]} and {found[1]} are both {length}: which one `scan` goes along is not clear"
        help = "name the axes apart in the forward's inputs"
        raise flow.error("scan-axis", message, arg.span, help=help)
    return found[0] if found else None


def _one_step(flow: Flow, ref: Ref, steps: list[Argument], span: Span) -> d.Call:
    """The call at one position, whose states are the caller's."""
    shop, before = flow.shop, flow.shop.keeps
    shop.keeps = True
    try:
        call = call_layer(flow, ref, steps, span)
    finally:
        shop.keeps = before
    assert isinstance(call, d.Call)
    return call


def _stacked(flow: Flow, type: d.Type, axis: int, length: Size, span: Span) -> d.Type:
    """The results of all steps, side by side along the axis."""
    if isinstance(type, d.Many):
        return d.Many(tuple(_stacked(flow, each, axis, length, span) for each in type.items))
    if len(type.dims) < axis:
        message = f"a step gives {type}, which has no place for axis {axis}"
        raise flow.error("scan-axis", message, span, help="put the scanned axis earlier")
    return replace(type, dims=(*type.dims[:axis], length, *type.dims[axis:]))
