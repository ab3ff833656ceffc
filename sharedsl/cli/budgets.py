"""The budgets that `budget` and `compare` print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sharedsl.analysis.budget.document import Budget
from sharedsl.analysis.budget.limits import runtime_sizes
from sharedsl.analysis.budget.requirements import refused
from sharedsl.analysis.budget.subject import budget_of, over_budget
from sharedsl.analysis.pipeline import Analysis, Broken, compile_plan
from sharedsl.cli import session
from sharedsl.cli.session import Findings, guess
from sharedsl.cli.terminal import Usage
from sharedsl.diagnostics import Diagnostic
from sharedsl.syntax import ast


def of_builds(
    paths: Sequence[str],
    builds: Sequence[str],
    overrides: Mapping[str, int],
    at: Mapping[str, int],
    found: Findings,
) -> list[Budget]:
    """The budgets of all builds of some specs; of a spec without builds, those of its models as they stand."""
    budgets: list[Budget] = []
    settable: dict[str, None] = {}
    for path in paths:
        analysis = session.load(path, found)
        for build in analysis.builds.values():
            settable.update(dict.fromkeys(session.parameters(analysis, build.model)))
        for each in session.compiled(analysis, builds, found, overrides):
            used = {name: value for name, value in overrides.items() if name in each.model.parameters}
            budgets.append(budget_of(each, at, used))
            if not used:
                found.add(over_budget(each))
        if not analysis.builds and not builds:
            budgets += _models(analysis, overrides, at, settable)
    session.wanted(builds, found)
    if settable:
        _known(overrides, list(settable), "parameter")
    _runtime(at, budgets)
    found.add([problem for budget in budgets if (problem := refused_at(budget, at)) is not None])
    return budgets


def refused_at(budget: Budget, at: Mapping[str, int]) -> Diagnostic | None:
    """What a build's forward requires and `--at` does not keep."""
    totals = budget.totals
    known = {name: value for name, value in at.items() if name in runtime_sizes(totals)}
    return refused(totals.model, {**totals.assumed, **known}, known, budget.name)


def _runtime(at: Mapping[str, int], budgets: Sequence[Budget]) -> None:
    """Every run-time size that is given is one of some model, and no size is negative."""
    for name, size in at.items():
        if size < 0:
            raise Usage(f"`{name}` is a size and cannot be {size}")
    if budgets:
        _known(
            at, list(dict.fromkeys(name for each in budgets for name in runtime_sizes(each.totals))), "run-time size"
        )


def _known(given: Mapping[str, int], names: list[str], what: str) -> None:
    for name in given:
        if name not in names:
            raise Usage(f"there is no {what} `{name}`{guess(name, names)}")


def _models(
    analysis: Analysis, overrides: Mapping[str, int], at: Mapping[str, int], settable: dict[str, None]
) -> list[Budget]:
    budgets = []
    for item in analysis.file.items:
        if isinstance(item, ast.Block) and item.kind == "model":
            settable.update(dict.fromkeys(param.name for param in item.params))
            used = {name: value for name, value in overrides.items() if name in session.parameters(analysis, item.name)}
            if all(param.default is not None or param.name in used for param in item.params):
                try:
                    budgets.append(budget_of(compile_plan(analysis, item.name, (), used), at, used))
                except Broken:
                    continue
    return budgets


