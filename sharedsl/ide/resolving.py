"""Every name of an item with what it stands for: one walk over its tree, with the names in reach at hand."""

from __future__ import annotations

from collections.abc import Mapping

from sharedsl.analysis.scope import Definition, FileScope, Scope, resolve
from sharedsl.ide.symbols import (
    Home,
    Member,
    Occurrence,
    Symbol,
    blocks_of,
    member_kind,
    member_place,
    members,
    named,
    primitive_of,
    word_at,
)
from sharedsl.layers import LAYERS
from sharedsl.ops import OPS
from sharedsl.source import SourceFile, Span
from sharedsl.syntax import ast

Found = tuple[Symbol, Span | None]


def occurrences(item: ast.Item, home: FileScope, scope: Scope) -> list[Occurrence]:
    """The names of one item of the file `home`, in the order of the text."""
    walk = _Walk(home, scope)
    walk.item(item)
    return sorted(walk.found, key=lambda each: (each.span.start, each.span.end))


def symbol_of(definition: Definition) -> Found:
    item = definition.item
    kind = item.kind if isinstance(item, ast.Block) else "function" if isinstance(item, ast.Function) else "extern"
    return Symbol(kind, item.name, definition.home.path), item.name_span


class _Walk:
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

    # ------------------------------------------------------------------ items

    def item(self, item: ast.Item) -> None:
        if isinstance(item, ast.Import):
            self._import(item)
            return
        self.inside = item.name
        match item:
            case ast.Block() | ast.Extern():
                self._block(item)
            case ast.Function():
                self.say(item.name_span, (Symbol("function", item.name, self.home.path), item.name_span), True)
                self._forward(item, item.name)
            case ast.Plan():
                self._plan(item)
            case ast.Build():
                self._build(item)

    def _import(self, item: ast.Import) -> None:
        path = resolve(item.path, self.home.path)
        file = self.scope.files.get(path)
        if file is not None:
            self.say(item.path_span, (Symbol("file", item.path, path), Span(path, 0, 0)))
        for name in item.names:
            definition = file.names.get(name.name) if file is not None else None
            if definition is not None:
                self.say(name.span, symbol_of(definition))
                continue
            for (model, plan), found in (file.plans if file is not None else {}).items():
                if plan == name.name:
                    self.say(name.span, (Symbol("plan", plan, found.home.path, model), found.plan.name_span))
                    break

    def _block(self, item: ast.Block | ast.Extern) -> None:
        kind = item.kind if isinstance(item, ast.Block) else "extern"
        self.say(item.name_span, (Symbol(kind, item.name, self.home.path), item.name_span), True)
        self._params(item.params)
        self.owner = Definition(item, self.home)
        self.members = members(item)
        for name, member in self.members.items():
            place = member_place(member, self.source.text)
            self.names[name] = (Symbol(member_kind(member), name, self.home.path, item.name), place)
        self._declarations(item.body)

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
                    self._loop((each.name,), each.span, self.inside)
                    self._declarations(each.body)
                    self.names = before

    def _member(self, member: Member) -> None:
        name = member.name
        if name is not None and name in self.names:
            self.say(member_place(member, self.source.text), self.names[name], True)

    # ------------------------------------------------------------------ forward

    def _forward(self, item: ast.Forward | ast.Function, inside: str) -> None:
        before, self.local = dict(self.names), inside
        for one in item.inputs:
            self.declare(one.name, named(one.span, one.name), "input", inside)
            self._dims(one.type.dims or (), True)
            self.expr(one.default)
        for out in item.outputs:
            self._dims(out.type.dims or (), True)
        self._statements(item.body or ())
        self.names, self.local = before, ""

    def _dims(self, dims: tuple[ast.Dim, ...], runtime: bool) -> None:
        for dim in dims:
            value = dim.value
            if runtime and isinstance(value, ast.Name) and value.name[:1].isupper() and value.name not in self.names:
                place = value.span
                self.names[value.name] = (Symbol("size", value.name, self.home.path, self.local or self.inside), place)
                self.say(place, self.names[value.name], True)
            else:
                self.expr(value)

    def _statements(self, body: tuple[ast.Statement, ...]) -> None:
        for each in body:
            match each:
                case ast.Assign():
                    for value in each.values:
                        self.expr(value)
                    self._targets(each.targets, each.span)
                case ast.Return():
                    for value in each.values:
                        self.expr(value)
                case ast.For():
                    self.expr(each.source)
                    before = dict(self.names)
                    self._loop(each.names, each.span, self.local)
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

    def _loop(self, names: tuple[str, ...], span: Span, inside: str) -> None:
        at = span.start + len("for")
        for name in names:
            place = word_at(self.source.text, name, at, span.end, span.path)
            if place is not None:
                self.names.pop(name, None)
                self.declare(name, place, "local", f"{inside}:{place.start}")
                at = place.end

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
        for arg in node.args:
            self._argument(arg, params)

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
            found = _member_of(home, node.name)
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
            member = _members_of(home).get(chain[-1])
            if member is not None:
                return primitive_of(member)
        return None

    # ------------------------------------------------------------------ plans and builds

    def _plan(self, item: ast.Plan) -> None:
        symbol = Symbol("plan", item.name, self.home.path, item.model)
        self.say(item.name_span, (symbol, item.name_span), True)
        text, span = self.source.text, item.span
        model = self.home.names.get(item.model)
        after = item.params[-1].span.end if item.params else item.name_span.end
        place = word_at(text, item.model, after, span.end, span.path)
        if model is not None:
            self.say(place, symbol_of(model))
            self.owner = model
            self._model_names(model)
        self._params(item.params)
        for ref in item.extends:
            self._ref(ref, item.model)
        self._relations(item.body)

    def _model_names(self, model: Definition) -> None:
        """A model's parameters and members are in scope in its plans."""
        self.names.update(parameters_of(model))
        self.members = _members_of(model)
        for name in self.members:
            found = _member_of(model, name)
            if found is not None:
                self.names[name] = found

    def _ref(self, ref: ast.PlanRef, model: str) -> None:
        found = self.scope.plan(model, ref.name) if self.home is self.scope.main else None
        found = found or self.home.plans.get((model, ref.name))
        if found is not None:
            symbol = Symbol("plan", ref.name, found.home.path, found.plan.model)
            self.say(named(ref.span, ref.name), (symbol, found.plan.name_span))
        params = {}
        if found is not None:
            for one in found.plan.params:
                place = named(one.span, one.name)
                params[one.name] = (Symbol("parameter", one.name, found.home.path, found.plan.name), place)
        for arg in ref.args:
            self._argument(arg, params)

    def _build(self, item: ast.Build) -> None:
        self.say(item.name_span, (Symbol("build", item.name, self.home.path), item.name_span), True)
        model = self.home.names.get(item.model)
        place = word_at(self.source.text, item.model, item.name_span.end, item.span.end, item.span.path)
        params: Mapping[str, Found] = {}
        if model is not None:
            self.say(place, symbol_of(model))
            params = parameters_of(model)
        for arg in item.args:
            self._argument(arg, params)
        for ref in item.plans:
            self._ref(ref, item.model)
        self.names.update(params)
        for line in item.body:
            match line:
                case ast.BudgetLine():
                    for arg in line.args:
                        self._any(arg)
                    self.expr(line.limit)
                case ast.TestLine():
                    for arg in line.args:
                        self._argument(arg, params)
                case _:
                    pass

    def _relations(self, body: tuple[ast.Relation, ...]) -> None:
        for each in body:
            match each:
                case ast.Stage():
                    found = (Symbol("stage", each.name, self.home.path, self.inside), each.name_span)
                    self.say(each.name_span, found, True)
                    self.expr(each.step)
                    self._relations(each.body)
                case ast.PlanFor():
                    self.expr(each.source)
                    before = dict(self.names)
                    self._loop(each.names, each.span, self.inside)
                    self._relations(each.body)
                    self.names = before
                case ast.PlanIf():
                    self.expr(each.condition)
                    self._relations(each.then)
                    self._relations(each.other)
                case ast.WeightDecl():
                    span = word_at(self.source.text, each.name, each.span.start + 6, each.span.end, each.span.path)
                    self.declare(each.name, span, "weight")
                    self._dims((*each.outs, *(each.ins or ())), False)
                    self.expr(each.init)
                case _:
                    self._relation(each)

    def _relation(self, node: ast.Relation) -> None:
        collection = getattr(node, "collection", ())
        for each in collection:
            self.selector(each)
        starts = self._elements(collection) if collection else None
        for name in node.__dataclass_fields__:
            value = getattr(node, name)
            if name == "collection":
                continue
            for each in value if isinstance(value, tuple) else (value,):
                if isinstance(each, ast.Selector):
                    self.selector(each, starts)
                elif isinstance(each, ast.Part):
                    self.say(named(each.span, each.name), (Symbol("option", each.name), None))
                    for arg in each.args:
                        self._argument(arg, {})
                    if each.on is not None:
                        self.selector(each.on, starts)
                elif not isinstance(each, str | Span | bool):
                    self._any((each,))

    def _elements(self, collection: tuple[ast.Selector, ...]) -> list[Home]:
        """The blocks that a collection's elements are: what P in `share P across C` is relative to."""
        return [home for each in collection for home in selected(each.segments, self._start(), self.scope.files)]

    def _start(self) -> list[Home]:
        return [self.owner] if self.owner is not None else []

    def selector(self, selector: ast.Selector, starts: list[Home] | None = None) -> None:
        self._segments(selector.segments, self._start() if starts is None else starts, "")

    def _segments(self, segments: tuple[ast.Segment, ...], homes: list[Home], trail: str) -> list[Home]:
        for at, segment in enumerate(segments):
            for sub in segment.subs:
                self._any(sub)
            if segment.alternatives:
                homes = [h for each in segment.alternatives for h in self._segments(each.segments, homes, trail)]
                continue
            here = f"{trail}.{segment.name}" if trail else segment.name
            if segment.name not in ("*", "**"):
                self._segment(segment, homes, segments[at - 1] if at else None, here)
            homes = step(segment.name, homes, self.scope.files)
            trail = here
        return homes

    def _segment(self, segment: ast.Segment, homes: list[Home], before: ast.Segment | None, trail: str) -> None:
        span = named(segment.span, segment.name)
        for home in homes:
            found = _member_of(home, segment.name)
            if found is not None:
                self.say(span, found, trail=trail)
                return
        own = self.names.get(segment.name) if before is None else None
        if own is not None and own[0].kind == "weight":
            self.say(span, own, trail=trail)
        else:
            self.say(
                span, (Symbol("weight", segment.name, "", before.name if before is not None else ""), None), trail=trail
            )


# ---------------------------------------------------------------------------- paths through blocks


def parameters_of(definition: Definition) -> dict[str, Found]:
    found: dict[str, Found] = {}
    for one in getattr(definition.item, "params", ()):
        symbol = Symbol("parameter", one.name, definition.home.path, definition.name)
        found[one.name] = (symbol, named(one.span, one.name))
    return found


def _members_of(home: Home) -> dict[str, Member]:
    return members(home.item) if isinstance(home.item, ast.Block | ast.Extern) else {}


def _member_of(home: Home, name: str) -> Found | None:
    member = _members_of(home).get(name)
    if member is None:
        return None
    place = member_place(member, home.home.source.text)
    return Symbol(member_kind(member), name, home.home.path, home.name), place


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
        for key, member in _members_of(home).items():
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
