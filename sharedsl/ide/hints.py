"""Inlay hints: shapes beside assignments, parameter counts and sharing beside layers. Each kind can be switched off."""

from __future__ import annotations

from collections.abc import Iterator

from sharedsl.ide.facts import Facts, Layer
from sharedsl.ide.numbers import count
from sharedsl.ide.symbols import word_at
from sharedsl.ide.values import Types, type_text, types_of
from sharedsl.ide.view import View
from sharedsl.record import dataclass
from sharedsl.source import Span
from sharedsl.syntax import ast

KINDS = ("shapes", "parameters", "sharing")


@dataclass(frozen=True, slots=True)
class Hint:
    """`text` stands at `offset`, as if it were part of the line. kind: shapes, parameters, sharing."""

    offset: int
    text: str
    kind: str
    tooltip: str = ""


def hints(view: View, start: int, end: int, kinds: tuple[str, ...] = KINDS) -> list[Hint]:
    """Those of the text between two places, in order."""
    found: list[Hint] = []
    for chunk in view.document.chunks:
        if chunk.end < start or chunk.start > end:
            continue
        for item in chunk.items:
            if isinstance(item, ast.Block | ast.Function):
                found += _of_item(view, item, kinds)
    return sorted((h for h in found if start <= h.offset <= end and h.kind in kinds), key=lambda h: (h.offset, h.kind))


def _of_item(view: View, item: ast.Block | ast.Function, kinds: tuple[str, ...]) -> Iterator[Hint]:
    if "shapes" in kinds:
        types = types_of(view, item)
        bodies = [item.body] if isinstance(item, ast.Function) else [each.body for each in _forwards(item)]
        for body in bodies:
            yield from _shapes(view, body or (), types)
    facts = view.facts.of_block(item)
    if facts is not None and isinstance(item, ast.Block) and facts.unit(item.name_span):
        for layer in _layers(item.body):
            yield from _counts(facts, item, layer)


def _forwards(item: ast.Block) -> list[ast.Forward]:
    return [each for each in item.body if isinstance(each, ast.Forward)]


def _layers(body: tuple[ast.Declaration, ...]) -> Iterator[ast.LayerDecl]:
    for each in body:
        match each:
            case ast.LayerDecl():
                yield each
            case ast.DeclIf():
                yield from _layers((*each.then, *each.other))
            case ast.DeclFor():
                yield from _layers(each.body)
            case _:
                pass


def _shapes(view: View, body: tuple[ast.Statement, ...], types: Types) -> Iterator[Hint]:
    for each in body:
        match each:
            case ast.Assign():
                yield from _assigned(view, each, types)
            case ast.For():
                yield from _shapes(view, each.body, types)
            case ast.If():
                yield from _shapes(view, (*each.then, *each.other), types)
            case _:
                pass


def _assigned(view: View, statement: ast.Assign, types: Types) -> Iterator[Hint]:
    at = statement.span.start
    for name in statement.targets:
        place: Span | None = word_at(view.text, name, at, statement.span.end, view.path)
        type = types.get((statement.span.start, statement.span.end, name))
        if place is None:
            return
        at = place.end
        if type is not None:
            yield Hint(place.end, f": {type_text(type)}", "shapes")


def _counts(facts: Facts, item: ast.Block, declaration: ast.LayerDecl) -> Iterator[Hint]:
    layer = facts.layer(item.name_span, declaration.name)
    if layer is None or not layer.applied:
        return
    at = declaration.span.end
    where = f"in {facts.title}"
    if layer.stored:
        yield Hint(at, f"  {count(layer.stored, 'parameter')}", "parameters", f"stored {where}")
    text = sharing_text(layer)
    if text:
        yield Hint(at, f"  {text}", "sharing", f"{layer.applied:,} applied {where}")


def sharing_text(layer: Layer) -> str:
    """`= embed.weight`, `applied 12 times, stored once`; nothing where a layer shares nothing."""
    if layer.borrowed:
        shown = ", ".join(layer.borrowed[:2]) + (", .." if len(layer.borrowed) > 2 else "")
        return f"= {shown}"
    if layer.times > 1:
        return f"applied {layer.times} times, stored once"
    if 0 < layer.stored < layer.applied:
        return f"{layer.applied:,} applied"
    return ""
