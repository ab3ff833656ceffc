"""The names in reach of an item, and every name of an expression."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sharedsl.analysis.scope import FileScope, Scope
from sharedsl.ide.paths import Found, homes_of, member_of, members_of, parameters_of, symbol_of
from sharedsl.ide.symbols import (
    Home,
    Member,
    Occurrence,
    Symbol,
    named,
    primitive_of,
    word_at,
)
from sharedsl.layers import LAYERS
from sharedsl.ops import OPS
from sharedsl.source import SourceFile, Span
from sharedsl.syntax import ast

_WORD = re.compile(r"[A-Za-z_]\w*", re.ASCII)


class Names:
    """The names in reach, and what has been said of them; expressions, which every item has."""

    def __init__(self, home: FileScope, scope: Scope) -> None:
        self.home, self.scope = home, scope
        self.source: SourceFile = home.source
        self.found: list[Occurrence] = []
        #: names of the item: parameters, members, then locals
        self.names: dict[str, Found] = {}
        self.members: dict[str, Member] = {}
        self.owner: Home | None = None
        self.inside = ""
        #: names of a forward, whatever branch assigns them first
        self.local = ""

    # ------------------------------------------------------------------ saying

    def say(self, span: Span | None, found: Found, declares: bool = False, trail: str = "") -> None:
        if span is not None and span.end > span.start:
            self.found.append(Occurrence(span, found[0], found[1], declares, trail))

    def declare(self, name: str, span: Span | None, kind: str, inside: str | None = None) -> None:
        """A new name from here on."""
        if span is None:
            return
        place: Span | None = span
        found = (Symbol(kind, name, self.home.path, self.inside if inside is None else inside), place)
        known = self.names.get(name)
        if known is not None and known[0] == found[0]:
            found = known  # another assignment of the same local
        self.names[name] = found
        self.say(span, found, True)

    def look(self, name: str) -> Found | None:
        found = self.names.get(name)
        if found is not None:
            return found
        definition = self.home.names.get(name)
        if definition is not None:
            return symbol_of(definition)
        if name in LAYERS:
            return Symbol("primitive", name), None
        if name in OPS:
            return Symbol("operation", name), None
        return None

    # ------------------------------------------------------------------ expressions

    def expr(self, node: ast.Expr | ast.Slice | None) -> None:
        match node:
            case None:
                return
            case ast.Name():
                found = self.look(node.name)
                if found is not None:
                    self.say(node.span, found)
            case ast.Attribute():
                self._attribute(node)
            case ast.Call():
                self._call(node)
            case ast.Comprehension():
                self.expr(node.source)
                before = dict(self.names)
                self._loop(
                    node.names, Span(node.span.path, node.value.span.end, node.span.end), self.local or self.inside
                )
                self.expr(node.value)
                self.expr(node.condition)
                self.names = before
            case _:
                for name in node.__dataclass_fields__:
                    self._any(getattr(node, name))

    def _any(self, value: object) -> None:
        if isinstance(value, tuple):
            for each in value:
                self._any(each)
        elif isinstance(value, ast.Sub | ast.Arg):
            self._any(value.value)
        elif hasattr(value, "__dataclass_fields__") and not isinstance(value, Span):
            self.expr(value)  # type: ignore[arg-type]

    def _call(self, node: ast.Call) -> None:
        self.expr(node.function)
        params = self._parameters(node.function)
        given = {arg.name for arg in node.args}
        for arg in node.args:
            self._argument(arg, params)
            if isinstance(arg.value, ast.String) and isinstance(node.function, ast.Name) and node.function.name in OPS:
                self._pattern(arg.value, given)

    def _pattern(self, node: ast.String, given: set[str | None]) -> None:
        """`"b s heads r -> b s (heads r)"`: axes whose sizes are parameters, where no argument gives them."""
        for word in _WORD.finditer(self.source.text, node.span.start, node.span.end):
            found = self.names.get(word[0])
            if found is not None and found[0].kind == "parameter" and word[0] not in given:
                self.say(Span(node.span.path, word.start(), word.end()), found)

    def _argument(self, arg: ast.Arg, params: Mapping[str, Found]) -> None:
        if arg.name is not None:
            span = named(arg.span, arg.name)
            self.say(span, params.get(arg.name, (Symbol("argument", arg.name), None)))
        self.expr(arg.value)

    def _parameters(self, function: ast.Expr) -> Mapping[str, Found]:
        """The parameters of what is called, for named arguments."""
        if not isinstance(function, ast.Name):
            return {}
        definition = self.home.names.get(function.name)
        return parameters_of(definition) if definition is not None else {}

    def _attribute(self, node: ast.Attribute) -> None:
        """`encoder.layers.norm`: members of members."""
        self.expr(node.value)
        trail = ".".join(self._chain(node))
        for home in self._homes(node.value):
            found = member_of(home, node.name)
            if found is not None:
                self.say(node.name_span, found, trail=trail)
                return
        primitive = self._primitive(node.value)
        if primitive is not None:
            self.say(node.name_span, (Symbol("weight", node.name, "", primitive), None), trail=trail)

    def _chain(self, node: ast.Expr) -> list[str]:
        match node:
            case ast.Name():
                return [node.name]
            case ast.Attribute():
                inner = self._chain(node.value)
                return [*inner, node.name] if inner else []
            case ast.Index() | ast.At():
                return self._chain(node.value)
            case _:
                return []

    def _homes(self, node: ast.Expr) -> list[Home]:
        return homes_of(self._chain(node), self.owner, self.scope.files)

    def _primitive(self, node: ast.Expr) -> str | None:
        chain = self._chain(node)
        homes = homes_of(chain[:-1], self.owner, self.scope.files) if chain else []
        for home in homes:
            member = members_of(home).get(chain[-1])
            if member is not None:
                return primitive_of(member)
        return None

    def _loop(self, names: tuple[str, ...], span: Span, inside: str) -> None:
        at = span.start + len("for")
        for name in names:
            place = word_at(self.source.text, name, at, span.end, span.path)
            if place is not None:
                self.names.pop(name, None)
                self.declare(name, place, "local", f"{inside}:{place.start}")
                at = place.end
