"""What can be looked at in a spec: its builds, their stages, and each model under each of its plans."""

from __future__ import annotations

from collections.abc import Mapping

from sharedsl.analysis.budget.document import Budget
from sharedsl.analysis.budget.limits import runtime_sizes
from sharedsl.analysis.budget.requirements import refused
from sharedsl.analysis.budget.subject import budget_of
from sharedsl.analysis.budget.totals import Totals
from sharedsl.analysis.pipeline import Analysis, Broken, Compiled, compile_build, compile_plan
from sharedsl.diagnostics import Diagnostic
from sharedsl.record import dataclass
from sharedsl.syntax import ast

#: what run-time sizes are where nobody says; others are 128
_USUAL = {"B": 1, "H": 224, "W": 224}
_OTHERS = 128


@dataclass(frozen=True, slots=True)
class Choice:
    """`name` is `Small`, `Small@late`, `Gpt` (a model as it stands) or `Gpt + tied` (a model under a plan)."""

    name: str
    model: str
    plan: str
    build: bool


def choices(analysis: Analysis) -> list[Choice]:
    """Builds first. Models and plans that want arguments have no sizes to be shown at."""
    found = []
    for name in analysis.targets:
        build = analysis.builds[name.partition("@")[0]]
        found.append(Choice(name, build.model, ", ".join(ref.name for ref in build.plans), True))
    for model in analysis.scope.models():
        target = analysis.scope.model(model)
        if target is None or not isinstance(target.item, ast.Block) or not _closed(target.item.params):
            continue
        found.append(Choice(model, model, "", False))
        plans = analysis.scope.plans_of(model).items()
        found += [Choice(f"{model} + {name}", model, name, False) for name, each in plans if _closed(each.plan.params)]
    return found


def _closed(params: tuple[ast.Param, ...]) -> bool:
    return all(param.default is not None for param in params)


def compiled(analysis: Analysis, name: str) -> Compiled:
    """Raises Broken where it has errors, or where there is no such choice."""
    if name.partition("@")[0] in analysis.builds or name not in {each.name for each in choices(analysis)}:
        return compile_build(analysis, name)
    model, _, plan = name.partition(" + ")
    return compile_plan(analysis, model, (plan,) if plan else ())


def settled(totals: Totals, at: Mapping[str, int]) -> dict[str, int]:
    """A number for each run-time size that has none of its own."""
    known = totals.assumed
    names = runtime_sizes(totals)
    return {name: at.get(name, known.get(name, _USUAL.get(name, _OTHERS))) for name in names}


def budget(made: Compiled, at: Mapping[str, int]) -> tuple[Budget, Diagnostic | None]:
    """The budget at run-time sizes, and what the model's forward has against them."""
    found = budget_of(made)
    sizes = settled(found.totals, at)
    found = budget_of(made, sizes)
    return found, refused(found.totals.model, {**found.totals.assumed, **sizes}, sizes, made.title)


def compare(analysis: Analysis, model: str, at: Mapping[str, int]) -> list[dict[str, object]]:
    """Every choice of one model with its totals; those that have errors are left out."""
    rows: list[dict[str, object]] = []
    for each in choices(analysis):
        if each.model != model:
            continue
        try:
            made = compiled(analysis, each.name)
        except Broken:
            continue
        found, against = budget(made, at)
        totals = dict(found.values)
        if against is not None:
            totals["flops"] = None
        rows.append({"name": each.name, "plan": ", ".join(made.plans), "build": each.build, "totals": totals})
    return rows
