"""The declarations of a block: from the text of its body to the unit's children, weights, buffers and states."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sharedsl.analysis.arguments import Poisoned, value_of
from sharedsl.analysis.conditions import require_holds
from sharedsl.analysis.folding import edits_below, edits_of
from sharedsl.analysis.initialisers import init_of, usual_init
from sharedsl.analysis.layer_values import LayerMaker, Make
from sharedsl.analysis.names import unknown
from sharedsl.analysis.scope import FileScope
from sharedsl.analysis.shop import LIMIT, Draft, Shop
from sharedsl.comptime.evaluate import bind as bind_names
from sharedsl.comptime.evaluate import items_of
from sharedsl.comptime.values import Failure, Trace, truth
from sharedsl.diagnostics import Label
from sharedsl.model import sizes
from sharedsl.model.dataflow import Tensor
from sharedsl.model.sites import Axis, WeightSpec
from sharedsl.model.sizes import Size, Value
from sharedsl.model.tree import BufferSpec, Child, StateSpec, Unit
from sharedsl.record import dataclass, replace
from sharedsl.source import Span
from sharedsl.syntax import ast

DTYPES = ("float", "int", "bool")
#: what a weight may be kept in
WEIGHT_DTYPES = ("float32", "float16", "bfloat16", "float64")


@dataclass(slots=True)
class Declarer:
    """Reads the declarations of one block into `draft`. `unit_for` makes the units of its layers."""

    shop: Shop
    draft: Draft
    home: FileScope
    unit_for: Make
    #: where the block is used, for requires that do not hold
    via: Span

    @property
    def unit(self) -> Unit:
        return self.draft.unit

    def run(self, body: tuple[ast.Declaration, ...], names: Mapping[str, Value]) -> None:
        unmet: Unmet | None = None
        for declaration in body:
            try:
                self._one(declaration, names)
            except _Taken:
                continue
            except Unmet as found:
                unmet = found
            except Poisoned:
                name = getattr(declaration, "name", None)
                if isinstance(name, str):
                    self.draft.broken.add(name)
        if unmet is not None:
            raise unmet

    def _one(self, declaration: ast.Declaration, names: Mapping[str, Value]) -> None:
        match declaration:
            case ast.LayerDecl():
                self._claim(declaration.name, declaration.name_span)
                self.unit.children[declaration.name] = self._layer(declaration, names)
            case ast.WeightDecl():
                self._claim(declaration.name, declaration.span)
                self.unit.weights[declaration.name] = self._weight(declaration, names)
            case ast.BufferDecl():
                self._claim(declaration.name, declaration.span)
                self.unit.buffers[declaration.name] = self._buffer(declaration, names)
            case ast.StateDecl():
                self._claim(declaration.name, declaration.span)
                self.unit.states[declaration.name] = self._state(declaration, names)
            case ast.Require():
                self._require(declaration, names)
            case ast.InitDecl():
                self.draft.inits.append(declaration)
            case ast.Forward():
                self._forward(declaration)
            case ast.DeclIf():
                self._if(declaration, names)
            case ast.DeclFor():
                self._for(declaration, names)

    # ------------------------------------------------------------------------ names

    def _claim(self, name: str, span: Span) -> None:
        """A member's name is free, or it is an error."""
        first = self.draft.places.get(name)
        if first is not None:
            self.shop.report.error(
                "duplicate-name", f"`{name}` is declared twice", span, "", Label(first, "first here")
            )
            raise _Taken
        if name in self.draft.names:
            self.shop.report.error("duplicate-name", f"`{name}` is a parameter of `{self.unit.name}`", span)
            raise _Taken
        self.draft.places[name] = span

    def value(self, expr: ast.Expr, names: Mapping[str, Value]) -> Value:
        return value_of(expr, self.shop.names(names, self.home), self.shop.report)

    # ------------------------------------------------------------------------ layers

    def _layer(self, declaration: ast.LayerDecl, names: Mapping[str, Value]) -> Child:
        maker = LayerMaker(self.shop, self.home, self.unit_for, self.draft.folds)
        if declaration.variable is None:
            child = maker.child(declaration.name, declaration.value, names, declaration.name_span)
        else:
            child = self._indexed(declaration, names, maker)
        for edit in edits_of(self.draft.folds, declaration.name):
            if edit.step_embedding:
                self._own_unit(child, edit.indices[0] if edit.indices else 0)
        return child

    def _own_unit(self, child: Child, index: int) -> None:
        """A unit that gets a step embedding is this layer's alone."""
        unit = child.units[index]
        copy = replace(unit, weights=dict(unit.weights), bodies={})
        draft = self.shop.draft(unit)
        self.shop.drafts[id(copy)] = replace(draft, unit=copy, applied=set(), bodies={}, reading=[])
        child.units = (*child.units[:index], copy, *child.units[index + 1 :])

    def _indexed(self, declaration: ast.LayerDecl, names: Mapping[str, Value], maker: LayerMaker) -> Child:
        """`layer xs[i in range(n)] = ..`: arguments by index."""
        assert declaration.source is not None and declaration.variable is not None
        items = self._deciding(declaration.source, names)
        made = []
        for at, item in enumerate(items):
            inner = {**names, declaration.variable: item}
            made.append(maker.single(declaration.value, inner, edits_below(self.draft.folds, declaration.name, at)))
        if not made:
            self.shop.report.error("bad-size", f"the stack `{declaration.name}` has no layers", declaration.source.span)
            raise Poisoned
        units = tuple(unit for unit, _ in made)
        arguments = tuple(given for _, given in made)
        return Child(declaration.name, units, arguments, sizes.size(len(units)), declaration.name_span)

    def _deciding(self, source: ast.Expr, names: Mapping[str, Value]) -> tuple[Value, ...]:
        """The items; the parameters that say how many there are have their values for good, as each may be unlike."""
        shop, outside = self.shop, self.shop.trace
        shop.trace = Trace()
        try:
            return self._items(source, names)
        finally:
            shop.decided |= shop.trace.pinned()
            outside.guards.update(shop.trace.guards)
            shop.trace = outside

    def _items(self, source: ast.Expr, names: Mapping[str, Value]) -> tuple[Value, ...]:
        value = self.value(source, names)
        try:
            items = items_of(value)
        except Failure as problem:
            self.shop.report.error("wrong-kind", str(problem), source.span)
            raise Poisoned from None
        if len(items) > LIMIT:
            self.shop.report.error("too-many-sites", f"{len(items):,} turns; the limit is {LIMIT:,}", source.span)
            raise Poisoned
        return items

    # ------------------------------------------------------------------------ weights, buffers, states

    def _weight(self, declaration: ast.WeightDecl, names: Mapping[str, Value]) -> WeightSpec:
        axes = [self._axis(dim, names, "out") for dim in declaration.outs]
        axes += [self._axis(dim, names, "in") for dim in declaration.ins or ()]
        if declaration.dtype is not None and declaration.dtype not in WEIGHT_DTYPES:
            message = f"no dtype `{declaration.dtype}`"
            place = _word_in(self.shop, declaration.span, declaration.dtype)
            self.shop.report.add(unknown("unknown-dtype", message, declaration.dtype, place, WEIGHT_DTYPES))
            raise Poisoned
        scope = self.shop.names(names, self.home)
        init = init_of(declaration.init, scope, self.shop.report) if declaration.init else usual_init(tuple(axes))
        return WeightSpec(
            declaration.name,
            tuple(axes),
            init,
            declaration.dtype or "float32",
            "frozen" in declaration.flags,
            "no_decay" in declaration.flags,
            declaration.span,
            declaration.init is not None,
        )

    def _axis(self, dim: ast.Dim, names: Mapping[str, Value], side: str) -> Axis:
        if dim.value is None:
            self.shop.report.error("bad-size", "a weight has a fixed number of axes: `...` cannot stand here", dim.span)
            raise Poisoned
        size = self._size(dim.value, names)
        label = dim.label or (dim.value.name if isinstance(dim.value, ast.Name) else None)
        return Axis(size, label, "in" if side == "in" else "out")

    def _size(self, expr: ast.Expr, names: Mapping[str, Value]) -> Size:
        size = self.value(expr, names)
        if not isinstance(size, Size) or size.value is None or size.value < 1:
            shown = size.value if isinstance(size, Size) else "no whole number"
            self.shop.report.error("bad-size", f"a size must be at least 1, and this is {shown}", expr.span)
            raise Poisoned
        return size

    def _buffer(self, declaration: ast.BufferDecl, names: Mapping[str, Value]) -> BufferSpec:
        self._known_dtype(declaration.type)
        dims = tuple(self._size(dim.value, names) for dim in declaration.type.dims or () if dim.value is not None)
        value = self.value(declaration.value, names) if declaration.value else sizes.size(0)
        return BufferSpec(declaration.name, Tensor(declaration.type.base, dims), value, span=declaration.span)

    def _state(self, declaration: ast.StateDecl, names: Mapping[str, Value]) -> StateSpec:
        """Run-time sizes stand as themselves here; those that no input binds are how long the sequence is so far."""
        self._known_dtype(declaration.type)
        value = self.value(declaration.value, names) if declaration.value else sizes.size(0)
        if declaration.type.dims is None:
            return StateSpec(declaration.name, None, value, span=declaration.span)
        dims, growing, size_name = [], None, None
        bound = _bound_names(self.draft.item)
        for at, dim in enumerate(declaration.type.dims):
            name = dim.value.name if isinstance(dim.value, ast.Name) else None
            if name is None or name in names or not name[:1].isupper():
                if dim.value is None:
                    self.shop.report.error("bad-size", "a state has a fixed number of axes", dim.span)
                    raise Poisoned
                dims.append(self._size(dim.value, names))
            elif name in bound:
                dims.append(sizes.runtime(name))
            else:
                growing, size_name = at, name
                dims.append(sizes.runtime(name) if self.shop.incremental else sizes.size(0))
        type = Tensor(declaration.type.base, tuple(dims))
        return StateSpec(declaration.name, type, value, growing, size_name, declaration.span)

    def _known_dtype(self, type: ast.Type) -> None:
        if type.base not in DTYPES:
            place = Span(type.span.path, type.span.start, type.span.start + len(type.base))
            self.shop.report.add(unknown("unknown-dtype", f"no values are `{type.base}`", type.base, place, DTYPES))
            raise Poisoned

    # ------------------------------------------------------------------------ the rest

    def _require(self, declaration: ast.Require, names: Mapping[str, Value]) -> None:
        scope = self.shop.names(names, self.home)
        try:
            code = require_holds(declaration, scope, self.shop, self.unit.name, self.via)
        except Poisoned:
            raise Unmet from None
        if code is not None:
            self.unit.requires += ((self.shop.text(declaration.condition.span), code),)

    def _forward(self, declaration: ast.Forward) -> None:
        first = self.draft.forwards.get(declaration.name)
        if first is not None:
            what = f"the forward `{declaration.name}`" if declaration.name else "`forward`"
            where = Label(first.span, "first here")
            self.shop.report.error("duplicate-name", f"{what} is declared twice", declaration.span, "", where)
            return
        if declaration.name is not None:
            self._claim(declaration.name, declaration.span)
        self.draft.forwards[declaration.name] = declaration

    def _if(self, declaration: ast.DeclIf, names: Mapping[str, Value]) -> None:
        try:
            holds = truth(self.value(declaration.condition, names))
        except Failure as problem:
            self.shop.report.error("wrong-kind", str(problem), declaration.condition.span)
            raise Poisoned from None
        self.run(declaration.then if holds else declaration.other, names)

    def _for(self, declaration: ast.DeclFor, names: Mapping[str, Value]) -> None:
        for item in self._items(declaration.source, names):
            self.run(declaration.body, {**names, **bind_names((declaration.name,), item)})


def _word_in(shop: Shop, span: Span, word: str) -> Span:
    """Where a statement has a word, behind its `:`."""
    file = shop.scope.files.get(span.path)
    match = re.search(rf":\s*({re.escape(word)})\b", file.source.slice(span)) if file else None
    return Span(span.path, span.start + match.start(1), span.start + match.end(1)) if match else span


class Unmet(Poisoned):
    """A `require` does not hold: nothing that is built on these sizes means anything."""


class _Taken(Poisoned):
    """A name that is taken already."""


def _bound_names(item: ast.Block | ast.Extern | None) -> frozenset[str]:
    """The run-time sizes that the inputs of some forward bind."""
    forwards = [each for each in item.body if isinstance(each, ast.Forward)] if item else []
    dims = [dim for each in forwards for one in each.inputs for dim in one.type.dims or ()]
    return frozenset(dim.value.name for dim in dims if isinstance(dim.value, ast.Name))
