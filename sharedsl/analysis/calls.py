"""Calls of declared layers in `forward`: one layer, a stack or a part of one, folded as the plan says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sharedsl.analysis.arguments import Poisoned, value_of
from sharedsl.analysis.bodies import forward_body
from sharedsl.analysis.flow_values import RUNTIME, Ref, described, operand
from sharedsl.analysis.folding import Turn, edits_of, layer_turns, part_turns, repetitions, whole_runs
from sharedsl.analysis.inputs import Argument, Binding, match
from sharedsl.analysis.outputs import outward
from sharedsl.analysis.shop import LIMIT, Draft
from sharedsl.diagnostics import Label
from sharedsl.layers import Layer
from sharedsl.model import dataflow as d
from sharedsl.model import sizes
from sharedsl.model.sites import Axis, Init, WeightSpec
from sharedsl.model.sizes import Real, Size, Value, literal
from sharedsl.model.tree import Child, Unit
from sharedsl.ops import ShapeError
from sharedsl.source import Span
from sharedsl.syntax import ast

if TYPE_CHECKING:
    from sharedsl.analysis.flow import Flow


def call_layer(flow: Flow, ref: Ref, args: list[Argument], span: Span) -> d.Expr:
    """The application of a layer, or of a stack's elements one after the other."""
    draft = flow.draft
    assert draft is not None
    child = draft.unit.children[ref.child]
    draft.applied.add(ref.child)
    return _Caller(flow, draft, child, ref, span).call(args)


