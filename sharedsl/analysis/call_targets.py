"""Calls in forward that are no layers': other forwards of the block, functions of the spec, forwards of a layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sharedsl.analysis.arguments import Poisoned
from sharedsl.analysis.bodies import forward_body, function_body
from sharedsl.analysis.flow_values import Forwarding, Ref, V, operand
from sharedsl.analysis.inputs import Argument, match
from sharedsl.analysis.names import unknown
from sharedsl.analysis.outputs import outward
from sharedsl.analysis.scope import Definition
from sharedsl.model import dataflow as d
from sharedsl.model.sizes import Real, Size
from sharedsl.source import Span
from sharedsl.syntax import ast

if TYPE_CHECKING:
    from sharedsl.analysis.flow import Flow


def call_self(flow: Flow, target: Forwarding, args: list[Argument], span: Span) -> d.Expr:
    """Another forward of the same block: its layers are this application's."""
    draft = flow.draft
    assert draft is not None
    forward = draft.forwards[target.name]
    given = match(flow.shop, forward.inputs, args, f"`{target.name}`", span)
    body = forward_body(flow.shop, draft, forward, given, flow.numbering)
    operands = tuple(operand(given[one.name].value, span) if one.name in given else None for one in forward.inputs)
    return d.CallSelf(body.key, operands, outward(body, given, {}), span=span)


def call_function(flow: Flow, target: Definition, args: list[Argument], span: Span) -> d.Expr:
    item = target.item
    assert isinstance(item, ast.Function)
    given = match(flow.shop, item.inputs, args, f"`{item.name}`", span)
    given = {name: _lifted(one, given[name]) for one in item.inputs if (name := one.name) in given}
    body = function_body(flow.shop, target, given)
    known = {one.name: one.type for one in body.inputs}
    operands = tuple(
        operand(given[one.name].value, span) if one.name in given and known[one.name] is not None else None
        for one in item.inputs
    )
    return d.CallFunction(body.key, operands, outward(body, given, {}), span=span)


def _lifted(one: ast.Input, arg: Argument) -> Argument:
    """A plain number where a tensor is wanted."""
    if one.type.dims is not None and isinstance(arg.value, Size | Real):
        return Argument(arg.name, operand(arg.value, arg.span), arg.span)
    return arg


def method(flow: Flow, ref: Ref, name: str, span: Span) -> V:
    """`layer.encode`: a named forward of a layer."""
    draft = flow.draft
    assert draft is not None
    unit = draft.unit.children[ref.child].units[ref.indices[0] if ref.indices else 0]
    inner = flow.shop.draft(unit)
    if name in inner.forwards:
        return Ref(ref.child, ref.indices, ref.whole, ref.element, name)
    if name in unit.children or name in unit.weights:
        kind = "layer" if name in unit.children else "weight"
        message = f"the {kind} `{name}` inside `{ref.child}` cannot be used from outside yet"
        raise flow.error("not-yet", message, span, help=f"give `{unit.name}` a named forward that uses it")
    message = f"`{unit.name}` has no forward called `{name}`"
    candidates = [each for each in inner.forwards if each]
    flow.shop.report.add(unknown("unknown-name", message, name, span, candidates))
    raise Poisoned
