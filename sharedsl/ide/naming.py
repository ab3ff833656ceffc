"""The names in reach of an item, and every name of an expression."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sharedsl.analysis.scope import FileScope, Scope
from sharedsl.ide.naming_layers import LayerNames
from sharedsl.ide.paths import (
    Found,
    axis_parameters,
    inputs_of,
    main_forward,
    member_of,
    members_of,
    parameters_of,
    symbol_of,
)
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
        self.layers = LayerNames(scope.files)

    # ------------------------------------------------------------------ saying

    def say(self, span: Span | None, found: Found, declares: bool = False, trail: str = "") -> None:
        if span is not None and span.end > span.start:
            self.found.append(Occurrence(span, found[0], found[1], declares, trail))

    def say_all(self, span: Span | None, found: list[Found], trail: str = "", apart: str = "") -> None:
        """A name that stands for several at once, of as many blocks."""
        if span is not None and span.end > span.start:
            (symbol, place), *rest = dict.fromkeys(found)
            others = tuple(each for each, _ in rest if each != symbol)
            self.found.append(Occurrence(span, symbol, place, False, trail, others, apart))

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
            case ast.Index():
                self.expr(node.value)
                passed = [*self.layers.of(node.value, self.owner)]
                if isinstance(node.value, ast.Attribute):
                    passed += self.layers.of(node.value.value, self.owner)
                for sub in node.subs:
                    self.expr(sub.value)
                    self._axis(sub, [(home, member.name or "") for home, member in passed])
            case ast.Comprehension():
                self.expr(node.source)
                before, layers = dict(self.names), dict(self.layers.known)
                span = Span(node.span.path, node.value.span.end, node.span.end)
                self._loop(node.names, node.source, span, self.local or self.inside)
                self.expr(node.value)
                self.expr(node.condition)
                self.names, self.layers.known = before, layers
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

    def _axis(self, sub: ast.Sub, members: list[tuple[Home, str]]) -> None:
        """`weight[heads = 0:2]`: the parameter that gives an axis of a block's weight or layer its size and name."""
        found = axis_parameters(sub.axis, members) if sub.axis is not None else []
        if found and sub.axis is not None:
            self.say_all(named(sub.span, sub.axis), found)

    def _call(self, node: ast.Call) -> None:
        self.expr(node.function)
        takes = self._takes(node)
        given = {arg.name for arg in node.args}
        before = dict(self.names)
        for arg in node.args:
            name = arg.name or ""
            if not (isinstance(arg.value, ast.List) and self._places(arg.value)):
                self._argument(arg, [each[name] for each in takes if name in each])
            if isinstance(arg.value, ast.String) and isinstance(node.function, ast.Name) and node.function.name in OPS:
                self._pattern(arg.value, given)
        self.names = before

    def _places(self, node: ast.List) -> bool:
        """`[i in m, j in n]` of a gather: names of the positions, for the formulas behind it."""
        pairs = [(item.left, item.right) for item in node.items if isinstance(item, ast.Binary) and item.op == "in"]
        if not pairs or len(pairs) < len(node.items):
            return False
        for left, right in pairs:
            self.expr(right)
            if isinstance(left, ast.Name):
                self.declare(left.name, left.span, "local", f"{self.inside}:{left.span.start}")
        return True

    def _pattern(self, node: ast.String, given: set[str | None]) -> None:
        """`"b s heads r -> b s (heads r)"`: axes whose sizes are parameters, where no argument gives them."""
        for word in _WORD.finditer(self.source.text, node.span.start, node.span.end):
            found = self.names.get(word[0])
            if found is not None and found[0].kind == "parameter" and word[0] not in given:
                self.say(Span(node.span.path, word.start(), word.end()), found)

    def _argument(self, arg: ast.Arg, found: list[Found]) -> None:
        if arg.name is not None:
            self.say_all(named(arg.span, arg.name), found or [(Symbol("argument", arg.name), None)])
        self.expr(arg.value)

    def _takes(self, node: ast.Call) -> list[Mapping[str, Found]]:
        """The parameters or inputs of what may be called, for named arguments."""
        function = node.function
        if isinstance(function, ast.Name) and function.name == "scan" and node.args:
            function = node.args[0].value
        found = self._forwards(function)
        if isinstance(function, ast.Name) and not found:
            definition = self.home.names.get(self._default(function.name))
            if definition is not None and isinstance(definition.item, ast.Function):
                found.append(inputs_of(definition, definition.item))
            elif definition is not None:
                found.append(parameters_of(definition))
        return found

    def _forwards(self, function: ast.Expr) -> list[Mapping[str, Found]]:
        """The inputs of a layer's forward, or of another forward of this block."""
        if isinstance(function, ast.Name) and self.owner is not None:
            own = members_of(self.owner).get(function.name)
            if isinstance(own, ast.Forward):
                return [inputs_of(self.owner, own)]
        found = [inputs_of(home, main_forward(home)) for home in self.layers.homes(function, self.owner)]
        if isinstance(function, ast.Attribute):
            for home in self.layers.homes(function.value, self.owner):
                named = members_of(home).get(function.name)
                found += [inputs_of(home, named)] if isinstance(named, ast.Forward) else []
        return list(found)

    def _default(self, name: str) -> str:
        """What a parameter such as `norm: layer = RMSNorm` stands for where nothing else is given."""
        params = getattr(self.owner.item, "params", ()) if self.owner is not None else ()
        given = next((each.default for each in params if each.name == name), None)
        return given.name if isinstance(given, ast.Name) else name

    def _attribute(self, node: ast.Attribute) -> None:
        """`encoder.layers.norm`: members of members."""
        self.expr(node.value)
        trail = ".".join(self._chain(node))
        homes = self.layers.homes(node.value, self.owner)
        found = [each for home in homes if (each := member_of(home, node.name)) is not None]
        if found:
            self.say_all(node.name_span, found, trail)
            return
        layers = self.layers.of(node.value, self.owner)
        primitive = next((name for _, member in layers if (name := primitive_of(member)) is not None), None)
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

    def _loop(self, names: tuple[str, ...], source: ast.Expr, span: Span, inside: str) -> None:
        at = span.start + len("for")
        self.layers.loop(names, source, self.owner)
        for name in names:
            place = word_at(self.source.text, name, at, span.end, span.path)
            if place is not None:
                self.names.pop(name, None)
                self.declare(name, place, "local", f"{inside}:{place.start}")
                at = place.end