class _Caller:
    """One call being read."""

    def __init__(self, flow: Flow, draft: Draft, child: Child, ref: Ref, span: Span) -> None:
        self.flow, self.shop, self.draft, self.child, self.ref, self.span = flow, flow.shop, draft, child, ref, span
        self.memo: dict[object, tuple[str | None, d.Type, tuple[d.Expr | None, ...]]] = {}

    def call(self, args: list[Argument]) -> d.Expr:
        runs = self._runs()
        count = sum(len(run) for run in runs)
        if count > LIMIT or len(self.flow.numbering.pending) + count > LIMIT:
            message = f"more than {LIMIT:,} applications of layers"
            raise self.flow.error("too-many-sites", message, self.span)
        uses: list[tuple[d.Use, ...]] = []
        result: d.Type | None = None
        operands: tuple[d.Expr | None, ...] | None = None
        body: str | None = None
        settled: tuple[int, int] | None = None
        for run in runs:
            done: list[d.Use] = []
            for turn in run:
                same = (id(self._unit(turn)), id(self.child.arguments[turn.index or 0]))
                if same != settled or turn.step is not None:
                    if result is not None:
                        args = self._threaded(args, result)
                    before, (body, result, given) = result, self._once(turn, args)
                    operands = operands or given
                    # what gives back the type that it got will do so again
                    settled = same if before is not None and before == result else None
                done.append(d.Use(self.child.name, turn.index, None, None, body, turn.step))
            uses.append(tuple(done))
        assert result is not None and operands is not None
        self._number(uses)
        form = "layer" if self.ref.indices is None or self.ref.element else "stack"
        return d.Call(tuple(use for run in uses for use in run), operands, result, form, span=self.span)

    def _runs(self) -> list[list[Turn]]:
        edits = edits_of(self.draft.folds, self.child.name)
        used = self.shop.folded
        if not edits:
            return [[Turn(index) for index in self.ref.indices]] if self.ref.indices is not None else [[Turn(None)]]
        if self.ref.indices is None:
            return [layer_turns(edits, used)]
        if self.ref.whole:
            return whole_runs(edits, len(self.child.units), used)
        return [part_turns(edits, self.ref.indices, used, self.ref.element)]

    def _number(self, uses: list[tuple[d.Use, ...]]) -> None:
        for run in uses:
            if self.ref.whole:
                self.flow.numbering.run(run)
            else:
                self.flow.numbering.part(run)

    def _threaded(self, args: list[Argument], result: d.Type) -> list[Argument]:
        """The next element gets the first result in place of the first input."""
        first = result.items[0] if isinstance(result, d.Many) else result
        at = self._first(args)
        place = args[at]
        return [*args[:at], Argument(place.name, d.Var("", first, span=self.span), place.span), *args[at + 1 :]]

    def _first(self, args: list[Argument]) -> int:
        """Which argument is the first input: the first positional one, or the one with its name."""
        unit = self._unit(Turn(self.ref.indices[0] if self.ref.indices else None))
        draft = self.shop.draft(unit)
        inputs = draft.layer.inputs if draft.layer else self._forward(draft).inputs
        name = inputs[0].name if inputs else None
        for at, arg in enumerate(args):
            if arg.name is None or arg.name == name:
                return at
        return 0

    # ------------------------------------------------------------------------ one element

    def _unit(self, turn: Turn) -> Unit:
        return self.child.units[turn.index or 0]

    def _once(self, turn: Turn, args: list[Argument]) -> tuple[str | None, d.Type, tuple[d.Expr | None, ...]]:
        unit = self._unit(turn)
        arguments = self.child.arguments[turn.index or 0]
        first = args[self._first(args)].value if args else None
        type = getattr(first, "type", None)
        key = (id(unit), id(arguments), type)
        found = self.memo.get(key)
        if found is None:
            found = self.memo[key] = self._apply(self.shop.draft(unit), arguments, args)
        if turn.step is not None:
            self._step_weight(unit, found[0], arguments, type)
        return found

    def _apply(
        self, draft: Draft, arguments: Mapping[str, Value], args: list[Argument]
    ) -> tuple[str | None, d.Type, tuple[d.Expr | None, ...]]:
        if draft.layer is not None:
            return self._primitive(draft.layer, arguments, args)
        forward = self._forward(draft)
        what = f"`{self.child.name}`"
        if not forward.inputs:
            raise self.flow.error("no-forward", f"{what} takes no inputs: it cannot be applied", self.span)
        given = match(self.shop, forward.inputs, args, what, self.span)
        operands = tuple(
            operand(given[one.name].value, self.span) if one.name in given else None for one in forward.inputs
        )
        if draft.unit.kind == "extern":
            return None, self._extern(draft, forward, given, arguments), operands
        before = len(self.shop.report.found)
        try:
            body = forward_body(self.shop, draft, forward, given)
        except Poisoned:
            self.flow.failed = True
            raise
        finally:
            self.shop.report.called_from(before, self.span)
        return body.key, outward(body, given, arguments), operands

    def _forward(self, draft: Draft) -> ast.Forward:
        found = draft.forwards.get(self.ref.method)
        if found is None:
            self._no_forward(draft)
            raise Poisoned
        return found

    def _no_forward(self, draft: Draft) -> None:
        where = (Label(draft.unit.span, "declared here"),)
        if self.ref.method is None and draft.forwards:
            named = ", ".join(f"`{name}`" for name in draft.forwards)
            message = f"`{draft.unit.name}` has no main forward, only {named}"
        else:
            message = f"`{draft.unit.name}` has no forward"
        self.shop.report.error("no-forward", message, self.span, "", *where)

    def _primitive(
        self, layer: Layer, arguments: Mapping[str, Value], args: list[Argument]
    ) -> tuple[str | None, d.Type, tuple[d.Expr | None, ...]]:
        what = f"`{self.child.name}`"
        inputs = tuple(
            ast.Input(one.name, ast.Type("float"), ast.Name("none") if one.optional else None) for one in layer.inputs
        )
        given = match(self.shop, inputs, args, what, self.span)
        operands: list[d.Expr | None] = []
        for one in layer.inputs:
            arg = given.get(one.name)
            expr = None if arg is None else self._runtime(arg, one.optional, what)
            operands.append(expr)
        try:
            result = layer.result(dict(arguments), tuple(None if each is None else each.type for each in operands))
        except ShapeError as problem:
            at = problem.arg
            arg = given.get(layer.inputs[at].name) if at is not None and at < len(layer.inputs) else None
            place = arg.span if arg is not None else self.span
            also = (Label(self.child.span, f"`{self.child.name}` is declared here"),)
            self.shop.report.error("shape", f"`{self.child.name}`: {problem}", place, "", *also)
            raise Poisoned from None
        return None, result, tuple(operands)

    def _runtime(self, arg: Argument, optional: bool, what: str) -> d.Expr:
        expr = operand(arg.value, arg.span)
        if expr is None or not isinstance(arg.value, RUNTIME):
            if not (expr is not None and isinstance(arg.value, Size)):
                raise self.flow.error("wrong-kind", f"{what} wants a tensor, not {described(arg.value)}", arg.span)
        if isinstance(expr.type, d.Tensor) and expr.type.optional and not optional:
            message = f"{what} needs a value, and this may be missing: {expr.type}"
            raise self.flow.error("maybe-none", message, arg.span, help="test it with `if ... != none`")
        return expr

    def _extern(
        self, draft: Draft, forward: ast.Forward, given: Mapping[str, Argument], arguments: Mapping[str, Value]
    ) -> d.Type:
        """The user's own layer: what its signature says."""
        assert draft.home is not None
        binding = Binding(self.shop, draft.home, arguments, f"`{draft.unit.name}`")
        binding.bind(forward.inputs, given)
        types: list[d.Type] = []
        outer = {name: given[place].value.type.dims[axis] for name, (place, axis) in binding.places.items()}
        names = self.shop.names({**arguments, **outer}, draft.home)
        hidden = [size for name, size in outer.items() if name not in _said(forward)]
        for output in forward.outputs:
            dims: list[Size] = []
            for dim in output.type.dims or ():
                if dim.value is None:
                    dims += hidden
                    continue
                size = value_of(dim.value, names, self.shop.report)
                if not isinstance(size, Size):
                    raise self.flow.error("bad-size", "a size must be a whole number", dim.span)
                dims.append(size)
            types.append(d.Tensor(output.type.base, tuple(dims)))
        return types[0] if len(types) == 1 else d.Many(tuple(types))

    # ------------------------------------------------------------------------ step embeddings

    def _step_weight(self, unit: Unit, body: str | None, arguments: Mapping[str, Value], type: object) -> None:
        """`fold .. with step_embedding`: a weight [times, dim] of the element that each repetition starts with."""
        if not isinstance(type, d.Tensor) or not type.dims or type.dims[-1].value is None:
            message = "a step embedding is added to the last axis of the input, whose size is not known here"
            raise self.flow.error("shape", message, self.span)
        if "step" in unit.weights:
            return
        edit = next(each for each in edits_of(self.draft.folds, self.child.name) if each.step_embedding)
        count = repetitions(edit)
        if count is None:
            raise self.flow.error("not-yet", "a step embedding with `fold .. as` is not supported yet", edit.span)
        axes = (Axis(sizes.size(count), "steps"), Axis(_inside(unit, body, arguments, type.dims[-1]), "dim"))
        init = Init("normal", (("std", Real(0.02, literal(0.02))),))
        unit.weights["step"] = WeightSpec("step", axes, init, span=edit.span)


def _inside(unit: Unit, body: str | None, arguments: Mapping[str, Value], size: Size) -> Size:
    """The last axis of the first input in the words of the layer itself."""
    first = unit.bodies[body].inputs[0].type if body is not None else None
    if isinstance(first, d.Tensor):
        return first.dims[-1]
    name = next((name for name, each in arguments.items() if isinstance(each, Size) and each.code == size.code), None)
    return Size(size.ground, size.formula, sizes.named(name) if name is not None else literal(size.value))


def _said(forward: ast.Forward) -> set[str]:
    dims = [dim for one in forward.inputs for dim in one.type.dims or ()]
    return {dim.value.name for dim in dims if isinstance(dim.value, ast.Name)}
