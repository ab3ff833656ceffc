"""Expressions of `forward`: what is known when the spec is compiled is computed, the rest becomes dataflow."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sharedsl.analysis import arithmetic, calling, choices
from sharedsl.analysis.arguments import Poisoned
from sharedsl.analysis.flow_values import BAD, Forwarding, Ref, V
from sharedsl.analysis.indexing import index
from sharedsl.analysis.library import where_in_std
from sharedsl.analysis.names import unknown
from sharedsl.comptime.evaluate import CONSTANTS, number
from sharedsl.diagnostics import Diagnostic, Edit, Fix, Label
from sharedsl.model import dataflow as d
from sharedsl.record import replace
from sharedsl.syntax import ast

if TYPE_CHECKING:
    from sharedsl.analysis.flow import Flow

#: names of number formats, for `cast`
WORDS = frozenset((
    "float16", "bfloat16", "float32", "float64", "int8", "int16", "int32", "int64", "float", "int", "bool",
))  # fmt: skip


def value(flow: Flow, expr: ast.Expr) -> V:
    """What `expr` stands for. Raises Poisoned where it stands for nothing; that is reported then."""
    match expr:
        case ast.Number():
            return number(expr)
        case ast.String():
            return expr.value
        case ast.Name():
            return name(flow, expr)
        case ast.Unary(op="not"):
            return arithmetic.opposite(flow, value(flow, expr.operand), expr)
        case ast.Unary():
            return arithmetic.negative(flow, value(flow, expr.operand), expr)
        case ast.Binary(op="and" | "or"):
            return arithmetic.logic(flow, expr)
        case ast.Binary():
            return arithmetic.binary(flow, expr)
        case ast.Ternary():
            return choices.ternary(flow, expr)
        case ast.Pipe():
            return calling.pipe(flow, expr)
        case ast.Call():
            return calling.call(flow, expr, ())
        case ast.Attribute():
            return calling.attribute(flow, expr)
        case ast.Index():
            return index(flow, expr)
        case ast.List() | ast.Tuple():
            return _items(flow, expr)
        case ast.Comprehension():
            return _comprehension(flow, expr)
        case ast.At():
            raise flow.error("not-a-value", "`@` numbers applications in plans; it means nothing here", expr.span)
        case _:
            raise Poisoned


# ---------------------------------------------------------------------------- names


def name(flow: Flow, expr: ast.Name) -> V:
    """A local name, a member of the block, a size, or what the file can name."""
    found = find(flow, expr.name)
    if found is BAD:
        raise Poisoned
    if found is not None or expr.name == "none" or flow.names.get(expr.name, BAD) is None:
        return found
    if flow.draft is not None and flow.draft.names.get(expr.name, BAD) is None:
        return None
    if expr.name in flow.home.known:
        return flow.home.known[expr.name]
    if expr.name in WORDS:
        return expr.name
    raise nothing_called(flow, expr)


def nothing_called(flow: Flow, expr: ast.Name, more: Iterable[str] = ()) -> Poisoned:
    """Reports a name that stands for nothing: with the import that would bring it, or the nearest name in reach."""
    if expr.name in flow.ended:
        message = f"`{expr.name}` is made anew by each turn of a loop, and ends with it"
        also = Label(flow.ended[expr.name], "made here")
        help = f"give `{expr.name}` a value before the loop, of the type that a turn gives it"
        flow.shop.report.error("unknown-name", message, expr.span, "", also, help=help)
        return Poisoned()
    module = where_in_std(expr.name)
    help = f'`import "{module}" {{ {expr.name} }}` brings it in' if module else ""
    candidates = () if module else (*in_reach(flow), *more)
    message = f"nothing here is called `{expr.name}`"
    found = unknown("unknown-name", message, expr.name, expr.span, candidates, help)
    flow.shop.report.add(found if found.fixes or help else _of_sizes(flow, expr, found))
    return Poisoned()


def _of_sizes(flow: Flow, expr: ast.Name, found: Diagnostic) -> Diagnostic:
    """Sizes are single letters, which are like all others: those that there are, and the one beside the batch."""
    names = [name for name in flow.sizes if name.isupper()]
    if not expr.name.isupper() or not names:
        return found
    others = [name for name in names if name != "B"]
    shown = " and ".join(f"`{name}`" for name in names)
    fixes = (Fix(f"did you mean `{others[0]}`?", (Edit(expr.span, others[0]),)),) if len(others) == 1 else ()
    return replace(found, help=f"the sizes of the inputs are {shown}", fixes=fixes)


def find(flow: Flow, text: str) -> V:
    """What the block itself calls `text`; None for nothing (or for the value none)."""
    if text in flow.names:
        return flow.names[text]
    draft = flow.draft
    if draft is not None:
        unit = draft.unit
        if text in unit.children:
            child = unit.children[text]
            count = len(child.units)
            return Ref(text, tuple(range(count)), whole=True) if child.stacked else Ref(text)
        if text in unit.weights:
            spec = unit.weights[text]
            return d.Weight(text, d.Tensor("float", tuple(axis.size for axis in spec.axes)))
        if text in unit.buffers:
            return d.Buffer(text, unit.buffers[text].type)
        if text in draft.broken:
            return BAD
        if text in draft.names:
            return draft.names[text]
        if text in draft.forwards:
            return Forwarding(text)
    if text in flow.sizes:
        return flow.sizes[text]
    return CONSTANTS.get(text)


def in_reach(flow: Flow) -> list[str]:
    """Every name that could stand here, for suggestions."""
    names = [*flow.names, *flow.sizes]
    if flow.draft is not None:
        unit = flow.draft.unit
        names += [*unit.children, *unit.weights, *unit.buffers, *unit.states, *flow.draft.names]
        names += [each for each in flow.draft.forwards if each]
    return [*names, *flow.home.known]


def _items(flow: Flow, expr: ast.List | ast.Tuple) -> V:
    found: list[V] = []
    failed = False
    for item in expr.items:
        try:
            found.append(value(flow, item))
        except Poisoned:
            failed = True
    if failed:
        raise Poisoned
    return tuple(found)


def _comprehension(flow: Flow, expr: ast.Comprehension) -> V:
    from sharedsl.analysis.loops import elements, turns

    items = turns(flow, value(flow, expr.source), len(expr.names), expr.source.span)
    before, found = flow.names, []
    try:
        for item in items:
            parts = (item,) if len(expr.names) == 1 else elements(item)
            if parts is None or len(parts) != len(expr.names):
                raise flow.error("wrong-count", f"{len(expr.names)} names do not fit these items", expr.source.span)
            flow.names = {**before, **dict(zip(expr.names, parts, strict=True))}
            if expr.condition is None or choices.condition(flow, expr.condition) is True:
                found.append(value(flow, expr.value))
    finally:
        flow.names = before
    return tuple(found)
