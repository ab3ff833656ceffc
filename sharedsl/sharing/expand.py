"""Plans to lines: parameters bound, `for` and `if` unrolled, `require` checked, `extends` and unions kept."""

from __future__ import annotations

from collections.abc import Mapping

from sharedsl.comptime import Failure, Scope, evaluate
from sharedsl.comptime.evaluate import bind, items_of
from sharedsl.comptime.values import plain, truth
from sharedsl.diagnostics import Diagnostic, Label
from sharedsl.model import sizes
from sharedsl.model.sizes import Value
from sharedsl.sharing.context import ExpandedPlans, Level, Line, PlanContext, StagePlan
from sharedsl.sharing.report import Report, suggestion
from sharedsl.source import Span
from sharedsl.syntax import ast

#: relations that are read and not carried out yet, with what to say
NOT_YET: dict[type, str] = {}
LIMIT = 10_000


def expand(refs: tuple[ast.PlanRef, ...], ctx: PlanContext) -> tuple[ExpandedPlans, list[Diagnostic]]:
    """The plans that a build names, as levels of lines."""
    work = _Expander(ctx)
    levels = [level for ref in refs if (level := work.plan(ref, ctx.parameters, ())) is not None]
    return ExpandedPlans(Level("", tuple(levels)), tuple(work.names), work.ordered_stages()), work.report.found


class _TooLong(Exception):
    """More lines than the limit; nothing goes on after it."""


