"""Checks the items of a file one by one: every model and block, every plan on its model, every build.

Each check depends on its item and on what that mentions, and says what it found to its own report: an editor repeats
only those that an edit touched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from sharedsl.analysis.assumed import assumed
from sharedsl.analysis.builds import Asked, Made, Models, make, no_model
from sharedsl.analysis.echoes import without_echoes
from sharedsl.analysis.elaborate import check_block
from sharedsl.analysis.removals import with_removals
from sharedsl.analysis.repeats import once_each
from sharedsl.analysis.report import Reporter
from sharedsl.analysis.requests import asked_for, dtype_of, known_dtype, test_values
from sharedsl.analysis.scope import Definition, Scope
from sharedsl.analysis.staging import check_names, check_stages
from sharedsl.comptime import Scope as Names
from sharedsl.comptime import Trace
from sharedsl.diagnostics import Diagnostic
from sharedsl.record import dataclass, field, replace
from sharedsl.sharing.context import StagePlan
from sharedsl.source import SourceFile, Span
from sharedsl.syntax import ast


@dataclass(slots=True)
class Analysis:
    """A file, what it imports, and what is wrong with it. `scope` has every item in reach."""

    source: SourceFile
    file: ast.File
    sources: dict[str, SourceFile]
    diagnostics: tuple[Diagnostic, ...]
    scope: Scope
    #: errors of the text, its names and imports: what is left of it may say something else, so no build is made of it
    misread: tuple[Diagnostic, ...] = ()
    #: build -> the stages of its plans, in the order in which training comes to them
    stages: dict[str, tuple[StagePlan, ...]] = field(default_factory=dict)
    _made: dict[object, Made] = field(default_factory=dict, repr=False)
    _models: Models = field(default_factory=dict, repr=False)

    @property
    def builds(self) -> dict[str, ast.Build]:
        return self.scope.main.builds

    @property
    def targets(self) -> tuple[str, ...]:
        """What can be compiled: every build, and after it its stages as `Build@stage`."""
        found: list[str] = []
        for build in self.builds:
            found += [build, *(f"{build}@{stage.name}" for stage in self.stages.get(build, ()))]
        return tuple(found)

    @property
    def failed(self) -> bool:
        return any(each.severity == "error" for each in self.diagnostics)


def check_items(analysis: Analysis, report: Reporter) -> None:
    """All of them, models before what is built on them."""
    used = used_plans(analysis)
    for item in analysis.file.items:
        if isinstance(item, ast.Block):
            check_model(analysis, item, report)
    for item in analysis.file.items:
        if isinstance(item, ast.Plan):
            check_plan(analysis, item, (item.model, item.name) in used, report)
        elif isinstance(item, ast.Build):
            check_build(analysis, item, report)
    for block in unreached(analysis, _reached(analysis)):
        check_block_alone(analysis, block, report)


def told(
    analysis: Analysis, found: Sequence[Diagnostic], look: Callable[..., Iterable[Diagnostic]] | None = None
) -> tuple[Diagnostic, ...]:
    """What users are told of what was found: each mistake once, in the text's order. `look` is for `look_again`."""
    files = [file.file for file in analysis.scope.files.values()]
    if any(each.severity == "error" for each in found):
        from sharedsl.analysis.second_look import look_again  # a file without errors starts faster without it

        found = [*found, *look_again(analysis.scope, found, look)]
    kept = with_removals(once_each(without_echoes(found, analysis.sources, files), files), analysis.sources)
    return tuple(sorted(kept, key=lambda each: _order(each, analysis.source.path)))


def _order(diagnostic: Diagnostic, path: str) -> tuple[bool, str, int]:
    span = diagnostic.span
    return (span is None or span.path != path, span.path if span else "", span.start if span else 0)


def check_model(analysis: Analysis, item: ast.Block, report: Reporter) -> None:
    if item.kind == "model" and analysis.scope.model(item.name):
        _take(result_of(analysis, Asked(item.name, (), exact=False, solve=False)), item.params, report)


def used_plans(analysis: Analysis) -> set[tuple[str, str]]:
    """The plans that some build takes, itself or through `extends`: they are solved there, at the build's sizes."""
    used: set[tuple[str, str]] = set()
    queue = [(build.model, ref.name) for build in analysis.builds.values() for ref in build.plans]
    while queue:
        key = queue.pop()
        if key in used:
            continue
        used.add(key)
        found = analysis.scope.plan(*key)
        queue += [(key[0], ref.name) for ref in found.plan.extends] if found is not None else []
    return used


