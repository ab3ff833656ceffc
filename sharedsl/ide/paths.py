"""Paths through blocks: where a chain of layers or a selector leads."""

from __future__ import annotations

from sharedsl.analysis.scope import Definition, FileScope
from sharedsl.ide.symbols import (
    Home,
    Member,
    Symbol,
    blocks_of,
    member_kind,
    member_place,
    members,
    named,
    word_at,
)
from sharedsl.source import Span
from sharedsl.syntax import ast

Found = tuple[Symbol, Span | None]


def symbol_of(definition: Definition) -> Found:
    item = definition.item
    kind = item.kind if isinstance(item, ast.Block) else "function" if isinstance(item, ast.Function) else "extern"
    return Symbol(kind, item.name, definition.home.path), item.name_span


def parameters_of(definition: Definition) -> dict[str, Found]:
    found: dict[str, Found] = {}
    for one in getattr(definition.item, "params", ()):
        symbol = Symbol("parameter", one.name, definition.home.path, definition.name)
        found[one.name] = (symbol, named(one.span, one.name))
    return found


def members_of(home: Home) -> dict[str, Member]:
    return members(home.item) if isinstance(home.item, ast.Block | ast.Extern) else {}


def member_of(home: Home, name: str) -> Found | None:
    member = members_of(home).get(name)
    if member is None:
        return None
    place = member_place(member, home.home.source.text)
    return Symbol(member_kind(member), name, home.home.path, home.name), place


def main_forward(home: Home) -> ast.Forward | None:
    """The forward without a name."""
    body = home.item.body if isinstance(home.item, ast.Block) else ()
    return next((each for each in body if isinstance(each, ast.Forward) and each.name is None), None)


def value_of(home: Home, name: str) -> Found | None:
    """A value that a forward of a block assigns, as `reuse attn.weights` names it."""
    body = home.item.body if isinstance(home.item, ast.Block) else ()
    for forward in (each for each in body if isinstance(each, ast.Forward)):
        todo: list[ast.Statement] = list(forward.body or ())
        while todo:
            each = todo.pop(0)
            if isinstance(each, ast.Assign) and name in each.targets:
                inside = f"{home.name}.{forward.name or 'forward'}"
                span = word_at(home.home.source.text, name, each.span.start, each.span.end, each.span.path)
                return Symbol("local", name, home.home.path, inside), span
            todo += (*getattr(each, "body", ()), *getattr(each, "then", ()), *getattr(each, "other", ()))
    return None


def homes_of(chain: list[str], owner: Home | None, files: dict[str, FileScope]) -> list[Home]:
    """The blocks that a path of layers leads to."""
    homes = [owner] if owner is not None else []
    for name in chain:
        homes = step(name, homes, files)
    return homes


def step(name: str, homes: list[Home], files: dict[str, FileScope]) -> list[Home]:
    """One step further: into a layer, into all of them (`*`), or anywhere below (`**`)."""
    found: list[Home] = []
    todo = list(homes)
    while todo:
        home = todo.pop(0)
        for key, member in members_of(home).items():
            if name in ("*", "**", key):
                for each in blocks_of(member, home, files):
                    if each not in found:
                        found.append(each)
                        todo += [each] if name == "**" else []
    return [*homes, *found] if name == "**" else found


def selected(segments: tuple[ast.Segment, ...], homes: list[Home], files: dict[str, FileScope]) -> list[Home]:
    """The blocks that a selector names."""
    for segment in segments:
        if segment.alternatives:
            homes = [home for each in segment.alternatives for home in selected(each.segments, homes, files)]
        else:
            homes = step(segment.name, homes, files)
    return homes
