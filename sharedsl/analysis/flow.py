"""Reads the statements of one forward or function into the typed dataflow of `sharedsl.model.dataflow`."""

from __future__ import annotations

from sharedsl.analysis import choices, expressions
from sharedsl.analysis.arguments import Poisoned
from sharedsl.analysis.branches import branch
from sharedsl.analysis.flow_values import BAD, Both, Presence, Ref, V, described, is_static, operand
from sharedsl.analysis.loops import loop
from sharedsl.analysis.numbering import Numbering
from sharedsl.analysis.scope import FileScope
from sharedsl.analysis.shop import Draft, Shop
from sharedsl.analysis.states import misfit
from sharedsl.model import dataflow as d
from sharedsl.model.sizes import Size
from sharedsl.record import dataclass, field
from sharedsl.source import Span
from sharedsl.syntax import ast


@dataclass(slots=True, eq=False)
class Flow:
    """One forward being read: the names in reach, and the statements so far."""

    shop: Shop
    home: FileScope
    #: the block; None in a function
    draft: Draft | None
    numbering: Numbering
    names: dict[str, V] = field(default_factory=dict)
    sizes: dict[str, Size] = field(default_factory=dict)
    #: the types of the block's states here
    states: dict[str, d.Tensor | None] = field(default_factory=dict)
    #: whether states come from and go to whoever calls
    keeps: bool = False
    out: list[d.Statement] = field(default_factory=list)
    returned: list[tuple[d.Type, Span, tuple[Span, ...]]] = field(default_factory=list)
    #: nothing after this point runs
    done: bool = False
    failed: bool = False
    in_loop: int = 0
    #: names that each turn of a loop made for itself, and where: they ended with it
    ended: dict[str, Span] = field(default_factory=dict)

    def error(self, code: str, message: str, span: Span, label: str = "", help: str = "") -> Poisoned:
        """Reports; `raise flow.error(..)` stops the statement."""
        self.shop.report.error(code, message, span, label, help=help)
        return Poisoned()

    # ------------------------------------------------------------------------ statements

    def run(self, body: tuple[ast.Statement, ...]) -> None:
        for statement in body:
            if self.done:
                return
            try:
                self._one(statement)
            except Poisoned:
                self.failed = True
                for name in _assigned(statement):
                    self.names[name] = BAD

    def _one(self, statement: ast.Statement) -> None:
        match statement:
            case ast.Assign():
                self._assign(statement)
            case ast.Return():
                self._return(statement)
            case ast.If():
                self._if(statement)
            case ast.For():
                loop(self, statement)
            case ast.Require():
                self._require(statement)

    def _assign(self, statement: ast.Assign) -> None:
        for target in statement.targets:
            self.refuse(target, statement.span)
        values = [expressions.value(self, each) for each in statement.values]
        targets = statement.targets
        if len(values) == len(targets):
            self._assign_each(targets, values, statement)
        elif len(values) == 1:
            self._unpack(targets, values[0], statement)
        else:
            raise self.error("wrong-count", f"{len(targets)} names for {len(values)} values", statement.span)

    def refuse(self, target: str, span: Span) -> None:
        """Sizes, layers and weights keep their meaning: code that computes with them could not be read otherwise."""
        draft = self.draft
        if draft is None:
            return
        unit = draft.unit
        kinds = (
            ("parameter", draft.names),
            ("layer", unit.children),
            ("weight", unit.weights),
            ("buffer", unit.buffers),
        )
        for kind, members in kinds:
            if target in members:
                place = Span(span.path, span.start, span.start + len(target))
                help = "give the value another name"
                raise self.error("not-assignable", f"`{target}` is a {kind} of `{unit.name}`", place, help=help)

    def _assign_each(self, targets: tuple[str, ...], values: list[V], statement: ast.Assign) -> None:
        """`a, b = e, f`: all values are found before any name changes."""
        spans = [each.span for each in statement.values]
        running = [at for at, value in enumerate(values) if not is_static(value) and not isinstance(value, Ref)]
        if len(running) > 1:
            self._assign_together(targets, values, statement)
            return
        for target, value, span in zip(targets, values, spans, strict=True):
            self.assign(target, value, span, statement.span)

    def _assign_together(self, targets: tuple[str, ...], values: list[V], statement: ast.Assign) -> None:
        if any(target in self.names and self._is_state(target) for target in targets):
            for target, value, one in zip(targets, values, statement.values, strict=True):
                self.assign(target, value, one.span, statement.span)
            return
        items = tuple(self.operand(value, one.span) for value, one in zip(values, statement.values, strict=True))
        type = d.Many(tuple(item.type for item in items))
        self.out.append(d.Assign(targets, d.Collect(items, type, span=statement.span), span=statement.span))
        for target, item in zip(targets, items, strict=True):
            self.names[target] = d.Var(target, item.type, span=statement.span)

    def _unpack(self, targets: tuple[str, ...], value: V, statement: ast.Assign) -> None:
        if isinstance(value, tuple) and not _has_runtime(value):
            if len(value) != len(targets):
                raise self.error("wrong-count", f"{len(targets)} names for {len(value)} values", statement.span)
            self._assign_each(
                targets, list(value), ast.Assign(targets, statement.values * len(targets), span=statement.span)
            )
            return
        source = self.operand(value, statement.span)
        if not isinstance(source.type, d.Many):
            raise self.error("wrong-count", f"{len(targets)} names for one value", statement.span)
        if len(source.type.items) != len(targets):
            count = len(source.type.items)
            raise self.error("wrong-count", f"{len(targets)} names for {count} values", statement.span)
        self.out.append(d.Assign(targets, source, span=statement.span))
        for target, type in zip(targets, source.type.items, strict=True):
            self.names[target] = d.Var(target, type, span=statement.span)

    def assign(self, target: str, value: V, span: Span, whole: Span) -> None:
        """Bind a name. Run-time values become a statement, others are remembered; a state is kept."""
        if self._is_state(target):
            self._keep(target, value, span, whole)
        elif isinstance(value, Presence | Both):
            raise self.error("not-yet", "a condition on an optional input cannot be kept in a name yet", span)
        elif value == () or not (is_static(value) or _is_layers(value)):
            expr = self.operand(value, span)
            if not (isinstance(expr, d.Var) and expr.name == target):
                self.out.append(d.Assign((target,), expr, span=whole))
            self.names[target] = d.Var(target, expr.type, span=whole)
        else:
            self.names[target] = value

    def assigned_in(self, statement: ast.Statement) -> list[str]:
        """The names that a statement would give a value to, in alphabetical order."""
        return sorted(_assigned(statement))

    def _is_state(self, name: str) -> bool:
        return self.draft is not None and name in self.draft.unit.states

    def _keep(self, target: str, value: V, span: Span, whole: Span) -> None:
        assert self.draft is not None
        spec = self.draft.unit.states[target]
        if spec.type is None:
            if not isinstance(value, Size):
                raise self.error("wrong-kind", f"the state `{target}` is a whole number", span)
            expr = self.operand(value, span)
            self.out.append(d.Keep(target, expr, span=whole))
            self.names[target] = value
            return
        expr = self.operand(value, span)
        wrong = misfit(self, spec, expr.type)
        if wrong is not None:
            raise self.error("shape", wrong, span)
        self.out.append(d.Keep(target, expr, span=whole))
        self.names[target] = d.Var(target, expr.type, span=whole)

    def operand(self, value: V, span: Span) -> d.Expr:
        """A value as a run-time expression, or an error."""
        expr = operand(value, span)
        if expr is None:
            raise self.error("wrong-kind", f"a value is wanted here, not {described(value)}", span)
        return expr

    def _return(self, statement: ast.Return) -> None:
        if self.in_loop:
            raise self.error("not-yet", "`return` inside a loop is not supported yet", statement.span)
        self.done = True
        exprs = tuple(self.operand(expressions.value(self, one), one.span) for one in statement.values)
        self.out.append(d.Return(exprs, span=statement.span))
        type = exprs[0].type if len(exprs) == 1 else d.Many(tuple(expr.type for expr in exprs))
        self.returned.append((type, statement.span, tuple(one.span for one in statement.values)))

    def _require(self, statement: ast.Require) -> None:
        """Decided now where it can be; a comparison of run-time sizes becomes a check that the module makes."""
        value = choices.condition(self, statement.condition, checking=True)
        if isinstance(value, tuple):
            for left, op, right in value:
                text = self.shop.text(statement.condition.span)
                self.out.append(d.Check(left, op, right, text, span=statement.span))
        elif value is False:
            text = self.shop.text(statement.condition.span)
            self.shop.report.error("require", f"this is required, and does not hold: {text}", statement.condition.span)
        elif value is not True:
            raise self.error("not-yet", "`require` on optional inputs is not supported yet", statement.condition.span)

    # ------------------------------------------------------------------------ conditions

    def _if(self, statement: ast.If) -> None:
        condition = choices.condition(self, statement.condition)
        branch(self, condition, statement.then, statement.other, statement.span)


def _is_layers(value: V) -> bool:
    if isinstance(value, tuple):
        return bool(value) and all(_is_layers(item) or is_static(item) for item in value)
    return isinstance(value, Ref)


def _has_runtime(value: V) -> bool:
    return isinstance(value, tuple) and not (is_static(value) or _is_layers(value))


def _assigned(statement: ast.Statement) -> set[str]:
    """The names that a statement would have given a value to."""
    match statement:
        case ast.Assign():
            return set(statement.targets)
        case ast.For():
            return {name for each in statement.body for name in _assigned(each)}
        case ast.If():
            return {name for each in (*statement.then, *statement.other) for name in _assigned(each)}
        case _:
            return set()