class _Expander:
    def __init__(self, ctx: PlanContext) -> None:
        self.ctx, self.report = ctx, Report()
        self.names: dict[str, None] = {}
        self.done: dict[object, Level | None] = {}
        self.stages: dict[str, StagePlan] = {}
        self.inside: str | None = None
        self.count = 0

    def plan(self, ref: ast.PlanRef, names: Mapping[str, Value], trail: tuple[str, ...]) -> Level | None:
        plan = self.ctx.plans.get(ref.name)
        if plan is None:
            span = Span(ref.span.path, ref.span.start, ref.span.start + len(ref.name))
            help, fixes = suggestion(ref.name, span, [name for name in self.ctx.plans if name not in trail])
            self.report.error("unknown-plan", f"there is no plan `{ref.name}`", span, help=help, fixes=fixes)
            return None
        if ref.name in trail:
            self.cycle(trail[trail.index(ref.name) :])
            return None
        if plan.model != self.ctx.model:
            message = f"plan `{plan.name}` is for the model `{plan.model}`, not `{self.ctx.model}`"
            self.report.error("wrong-model", message, ref.span, "used here", (Label(plan.name_span, "declared here"),))
            return None
        bound = self.bind(plan, ref, names)
        if bound is None:
            return None
        key = (plan.name, tuple((name, _frozen(value)) for name, value in bound.items()))
        if key not in self.done:
            self.done[key] = None
            self.done[key] = self.level(plan, bound, (*trail, ref.name))
        return self.done[key]

    def cycle(self, loop: tuple[str, ...]) -> None:
        """Plans that extend each other: one mistake, wherever the round begins; the last in the text is blamed."""
        at = max(range(len(loop)), key=lambda at: self.ctx.plans[loop[at]].span.start)
        names = (*loop[at:], *loop[:at], loop[at])
        blamed = next(ref for ref in self.ctx.plans[names[0]].extends if ref.name == names[1])
        self.report.error("plan-cycle", f"a plan cannot extend itself: {' -> '.join(names)}", blamed.span)

    def bind(self, plan: ast.Plan, ref: ast.PlanRef, names: Mapping[str, Value]) -> dict[str, Value] | None:
        """The plan's parameters, from the arguments and the defaults."""
        bound: dict[str, Value] = {}
        wanted = {param.name: param for param in plan.params}
        caller = Scope(names, self.ctx.trace)
        for at, arg in enumerate(ref.args):
            name = arg.name or (plan.params[at].name if at < len(plan.params) else None)
            if name is None or name not in wanted or name in bound:
                what = f"no parameter `{name}`" if name and name not in bound else f"{len(plan.params)} parameters"
                place = Span(arg.span.path, arg.span.start, arg.span.start + len(arg.name or ""))
                help, fixes = suggestion(name or "", place, wanted) if not name or name not in bound else ("", ())
                if name in bound:
                    what = f"`{name}` once only"
                fixes = () if arg.name is None else fixes
                self.report.error("plan-argument", f"plan `{plan.name}` takes {what}", arg.span, help=help, fixes=fixes)
                return None
            try:
                bound[name] = evaluate(arg.value, caller)
            except Failure as problem:
                self.failed(problem, arg.span)
                return None
        ordered: dict[str, Value] = {}
        for param in plan.params:
            if param.name in bound:
                ordered[param.name] = bound[param.name]
            elif param.default is None:
                message = f"plan `{plan.name}` needs a value for `{param.name}`"
                self.report.error("plan-argument", message, ref.span, also=(Label(param.span, "declared here"),))
                return None
            else:
                try:
                    ordered[param.name] = evaluate(param.default, self.scope(ordered))
                except Failure as problem:
                    self.failed(problem, param.span)
                    return None
            if not _fits(param.kind, ordered[param.name]):
                message = f"`{param.name}` of plan `{plan.name}` is {_an(param.kind or 'int')}"
                self.report.error("plan-argument", message, ref.span, also=(Label(param.span, "declared here"),))
                return None
        return ordered

    def scope(self, names: Mapping[str, Value]) -> Scope:
        return Scope({**self.ctx.parameters, **names}, self.ctx.trace)

    def failed(self, problem: Failure, span: Span) -> None:
        self.report.failure(problem, span, self.ctx.parameters)

    def level(self, plan: ast.Plan, bound: dict[str, Value], trail: tuple[str, ...]) -> Level:
        scope = self.scope(bound)
        parents = [level for ref in plan.extends if (level := self.plan(ref, scope.names, trail)) is not None]
        self.names.setdefault(_title(plan.name, bound))
        lines: dict[Line, None] = {}
        try:
            self.unroll(plan.body, scope, bound, plan.name, lines)
        except _TooLong:
            message = f"plan `{plan.name}` is too long: it may have {LIMIT:,} lines, loops unrolled"
            self.report.error("bad-value", message, plan.name_span)
        return Level(plan.name, tuple(parents), tuple(lines))

    def unroll(
        self,
        body: tuple[ast.Relation, ...],
        scope: Scope,
        bound: Mapping[str, Value],
        plan: str,
        lines: dict[Line, None],
    ) -> None:
        for relation in body:
            try:
                self.relation(relation, scope, bound, plan, lines)
            except Failure as problem:
                self.failed(problem, relation.span)

    def relation(
        self, relation: ast.Relation, scope: Scope, bound: Mapping[str, Value], plan: str, lines: dict[Line, None]
    ) -> None:
        match relation:
            case ast.PlanFor():
                for item in items_of(evaluate(relation.source, scope)):
                    names = bind(relation.names, item)
                    self.unroll(relation.body, scope.with_names(names), {**bound, **names}, plan, lines)
            case ast.PlanIf():
                chosen = relation.then if truth(evaluate(relation.condition, scope)) else relation.other
                self.unroll(chosen, scope, bound, plan, lines)
            case ast.Require():
                if not truth(evaluate(relation.condition, scope)):
                    self.report.error("require", f"plan `{plan}` requires this, and it does not hold", relation.span)
            case ast.Stage():
                self.stage(relation, scope, bound, plan)
            case _ if type(relation) in NOT_YET:
                self.report.error("not-yet", NOT_YET[type(relation)], relation.span)
            case _:
                self.count += 1
                if self.count > LIMIT:
                    raise _TooLong
                seen = tuple((name, _frozen(value)) for name, value in bound.items())
                lines.setdefault(Line(relation, scope, seen, plan))

    # ------------------------------------------------------------------ stages

    def stage(self, stage: ast.Stage, scope: Scope, bound: Mapping[str, Value], plan: str) -> None:
        """The lines of a stage, apart from those of the plan."""
        if self.inside is not None:
            message = f"stage `{stage.name}` stands in stage `{self.inside}`"
            help = "stages do not build on each other: each has the lines outside the stages and its own"
            self.report.error("bad-stage", message, stage.name_span, help=help)
            return
        step = self.step(stage, scope)
        known = self.stages.get(stage.name)
        if known is not None:
            message = f"two stages of one build are called `{stage.name}`"
            self.report.error("duplicate-name", message, stage.name_span, also=(Label(known.place, "first here"),))
            return
        lines: dict[Line, None] = {}
        self.inside = stage.name
        self.unroll(stage.body, scope, bound, plan, lines)
        self.inside = None
        if not lines and not self.report.found:
            help = "write the lines that hold from then on, such as `untie layers`"
            self.report.error("bad-stage", f"stage `{stage.name}` changes nothing", stage.name_span, help=help)
        self.stages[stage.name] = StagePlan(stage.name, step, tuple(lines), stage.name_span)

    def step(self, stage: ast.Stage, scope: Scope) -> int:
        value = evaluate(stage.step, scope)
        if not isinstance(value, sizes.Size) or value.value is None or value.value < 1:
            message = f"stage `{stage.name}` begins at a step of the training, a whole number of at least 1"
            self.report.error("bad-stage", message, stage.step.span)
            return 0
        return value.value

    def ordered_stages(self) -> tuple[StagePlan, ...]:
        """In the order in which training comes to them, then of the text."""
        return tuple(sorted(self.stages.values(), key=lambda each: (each.step, each.place.path, each.place.start)))


def _frozen(value: Value) -> object:
    bare = plain(value)
    return repr(bare) if isinstance(bare, list) else bare


def _fits(kind: str | None, value: Value) -> bool:
    wanted = {"int": sizes.Size, "float": (sizes.Real, sizes.Size), "bool": bool, "list": tuple, "str": str}
    return value is None or kind not in (None, *wanted) or isinstance(value, wanted[kind or "int"])  # type: ignore[arg-type]


def _an(kind: str) -> str:
    return f"an {kind}" if kind == "int" else f"a {kind}"


def _title(name: str, bound: Mapping[str, Value]) -> str:
    if not bound:
        return name
    return f"{name}({', '.join(f'{key} = {plain(value)}' for key, value in bound.items())})"