def of_plans(
    path: str,
    model: str | None,
    plans: Sequence[str] | None,
    overrides: Mapping[str, int],
    at: Mapping[str, int],
    found: Findings,
) -> tuple[list[Budget], dict[str, str]]:
    """One model under several plans, and the plans' own words."""
    analysis = session.load(path, found)
    if found.errors and not analysis.scope.models():
        return [], {}  # what could not be read may have been the model
    name = _model(analysis, model)
    item = _block(analysis, name)
    missing = [param.name for param in item.params if param.default is None and param.name not in overrides]
    if missing:
        raise Usage(f"`{name}` needs values: --set {','.join(f'{each}=64' for each in missing)}")
    _known(overrides, [param.name for param in item.params], "parameter")
    if plans is None:
        plans = ["none", *_without_arguments(analysis, name)]
    else:
        wanted = [ref.name for plan in plans if plan != "none" for ref in _refs(analysis, name, plan)]
        found.diagnostics = [each for each in found.diagnostics if concerns(each, analysis, name, wanted)]
    budgets: list[Budget] = []
    texts: dict[str, str] = {}
    for plan in plans:
        refs = () if plan == "none" else _refs(analysis, name, plan)
        try:
            made = compile_plan(analysis, name, refs, dict(overrides))
        except Broken as problem:
            found.add(problem.diagnostics)
            continue
        budgets.append(budget_of(made, at, overrides, plan, refs))
        for stage in made.stages:
            later = compile_plan(analysis, name, refs, dict(overrides), stage)
            budgets.append(budget_of(later, at, overrides, f"{plan}@{stage}", refs))
        texts[plan] = "\n".join(_text(analysis, name, ref.name) for ref in refs)
    _runtime(at, budgets)
    found.add([each for budget in budgets if (each := refused_at(budget, at)) is not None])
    return budgets, texts


def concerns(each: Diagnostic, analysis: Analysis, model: str, plans: Sequence[str]) -> bool:
    """Whether a finding has to do with a model under some plans: it is not about another plan, nor about a build."""
    if each.span is None or each in analysis.misread:
        return True
    asked, queue = set[str](), [*plans]
    known = analysis.scope.plans_of(model)
    while queue:
        name = queue.pop()
        if name not in asked:
            asked.add(name)
            queue += [ref.name for ref in known[name].plan.extends] if name in known else []
    for item in analysis.file.items:
        if item.span.path == each.span.path and item.span.start <= each.span.start < item.span.end:
            if isinstance(item, ast.Plan):
                return item.model == model and item.name in asked
            return not isinstance(item, ast.Build)
    return True


def _model(analysis: Analysis, model: str | None) -> str:
    models = analysis.scope.models()
    if model is None:
        if len(models) == 1:
            return next(iter(models))
        raise Usage(
            "which model? " + ", ".join(f"--model {each}" for each in models) if models else "there is no model"
        )
    if model not in models:
        raise Usage(f"there is no model `{model}`{guess(model, list(models))}")
    return model


def _block(analysis: Analysis, name: str) -> ast.Block:
    target = analysis.scope.model(name)
    assert target is not None and isinstance(target.item, ast.Block)
    return target.item


def _without_arguments(analysis: Analysis, model: str) -> list[str]:
    plans = analysis.scope.plans_of(model)
    return [name for name, each in plans.items() if all(param.default is not None for param in each.plan.params)]


def _refs(analysis: Analysis, model: str, text: str) -> tuple[ast.PlanRef, ...]:
    """`cycle(n = 3) + own_norms` as references to plans."""
    from sharedsl.source import SourceFile
    from sharedsl.syntax import parse

    line = f"build Compared = {model}() with {text.replace('+', ',')}\n"
    file, problems = parse(SourceFile("<plans>", line))
    build = file.items[0] if file.items else None
    if problems or not isinstance(build, ast.Build):
        raise Usage(f"`{text}` is not a plan; write its name, or name(parameter = value)")
    known = analysis.scope.plans_of(model)
    for ref in build.plans:
        if ref.name not in known:
            raise Usage(f"`{model}` has no plan `{ref.name}`{guess(ref.name, ['none', *known])}")
    return build.plans


def _text(analysis: Analysis, model: str, plan: str) -> str:
    """The plan as its file has it."""
    found = analysis.scope.plans_of(model)[plan]
    source = analysis.sources.get(found.plan.span.path)
    return source.slice(found.plan.span) if source is not None else ""
