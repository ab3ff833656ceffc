"""The names of models, blocks and functions: declarations and the statements of `forward`."""

from __future__ import annotations

from sharedsl.analysis.scope import Definition
from sharedsl.ide.naming_selectors import Selecting
from sharedsl.ide.paths import state_sizes
from sharedsl.ide.symbols import (
    Member,
    Symbol,
    member_kind,
    member_place,
    members,
    named,
    word_at,
)
from sharedsl.source import Span
from sharedsl.syntax import ast


class Declared(Selecting):
    """Declarations and forwards."""

    def _block(self, item: ast.Block | ast.Extern) -> None:
        kind = item.kind if isinstance(item, ast.Block) else "extern"
        self.say(item.name_span, (Symbol(kind, item.name, self.home.path), item.name_span), True)
        self._params(item.params)
        self.owner = Definition(item, self.home)
        self.members = members(item)
        for name, member in self.members.items():
            place = member_place(member, self.source.text)
            self.names[name] = (Symbol(member_kind(member), name, self.home.path, item.name), place)
        self.names |= state_sizes(self.owner)
        self._declarations(item.body)

    def _runtime(self, name: str) -> bool:
        """Whether a name that stands in a type is a run-time size of its own."""
        return name[:1].isupper() and name not in self.names

    def _params(self, params: tuple[ast.Param, ...]) -> None:
        for param in params:
            self.declare(param.name, named(param.span, param.name), "parameter")
        for param in params:
            self.expr(param.default)

    def _declarations(self, body: tuple[ast.Declaration, ...]) -> None:
        for each in body:
            match each:
                case ast.LayerDecl():
                    self._member(each)
                    before = dict(self.names)
                    if each.variable is not None:
                        start = each.name_span.end
                        span = word_at(self.source.text, each.variable, start, each.span.end, each.span.path)
                        self.expr(each.source)
                        self.declare(each.variable, span, "local", f"{self.inside}.{each.name}")
                    self.expr(each.value)
                    self.names = before
                case ast.WeightDecl():
                    self._member(each)
                    self._dims((*each.outs, *(each.ins or ())), False)
                    self.expr(each.init)
                case ast.BufferDecl() | ast.StateDecl():
                    self._member(each)
                    self._dims(each.type.dims or (), True)
                    self.expr(each.value)
                case ast.Require():
                    self.expr(each.condition)
                case ast.InitDecl():
                    self.selector(each.selector)
                    self.expr(each.value)
                case ast.Forward():
                    if each.name is not None:
                        self._member(each)
                    self._forward(each, f"{self.inside}.{each.name or 'forward'}")
                case ast.DeclIf():
                    self.expr(each.condition)
                    self._declarations(each.then)
                    self._declarations(each.other)
                case ast.DeclFor():
                    self.expr(each.source)
                    before = dict(self.names)
                    self._loop((each.name,), each.source, each.span, self.inside)
                    self._declarations(each.body)
                    self.names = before

    def _member(self, member: Member) -> None:
        name = member.name
        if name is not None and name in self.names:
            self.say(member_place(member, self.source.text), self.names[name], True)

    # ------------------------------------------------------------------ forward

    def _forward(self, item: ast.Forward | ast.Function, inside: str) -> None:
        before, self.local = dict(self.names), inside
        self.layers.known = {one.name: [] for one in item.inputs}
        for one in item.inputs:
            self.declare(one.name, named(one.span, one.name), "input", inside)
            self._dims(one.type.dims or (), True)
            self.expr(one.default)
        for out in item.outputs:
            self._dims(out.type.dims or (), True)
        self._statements(item.body or ())
        self.names, self.local, self.layers.known = before, "", {}

    def _dims(self, dims: tuple[ast.Dim, ...], runtime: bool) -> None:
        for dim in dims:
            value = dim.value
            if runtime and isinstance(value, ast.Name) and self._runtime(value.name):
                place = value.span
                self.names[value.name] = (Symbol("size", value.name, self.home.path, self.local or self.inside), place)
                self.say(place, self.names[value.name], True)
            elif isinstance(value, ast.Name) and self.names.get(value.name, (None, None))[1] == value.span:
                self.say(value.span, self.names[value.name], True)
            else:
                self.expr(value)

    def _statements(self, body: tuple[ast.Statement, ...]) -> None:
        for each in body:
            match each:
                case ast.Assign():
                    for value in each.values:
                        self.expr(value)
                    self._targets(each.targets, each.span)
                    self.layers.assign(each.targets, each.values, self.owner)
                case ast.Return():
                    for value in each.values:
                        self.expr(value)
                case ast.For():
                    self.expr(each.source)
                    before = dict(self.names)
                    self._loop(each.names, each.source, each.span, self.local)
                    self.expr(each.condition)
                    self._statements(each.body)
                    self.names = before | {n: f for n, f in self.names.items() if n not in each.names}
                case ast.If():
                    self.expr(each.condition)
                    self._statements(each.then)
                    self._statements(each.other)
                case ast.Require():
                    self.expr(each.condition)

    def _targets(self, names: tuple[str, ...], span: Span) -> None:
        at = span.start
        for name in names:
            place = word_at(self.source.text, name, at, span.end, span.path)
            if place is None:
                return
            at = place.end
            known = self.names.get(name)
            if known is not None and known[0].kind in ("state", "input", "local"):
                self.say(place, known, known[0].kind == "local")
            else:
                self.declare(name, place, "local", self.local)
