"""Stages of a build: each is solved like a plan of its own, and every tensor of it has a value in the stages before."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sharedsl.analysis.builds import Made
from sharedsl.analysis.report import Reporter
from sharedsl.model.migration import Migration, storage_key
from sharedsl.model.tree import Model
from sharedsl.model.weights import Solved
from sharedsl.sharing.context import StagePlan
from sharedsl.sharing.migration import migration
from sharedsl.syntax import ast

#: what a stage of the build comes to, by name; None: the build as training begins
Solve = Callable[[str | None], Made]


def class_name(build: str, stage: str) -> str:
    """`Small`, `all_apart` -> `SmallAllApart`."""
    return build + "".join(word[:1].upper() + word[1:] for word in stage.split("_"))


def stack_parameters(model: Model) -> frozenset[str]:
    """The model's parameters that say how many layers there are."""
    found: set[str] = set()
    seen: set[int] = set()
    queue = [model.root]
    while queue:
        unit = queue.pop()
        if id(unit) in seen:
            continue
        seen.add(id(unit))
        for child in unit.children.values():
            found |= child.count.formula.names() if child.count is not None else set()
            queue += child.units
    return frozenset(found & model.parameters.keys())


def entries(before: tuple[StagePlan, ...], solved: Solved, solve: Solve) -> tuple[tuple[str | None, Migration], ...]:
    """What the tensors of a stage are made of, by the stage that training comes from."""
    names = (None, *(each.name for each in before))
    plans = [(name, solve(name).solved) for name in names]
    return tuple((name, migration(old, solved)) for name, old in plans if old is not None)


def check_stages(stages: tuple[StagePlan, ...], solve: Solve, report: Reporter) -> None:
    """What is wrong in the stages of plans that have nothing wrong outside of them."""
    for at, stage in enumerate(stages):
        made = solve(stage.name)
        for each in made.diagnostics:
            report.add(each)
        if made.solved is not None:
            for before, move in entries(stages[:at], made.solved, solve):
                _without_value(stage, before, move, report)


def _without_value(stage: StagePlan, before: str | None, move: Migration, report: Reporter) -> None:
    for storage in move.missing[:1]:
        more = f" and {len(move.missing) - 1} more" if len(move.missing) > 1 else ""
        came = f"in stage `{before}`" if before is not None else "before"
        message = f"`{storage_key(storage)}`{more} begins in stage `{stage.name}`, and nothing {came} gives it a value"
        help = "a stage goes on with the values there are: it may untie, tie, share, fold and add private parts"
        place = storage.because[0] if storage.because else stage.place
        report.error("stage-value", message, place, help=help)


def check_names(
    build: ast.Build, stages: tuple[StagePlan, ...], builds: Mapping[str, ast.Build], report: Reporter
) -> None:
    """The class of a stage is called after both; no build may have that name."""
    for stage in stages:
        taken = builds.get(class_name(build.name, stage.name))
        if taken is not None:
            message = f"the class of `{build.name}@{stage.name}` would be called `{taken.name}`, as a build is"
            report.error("duplicate-name", message, taken.name_span)
