"""The types of values in forwards, as the build that decides a block's sizes has them."""

from __future__ import annotations

from sharedsl.analysis.show import type_
from sharedsl.ide.facts import Facts
from sharedsl.ide.symbols import Occurrence
from sharedsl.ide.view import View
from sharedsl.model.dataflow import Body, Type
from sharedsl.syntax import ast

Types = dict[tuple[int, int, str], Type]


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
    name, at = found.symbol.name, found.span.start
    best: tuple[int, Type] | None = None
    for (start, end, target), type in types_of(view, item).items():
        if target == name and (end <= at or start == at) and (best is None or start >= best[0]):
            best = (start, type)
    if best is not None:
        return type_(best[1])
    return _declared(view, item, found)


def _declared(view: View, item: ast.Item, found: Occurrence) -> str:
    """Of an input, a state or a buffer."""
    name = found.symbol.name
    facts = view.facts.of_block(item) if isinstance(item, ast.Block | ast.Function) else None
    if facts is None:
        return ""
    for body in _bodies(facts, item):
        for one in body.inputs:
            if one.name == name and one.type is not None:
                return type_(one.type)
    if isinstance(item, ast.Block) and item.name_span in facts.units:
        unit = facts.units[item.name_span][0]
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
    known = facts.units.get(item.name_span)
    return list(known[0].bodies.values()) if known is not None else []
