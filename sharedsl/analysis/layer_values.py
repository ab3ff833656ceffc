"""What stands right of `layer x =`: one layer, `n` alike, a choice between layers, a list of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sharedsl.analysis.arguments import Given, Poisoned, given, value_of
from sharedsl.analysis.folding import edits_below
from sharedsl.analysis.library import where_in_std
from sharedsl.analysis.names import unknown
from sharedsl.analysis.scope import Definition, FileScope, names_in
from sharedsl.analysis.shop import LIMIT, Draft, Shop
from sharedsl.comptime.values import Failure, kind_of, truth
from sharedsl.layers import LAYERS, Layer
from sharedsl.model import sizes
from sharedsl.model.folds import DataflowEdit
from sharedsl.model.sizes import Named, Size, Value
from sharedsl.model.tree import Child, Unit
from sharedsl.record import dataclass
from sharedsl.source import Span
from sharedsl.syntax import ast

Folds = tuple[DataflowEdit, ...]
#: (what to make, its arguments, where, folds inside it) -> the unit's draft, its arguments in the caller's terms
Make = Callable[[Definition | Layer, list[Given], Span, Folds], tuple[Draft, dict[str, Value]]]
One = tuple[Unit, dict[str, Value]]


@dataclass(slots=True)
class LayerMaker:
    shop: Shop
    home: FileScope
    make: Make
    #: folds of the block's children and of what is below them
    folds: Folds = ()

    def child(self, name: str, expr: ast.Expr, names: Mapping[str, Value], span: Span) -> Child:
        """The declared layer `name`. Raises Poisoned where something is wrong, which is reported."""
        match expr:
            case ast.Binary(op="*"):
                return self._stack(name, expr, names, span)
            case ast.List():
                made = [self.single(item, names, self._below(name, at)) for at, item in enumerate(expr.items)]
                return self._listed(name, made, expr.span, span)
            case ast.Ternary():
                return self.child(name, self._chosen(expr, names), names, span)
            case _:
                unit, arguments = self.single(expr, names, self._below(name, None))
                return Child(name, (unit,), (arguments,), None, span)

    def _stack(self, name: str, expr: ast.Binary, names: Mapping[str, Value], span: Span) -> Child:
        count = self._value(expr.right, names)
        made = None
        try:
            made = self.single(expr.left, names, self._below(name, 0))
        finally:
            self._check_count(name, count, expr.right.span)
        assert made is not None and isinstance(count, Size)
        number = self.shop.trace.fixed(count)
        units = (made[0],) * number
        if any(edit.parent and edit.parent[0].name == name for edit in self.folds):
            units = tuple(self.single(expr.left, names, self._below(name, at))[0] for at in range(number))
        return Child(name, units, (made[1],) * number, count, span)

    def _below(self, name: str, index: int | None) -> Folds:
        return edits_below(self.folds, name, index) if self.folds else ()

    def _check_count(self, name: str, count: Value, span: Span) -> None:
        if not isinstance(count, Size) or count.value is None:
            self.shop.report.error("wrong-kind", f"a stack's length is a whole number, not {kind_of(count)}", span)
        elif count.value < 1:
            self.shop.report.error("bad-size", f"the stack `{name}` has {count.value} layers", span)
        elif count.value > LIMIT:
            message = f"the stack `{name}` has {count.value:,} layers; the limit is {LIMIT:,}"
            self.shop.report.error("too-many-sites", message, span)
        else:
            return
        raise Poisoned

    def _listed(self, name: str, made: list[One], where: Span, span: Span) -> Child:
        if not made:
            self.shop.report.error("bad-size", f"the stack `{name}` has no layers", where)
            raise Poisoned
        units, arguments = zip(*made, strict=True)
        return Child(name, units, arguments, sizes.size(len(made)), span)

    def single(self, expr: ast.Expr, names: Mapping[str, Value], folds: Folds = ()) -> One:
        """One layer: `L(..)`, or one of two by a condition."""
        if isinstance(expr, ast.Ternary):
            return self.single(self._chosen(expr, names), names, folds)
        if isinstance(expr, ast.BadExpr):
            raise Poisoned
        if not isinstance(expr, ast.Call) or not isinstance(expr.function, ast.Name):
            help = "a layer is written `Linear(dim, dim)`, a stack `Block(dim) * depth`"
            self.shop.report.error("not-a-layer", "this is not a layer", expr.span, help=help)
            raise Poisoned
        target = self._target(expr.function, names)
        args = given(expr.args, self.shop.names(names, self.home), self.shop.report)
        before = len(self.shop.report.found)
        try:
            draft, arguments = self.make(target, args, expr.span, folds)
        finally:
            self.shop.report.called_from(before, expr.span)
        return draft.unit, arguments

    def _chosen(self, expr: ast.Ternary, names: Mapping[str, Value]) -> ast.Expr:
        try:
            return expr.then if truth(self._value(expr.condition, names)) else expr.other
        except Failure as problem:
            self.shop.report.error("wrong-kind", str(problem), expr.condition.span)
            raise Poisoned from None

    def _value(self, expr: ast.Expr, names: Mapping[str, Value]) -> Value:
        return value_of(expr, self.shop.names(names, self.home), self.shop.report)

    def _target(self, name: ast.Name, names: Mapping[str, Value]) -> Definition | Layer:
        """What a layer's name stands for: a parameter of kind `layer`, a block of the file, a primitive."""
        value = names.get(name.name)
        if isinstance(value, Named) and value.kind == "layer":
            return self.shop.scope.find(value) or LAYERS[value.name]
        found = None if value is not None else self.home.names.get(name.name)
        if found is not None and not isinstance(found.item, ast.Function):
            return found
        if name.name in LAYERS and value is None and found is None:
            return LAYERS[name.name]
        if value is not None or found is not None or name.name in self.home.known:
            kind = "parameter" if value is not None else "function"
            self.shop.report.error("not-a-layer", f"`{name.name}` is a {kind}, not a layer", name.span)
            raise Poisoned
        module = where_in_std(name.name)
        help = f'`import "{module}" {{ {name.name} }}` brings it in' if module else ""
        message = f"no layer or block is called `{name.name}`"
        candidates = () if module else tuple(names_in(self.home))
        self.shop.report.add(unknown("unknown-layer", message, name.name, name.span, candidates, help))
        raise Poisoned
