"""What a name of a spec stands for: a symbol, and where in the text it is said."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sharedsl.analysis.scope import Definition, FileScope
from sharedsl.layers import LAYERS
from sharedsl.record import dataclass
from sharedsl.source import Span
from sharedsl.syntax import ast

#: a block or model, whose members selectors and attributes name; None for what has no text, such as `Linear`
Home = Definition


@dataclass(frozen=True, slots=True)
class Symbol:
    """`inside` is what holds the name: the item of a member or parameter, the forward of a local.

    kind: model, block, function, extern, plan, build, layer, weight, buffer, state, parameter, input, local, size,
    forward, stage, file, primitive, operation, argument, option.
    """

    kind: str
    name: str
    path: str = ""
    inside: str = ""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A name in the text. `place` is where its symbol is declared, None for what is built in."""

    span: Span
    symbol: Symbol
    place: Span | None = None
    declares: bool = False
    #: for a part of a path: the path so far, as `layers[*].attn`; for hovers
    trail: str = ""
    #: what else a part of a path names: the layers `norm` of several blocks in `**.norm`
    others: tuple[Symbol, ...] = ()
    #: where names that part ways can be written: "listed" between the braces `{a, b}`, "braced" in braces of their own
    apart: str = ""

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        return (self.symbol, *self.others)


def word_at(text: str, name: str, start: int, end: int, path: str) -> Span | None:
    """Where a whole word stands first between two places."""
    found = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)").search(text, start, end)
    return Span(path, found.start(), found.end()) if found else None


def named(span: Span, name: str) -> Span:
    """The name that a node begins with."""
    return Span(span.path, span.start, span.start + len(name))


# ---------------------------------------------------------------------------- members


Member = ast.LayerDecl | ast.WeightDecl | ast.BufferDecl | ast.StateDecl | ast.Forward
_KINDS: dict[type, str] = {
    ast.LayerDecl: "layer",
    ast.WeightDecl: "weight",
    ast.BufferDecl: "buffer",
    ast.StateDecl: "state",
    ast.Forward: "forward",
}


def member_kind(member: Member) -> str:
    return _KINDS[type(member)]


def members(item: ast.Block | ast.Extern) -> dict[str, Member]:
    """What a block declares, in all branches of its `if`s, by name."""
    found: dict[str, Member] = {}
    for each in _declared(item.body):
        if each.name is not None:
            found.setdefault(each.name, each)
    return found


def _declared(body: tuple[ast.Declaration, ...]) -> Iterator[Member]:
    for each in body:
        match each:
            case ast.LayerDecl() | ast.WeightDecl() | ast.BufferDecl() | ast.StateDecl() | ast.Forward():
                yield each
            case ast.DeclIf():
                yield from _declared(each.then)
                yield from _declared(each.other)
            case ast.DeclFor():
                yield from _declared(each.body)
            case _:
                pass


def member_place(member: Member, text: str) -> Span:
    """The name of a declaration."""
    if isinstance(member, ast.LayerDecl):
        return member.name_span
    after = member.span.start + (len(_KINDS[type(member)]) if member.name is not None else 0)
    found = word_at(text, member.name or "forward", after, member.span.end, member.span.path)
    return found or member.span


def calls_of(value: ast.Expr) -> list[ast.Name]:
    """The layers that a layer's value may be made of: `A(..) * n`, `[A(..), B(..)]`, `A(..) if c else B(..)`."""
    match value:
        case ast.Call(function=ast.Name() as name):
            return [name]
        case ast.Binary(op="*"):
            return calls_of(value.left)
        case ast.List():
            return [name for item in value.items for name in calls_of(item)]
        case ast.Ternary():
            return calls_of(value.then) + calls_of(value.other)
        case _:
            return []


def blocks_of(member: Member, home: Definition, scopes: dict[str, FileScope]) -> list[Home]:
    """The blocks that a layer may be."""
    if not isinstance(member, ast.LayerDecl):
        return []
    found: list[Home] = []
    for name in calls_of(member.value):
        each = home.home.names.get(name.name)
        if each is None:  # a parameter of kind `layer`, by its default
            params = getattr(home.item, "params", ())
            given = next((one.default for one in params if one.name == name.name), None)
            each = home.home.names.get(given.name) if isinstance(given, ast.Name) else None
        if each is not None and each not in found and not isinstance(each.item, ast.Function):
            found.append(each)
    return found


def primitive_of(member: Member) -> str | None:
    """`Linear`, where a layer is a primitive."""
    names = calls_of(member.value) if isinstance(member, ast.LayerDecl) else []
    return next((name.name for name in names if name.name in LAYERS), None)
