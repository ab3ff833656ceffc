"""A build, or a model with plans: arguments bound, the model elaborated, the plan solved."""

from __future__ import annotations

from collections.abc import Mapping

from sharedsl.analysis.arguments import Given, Poisoned, bind, fingerprint, given, parameters
from sharedsl.analysis.assumed import assumed
from sharedsl.analysis.elaborate import at_root, elaborate
from sharedsl.analysis.names import unknown
from sharedsl.analysis.report import Reporter
from sharedsl.analysis.reusing import reused
from sharedsl.analysis.scope import Definition, PlanDefinition, Scope
from sharedsl.comptime import Scope as Names
from sharedsl.comptime import Trace
from sharedsl.diagnostics import Diagnostic
from sharedsl.model.folds import DataflowEdit
from sharedsl.model.sites import Step
from sharedsl.model.sizes import Value
from sharedsl.model.tree import Model
from sharedsl.model.weights import Solved
from sharedsl.record import dataclass, field, replace
from sharedsl.sharing import adapters, expand, folds, reuses, solve
from sharedsl.sharing.context import LayerTree, PlanContext, StagePlan
from sharedsl.source import NOWHERE, Span
from sharedsl.syntax import ast

#: what `dtype` in a build may say
DTYPES = ("float32", "float16", "bfloat16", "float64")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be made: a model, its arguments, its plans. `exact`: no value may be made up for a parameter.

    `solve`: whether what the sites read is wanted. To check a model by itself, its dataflow is enough.
    """

    model: str
    plans: tuple[ast.PlanRef, ...]
    args: tuple[ast.Arg, ...] = ()
    overrides: tuple[tuple[str, Value], ...] = ()
    incremental: bool = False
    exact: bool = True
    solve: bool = True
    span: Span = NOWHERE
    #: the stage of the plans that is wanted; None: what the build begins as
    stage: str | None = None


@dataclass(slots=True)
class Made:
    """What came of it. `model` and `solved` are None where there are errors."""

    model: Model | None = None
    solved: Solved | None = None
    parameters: dict[str, Value] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    trace: Trace = field(default_factory=Trace)
    #: the stages of the plans, in the order in which training comes to them
    stages: tuple[StagePlan, ...] = ()


#: models without folds by (name, arguments, incremental): the model, what was found, what was decided on the way
Models = dict[object, tuple[Model | None, list[Diagnostic], Trace]]


def make(scope: Scope, asked: Asked, models: Models) -> Made:
    """Elaborate and solve. Mistakes are in the result's diagnostics. Equal models are elaborated once."""
    made = Made()
    report = Reporter()
    target = scope.model(asked.model)
    try:
        if target is None:
            report.add(no_model(scope, asked.model, asked.span))
            raise Poisoned
        made.parameters = _arguments(scope, target, asked, made.trace, report)
        _plan(scope, target, asked, made, report, models)
    except Poisoned:
        pass
    made.diagnostics = report.found
    return made


def no_model(scope: Scope, name: str, span: Span) -> Diagnostic:
    found = scope.main.names.get(name)
    if found is not None:
        kind = "a function" if found.kind == "function" else "a block"
        return unknown("unknown-model", f"`{name}` is {kind}, not a model", name, span, scope.models())
    return unknown("unknown-model", f"there is no model `{name}`", name, span, scope.models())


def _arguments(scope: Scope, target: Definition, asked: Asked, trace: Trace, report: Reporter) -> dict[str, Value]:
    """Every parameter's value; the overrides (of `test`, of `--set`) come last."""
    item = target.item
    assert isinstance(item, ast.Block)
    params = parameters(item.params, Names({}, trace, target.home.known), report)
    args = given(asked.args, Names({}, trace, scope.main.known), report)
    over = dict(asked.overrides)
    named = [one for at, one in enumerate(args) if _name_of(one, at, item) not in over]
    named += [Given(name, value, asked.span) for name, value in over.items()]
    if not asked.exact:
        missing = {param.name for param in params if param.default is None} - {one.name for one in named}
        positional = {item.params[at].name for at, one in enumerate(args) if not one.name and at < len(item.params)}
        named += [Given(name, value, asked.span) for name, value in assumed(item.params, missing - positional).items()]
    return bind(params, named, f"`{item.name}`", asked.span if asked.span.path else item.name_span, report)


def _name_of(one: Given, at: int, item: ast.Block) -> str | None:
    return one.name or (item.params[at].name if at < len(item.params) else None)


def _plan(scope: Scope, target: Definition, asked: Asked, made: Made, report: Reporter, models: Models) -> None:
    item = target.item
    assert isinstance(item, ast.Block)
    values = tuple((name, fingerprint(value)) for name, value in made.parameters.items())
    key = (target.home.path, target.name, values, asked.incremental)
    if key not in models:
        trace = Trace()
        models[key] = (
            *elaborate(scope, target, made.parameters, incremental=asked.incremental, trace=trace, via=asked.span),
            trace,
        )
    model, problems, trace = models[key]
    made.trace.guards.update(trace.guards)
    _take(problems, report)
    if model is None:
        raise Poisoned
    roots = {name: at_root(name, value) for name, value in made.parameters.items()}
    others = {name: each.plan for (_, name), each in scope.main.plans.items()}
    plans = others | {name: each.plan for name, each in scope.plans_of(asked.model).items()}
    deciding = Trace()
    context = PlanContext(target.name, roots, plans, LayerTree(model.root), deciding)
    expanded, found = expand(asked.plans, context)
    _take(found, report)
    made.stages = expanded.stages
    if asked.stage is not None:
        if all(each.name != asked.stage for each in expanded.stages):
            raise Poisoned
        expanded = expanded.at(asked.stage)
    folded, found = folds(expanded, context)
    _take(found, report)
    inserted, found = adapters(expanded, context)
    _take(found, report)
    edits: tuple[DataflowEdit, ...] = (*folded, *inserted)
    context.added = frozenset((*edit.parent, Step(edit.child)) for edit in inserted)
    if edits and not report.failed:
        model, found = elaborate(
            scope,
            target,
            made.parameters,
            folds=edits,
            incremental=asked.incremental,
            trace=made.trace,
            via=asked.span,
        )
        _take(found, report)
    if report.failed or model is None:
        raise Poisoned
    values_read, found = reuses(expanded, model)
    _take(found, report)
    if values_read and not report.failed:
        before = _weights(model)
        model, found = reused(model, values_read)
        _take(found, report)
        context.gone = before - _weights(model)
    if report.failed or model is None:
        raise Poisoned
    made.model = model
    inits = tuple(each for each in item.body if isinstance(each, ast.InitDecl))
    if not asked.solve and not asked.plans and not inits:
        return
    written = frozenset(site.index for site in model.sites if site.spec.written)
    solved, found = solve(model.sites, expanded, context, inits, written)
    _take(found, report)
    made.trace.guards.update(deciding.guards)
    made.solved = replace(solved, decided=deciding.pinned()) if not report.failed else None


def _weights(model: Model | None) -> frozenset[tuple[tuple[str, int | None], ...]]:
    """The declared weights, as paths of (name, index)."""
    sites = model.sites if model is not None else ()
    return frozenset(tuple((step.name, step.index) for step in site.path) for site in sites)


def _take(found: list[Diagnostic], report: Reporter) -> None:
    for each in found:
        report.add(each)


def plan_refs(plans: Mapping[str, PlanDefinition] | tuple[str, ...]) -> tuple[ast.PlanRef, ...]:
    """References to plans by name, with their default arguments."""
    return tuple(ast.PlanRef(name) for name in plans)
