"""The types of values in forwards, as the build that decides a block's sizes has them."""

from __future__ import annotations

from sharedsl.analysis.show import type_
from sharedsl.ide.facts import Facts
from sharedsl.ide.symbols import Occurrence
from sharedsl.ide.view import View
from sharedsl.model.dataflow import Body, Many, Type
from sharedsl.model.sizes import Named, Real, Size
from sharedsl.syntax import ast

Types = dict[tuple[int, int, str], Type]


def type_text(type: Type) -> str:
    """As `type_` shows it, but for many values of one type: `30 * float[B, T, 256]`."""
    if not isinstance(type, Many):
        return type_(type)
    each = [type_text(one) for one in type.items]
    if len(each) > 1 and len(set(each)) == 1:
        return f"{len(each)} * {each[0]}"
    return f"({', '.join(each[:4])}{', ..' if len(each) > 4 else ''})"


def types_of(view: View, item: ast.Item) -> Types:
    """(start and end of a statement, name) -> the name's type then, for an item of the view's file."""
    if not isinstance(item, ast.Block | ast.Function):
        return {}
    facts = view.facts.of_block(item)
    if facts is None:
        return {}
    if isinstance(item, ast.Function):
        return facts.function_types(view.path)
    return facts.types(item.name_span)


def type_at(view: View, found: Occurrence) -> str:
    """A value's type where it is named: that of the last assignment above."""
    item = view.item_at(found.span.start)
    if item is None:
        return ""
    if isinstance(item, ast.Plan):
        return _reused(view, item, found)
    name, at = found.symbol.name, found.span.start
    begin = _forward_start(item, at)
    best: tuple[int, Type] | None = None
    for (start, end, target), type in types_of(view, item).items():
        if (
            target == name
            and start >= begin
            and (end <= at or (start <= at and found.declares))
            and (best is None or start >= best[0])
        ):
            best = (start, type)
    if best is not None:
        return type_text(best[1])
    return _declared(view, item, found)


def _forward_start(item: ast.Item, at: int) -> int:
    """Where the forward begins that a place is in: two forwards may call different things the same."""
    body = item.body if isinstance(item, ast.Block) else ()
    spans = [each.span for each in body if isinstance(each, ast.Forward)]
    return next((span.start for span in spans if span.start <= at <= span.end), item.span.start)


def _reused(view: View, item: ast.Plan, found: Occurrence) -> str:
    """A value that `reuse` names: what the forward that computes it assigns last, or the state of that name."""
    file = view.analysis.scope.files.get(found.symbol.path)
    definition = file.names.get(found.symbol.inside.split(".")[0]) if file is not None else None
    facts = view.facts.of_plan(item)
    if definition is None or facts is None or not isinstance(definition.item, ast.Block):
        return ""
    types = facts.types(definition.item.name_span).items()
    ended = [(start, type) for (start, _, name), type in types if name == found.symbol.name]
    if ended:
        return type_text(max(ended, key=lambda each: each[0])[1])
    known = facts.unit(definition.item.name_span)
    state = known[0].states.get(found.symbol.name) if known is not None else None
    return type_(state.type) if state is not None and state.type is not None else ""


def shown_value(value: object) -> str:
    """A value that is known when the spec is compiled, as one writes it; nothing for what has no short form."""
    match value:
        case bool():
            return "true" if value else "false"
        case None:
            return "none"
        case str():
            return f'"{value}"'
        case Named():
            return value.name
        case tuple():
            shown = [shown_value(each) for each in value[:12]]
            return f"[{', '.join(shown)}{', ..' if len(value) > 12 else ''}]" if all(shown) else ""
        case Size() | Real() if value.value is not None:
            return f"{value.value:,}" if isinstance(value.value, int) else f"{value.value:g}"
        case _:
            return ""


def _declared(view: View, item: ast.Item, found: Occurrence) -> str:
    """Of an input, a state or a buffer."""
    name = found.symbol.name
    facts = view.facts.of_block(item) if isinstance(item, ast.Block | ast.Function) else None
    if facts is None:
        return ""
    bodies = sorted(_bodies(facts, item), key=lambda each: not each.span.start <= found.span.start <= each.span.end)
    for body in bodies:
        for one in body.inputs:
            if one.name == name and one.type is not None:
                return type_(one.type)
    known = facts.unit(item.name_span) if isinstance(item, ast.Block) else None
    if known is not None:
        unit = known[0]
        if name in unit.buffers:
            return type_(unit.buffers[name].type)
        state = unit.states.get(name)
        if state is not None:
            return type_(state.type) if state.type is not None else "int"
    return ""


def _bodies(facts: Facts, item: ast.Item) -> list[Body]:
    if isinstance(item, ast.Function):
        return [body for body in facts.model.functions.values() if body.span == item.span]
    assert isinstance(item, ast.Block)
    known = facts.unit(item.name_span)
    return list(known[0].bodies.values()) if known is not None else []