def check_plan(analysis: Analysis, item: ast.Plan, used: bool, report: Reporter) -> None:
    """A plan that no build takes is solved on its model, at default arguments."""
    target = analysis.scope.model(item.model)
    if target is None:
        span = Span(item.span.path, item.name_span.end, item.span.end)
        at = analysis.source.text.find(item.model, span.start, span.end)
        place = Span(item.span.path, at, at + len(item.model)) if at >= 0 else item.name_span
        report.add(no_model(analysis.scope, item.model, place))
        return
    if used or any(param.default is None for param in item.params):
        return
    ref = ast.PlanRef(item.name, span=item.name_span)
    assert isinstance(target.item, ast.Block)
    asked = Asked(item.model, (ref,), exact=False)
    made = result_of(analysis, asked)
    _take(made, target.item.params, report)
    if made.solved is not None:
        _check_stages(analysis, asked, made, report)


def check_build(analysis: Analysis, item: ast.Build, report: Reporter) -> None:
    asked = asked_for(analysis.scope, item, report)
    if asked is None:
        return
    made = result_of(analysis, asked)
    for each in (*made.diagnostics, *_over_budget(item, made)):
        report.add(each)
    if made.solved is not None:
        analysis.stages[item.name] = made.stages
        _check_stages(analysis, asked, made, report)
        check_names(item, made.stages, analysis.builds, report)
    trial = Reporter()
    test = test_values(analysis.scope, item, trial)
    for each in trial.found:
        report.add(each)
    if test and not trial.failed:
        asked = asked_for(analysis.scope, item, report, test)
        if asked is not None:
            for each in result_of(analysis, asked).diagnostics:
                report.add(each)


def _check_stages(analysis: Analysis, asked: Asked, made: Made, report: Reporter) -> None:
    check_stages(made.stages, lambda name: result_of(analysis, replace(asked, stage=name)), report)


def _over_budget(item: ast.Build, made: Made) -> list[Diagnostic]:
    """The budget lines that the build does not keep."""
    lines = tuple(line for line in item.body if isinstance(line, ast.BudgetLine))
    if not lines or made.model is None or made.solved is None or not known_dtype(item):
        return []
    from sharedsl.analysis.budget.limits import check
    from sharedsl.analysis.budget.totals import Totals

    return check(lines, Totals(made.model, made.solved, dtype_of(item)))


def _take(made: Made, params: tuple[ast.Param, ...], report: Reporter) -> None:
    """Findings at made-up sizes: those that sizes can be blamed for are not the user's."""
    invented = any(param.default is None for param in params)
    if invented and any(each.code in ("require", "bad-size") for each in made.diagnostics):
        return
    for each in made.diagnostics:
        report.add(each)


def check_block_alone(analysis: Analysis, item: ast.Block, report: Reporter) -> None:
    """A block of the file that no model of it reaches is checked by itself."""
    definition = analysis.scope.main.names[item.name]
    found = _checked(analysis.scope, definition, item)
    invented = any(param.default is None for param in item.params)
    if not (invented and any(each.code in ("require", "bad-size") for each in found)):
        for each in found:
            report.add(each)


def unreached(analysis: Analysis, reached: set[str]) -> list[ast.Block]:
    """The blocks of the file that are not among those that some model or block of it mentions."""
    own = (each for each in analysis.scope.main.names.values() if each.home is analysis.scope.main)
    blocks = (each.item for each in own if isinstance(each.item, ast.Block))
    return [item for item in blocks if item.kind == "block" and item.name not in reached]


def _checked(scope: Scope, definition: Definition, item: ast.Block) -> list[Diagnostic]:
    from sharedsl.analysis.arguments import Given as Argument
    from sharedsl.analysis.arguments import Poisoned, bind, parameters

    report = Reporter()
    params = parameters(item.params, Names({}, Trace(), definition.home.known), report)
    missing = {param.name for param in params if param.default is None}
    args = [Argument(name, value, item.name_span) for name, value in assumed(item.params, missing).items()]
    try:
        values = bind(params, args, f"`{item.name}`", item.name_span, report)
    except Poisoned:
        return report.found
    return check_block(scope, definition, values)


def _reached(analysis: Analysis) -> set[str]:
    """The names of blocks that some model or block of the file mentions."""
    found: set[str] = set()
    for item in analysis.file.items:
        if isinstance(item, ast.Block):
            mentioned(item.body, found)
    return found


def mentioned(node: object, found: set[str]) -> None:
    if isinstance(node, ast.Name):
        found.add(node.name)
    elif isinstance(node, tuple):
        for each in node:
            mentioned(each, found)
    elif hasattr(node, "__dataclass_fields__") and not isinstance(node, ast.Forward | Span):
        for name in node.__dataclass_fields__:
            mentioned(getattr(node, name), found)


def result_of(analysis: Analysis, asked: Asked) -> Made:
    """Made once for equal requests."""
    key = (
        *(asked.model, asked.plans, asked.args, repr(asked.overrides)),
        *(asked.incremental, asked.exact, asked.solve, asked.stage),
    )
    if key not in analysis._made:
        analysis._made[key] = make(analysis.scope, asked, analysis._models)
    return analysis._made[key]
