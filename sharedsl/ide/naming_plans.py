"""The names of plans and builds: selectors, relations, arguments."""

from __future__ import annotations

from collections.abc import Mapping

from sharedsl.analysis.scope import Definition
from sharedsl.ide.naming_models import Declared
from sharedsl.ide.naming_selectors import path_in_words
from sharedsl.ide.paths import (
    Found,
    axis_parameters,
    main_forward,
    member_of,
    members_of,
    parameters_of,
    passed,
    selected,
    state_sizes,
    symbol_of,
)
from sharedsl.ide.symbols import (
    Home,
    Symbol,
    named,
    word_at,
)
from sharedsl.source import Span
from sharedsl.syntax import ast


class Planned(Declared):
    """Plans and builds, which name the layers of a model."""

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
        self.members = members_of(model)
        for name in self.members:
            found = member_of(model, name)
            if found is not None:
                self.names[name] = found

    def _ref(self, ref: ast.PlanRef, model: str) -> Mapping[str, Found]:
        """A plan that is named; its parameters."""
        found = self.scope.plan(model, ref.name) if self.home is self.scope.main else None
        found = found or self.home.plans.get((model, ref.name))
        if found is not None:
            symbol = Symbol("plan", ref.name, found.home.path, found.plan.model)
            self.say(named(ref.span, ref.name), (symbol, found.plan.name_span))
        params: dict[str, Found] = {}
        if found is not None:
            for one in found.plan.params:
                place = named(one.span, one.name)
                params[one.name] = (Symbol("parameter", one.name, found.home.path, found.plan.name), place)
        for arg in ref.args:
            self._argument(arg, _one(params, arg))
        for inner in found.plan.extends if found is not None else ():
            params = {**self._quiet(inner, model), **params}
        return params

    def _quiet(self, ref: ast.PlanRef, model: str) -> Mapping[str, Found]:
        """The parameters of a plan that another one extends: nothing is said of it here."""
        said = len(self.found)
        params = self._ref(ref, model)
        del self.found[said:]
        return params

    def _build(self, item: ast.Build) -> None:
        self.say(item.name_span, (Symbol("build", item.name, self.home.path), item.name_span), True)
        model = self.home.names.get(item.model)
        place = word_at(self.source.text, item.model, item.name_span.end, item.span.end, item.span.path)
        params: Mapping[str, Found] = {}
        if model is not None:
            self.say(place, symbol_of(model))
            params = parameters_of(model)
        for arg in item.args:
            self._argument(arg, _one(params, arg))
        given = dict(params)
        for ref in item.plans:
            given = {**self._ref(ref, item.model), **given}
        self.names.update(params)
        sizes = self._sizes(model) if model is not None else {}
        for line in item.body:
            match line:
                case ast.BudgetLine():
                    for arg in line.args:
                        self._argument(arg, _one(sizes, arg))
                    self.expr(line.limit)
                case ast.TestLine():
                    for arg in line.args:
                        self._argument(arg, _one(given, arg))
                case _:
                    pass

    def _sizes(self, model: Definition) -> dict[str, Found]:
        """The run-time sizes and numbers of a model's main forward, which budgets are asked for."""
        forward = members_of(model).get("forward") or main_forward(model)
        if not isinstance(forward, ast.Forward):
            return {}
        inside = f"{model.name}.{forward.name or 'forward'}"
        params = parameters_of(model)
        found: dict[str, Found] = {}
        for one in forward.inputs:
            if one.type.base == "int" and one.type.dims is None:
                symbol = Symbol("input", one.name, model.home.path, inside)
                found[one.name] = (symbol, named(one.span, one.name))
            for dim in one.type.dims or ():
                value = dim.value
                if isinstance(value, ast.Name) and value.name[:1].isupper() and value.name not in params:
                    symbol = Symbol("size", value.name, model.home.path, inside)
                    found.setdefault(value.name, (symbol, value.span))
        return found | {name: each for name, each in state_sizes(model).items() if name in found}

    def _along(self, node: ast.Share) -> None:
        """`along heads`: the parameter of a block that gives a weight's axis its size, and its name."""
        if node.axis is None:
            return
        after = self.source.text.find("along", node.selector.span.end, node.span.end)
        span = word_at(self.source.text, node.axis, max(after, 0) + 5, node.span.end, node.span.path)
        found = axis_parameters(node.axis, passed(node.selector.segments, self._start(), self.scope.files))
        if found:
            self.say_all(span, found)

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
                    self._loop(each.names, each.source, each.span, self.inside)
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
        if isinstance(node, ast.Share):
            self._along(node)
        collection = getattr(node, "collection", ())
        for each in collection:
            self.selector(each)
        starts = self._elements(collection) if collection else None
        trail = path_in_words(collection[0].segments) if collection else ""
        for name in node.__dataclass_fields__:
            value = getattr(node, name)
            if name == "collection":
                continue
            if name == "form_args":
                value = tuple(each for each in value if each.name != "order")  # names of axes
            for each in value if isinstance(value, tuple) else (value,):
                if isinstance(each, ast.Selector):
                    self.selector(each, starts, trail)
                elif isinstance(each, ast.Part):
                    self.say(named(each.span, each.name), (Symbol("option", each.name), None))
                    for arg in each.args:
                        self._argument(arg, [])
                    if each.on is not None:
                        self.selector(each.on, starts, trail)
                elif not isinstance(each, str | Span | bool):
                    self._any((each,))

    def _elements(self, collection: tuple[ast.Selector, ...]) -> list[Home]:
        """The blocks that a collection's elements are: what P in `share P across C` is relative to."""
        return [home for each in collection for home in selected(each.segments, self._start(), self.scope.files)]


def _one(known: Mapping[str, Found], arg: ast.Arg) -> list[Found]:
    found = known.get(arg.name or "")
    return [found] if found is not None else []
