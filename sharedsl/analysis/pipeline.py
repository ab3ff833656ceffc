"""From a file's text to everything that is known about it: parse, names, models, plans, builds."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from sharedsl.analysis.builds import Asked, Made
from sharedsl.analysis.checking import Analysis as Analysis
from sharedsl.analysis.checking import check_items, result_of, told
from sharedsl.analysis.library import read_file
from sharedsl.analysis.names import unknown
from sharedsl.analysis.report import Reporter
from sharedsl.analysis.requests import asked_for, dtype_of, lifted_values, test_values
from sharedsl.analysis.scope import Load, load_scope
from sharedsl.analysis.staging import class_name, entries, stack_parameters
from sharedsl.collector import paused
from sharedsl.comptime import Trace
from sharedsl.diagnostics import Diagnostic
from sharedsl.model.migration import Stage
from sharedsl.model.sizes import Value
from sharedsl.model.tree import Model
from sharedsl.model.weights import Solved
from sharedsl.record import dataclass, replace
from sharedsl.source import SourceFile
from sharedsl.syntax import ast

#: blocks may nest 100 deep and expressions 100 more, each a few calls of ours
_RECURSION = 20_000


@dataclass(slots=True)
class Compiled:
    """A build, or a model with plans, ready to emit. `model` and `solved` are there unless `diagnostics` has errors."""

    analysis: Analysis
    build: ast.Build | None
    name: str
    model: Model
    solved: Solved
    plans: tuple[str, ...]
    sizes: dict[str, Value]
    diagnostics: tuple[Diagnostic, ...]
    incremental: bool
    dtype: str
    trace: Trace
    #: what it is a stage of training of, and what it begins as; None for the build itself
    stage: Stage | None = None
    #: the stages that its plans have, by name
    stages: tuple[str, ...] = ()

    @property
    def failed(self) -> bool:
        return any(each.severity == "error" for each in self.diagnostics)

    @property
    def title(self) -> str:
        """`Small`, or `Small@untied` for a stage, whose class is `SmallUntied`."""
        return self.name if self.stage is None or self.build is None else f"{self.build.name}@{self.stage.name}"


class Broken(Exception):
    """A build that cannot be made; `diagnostics` say why."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        super().__init__(diagnostics[0].message if diagnostics else "")
        self.diagnostics = diagnostics


@paused
def analyze(source: SourceFile, *, load: Load = read_file) -> Analysis:
    """Check a file: its text, its names, every model and block, every plan on its model, every build."""
    sys.setrecursionlimit(max(sys.getrecursionlimit(), _RECURSION))
    report = Reporter()
    scope = load_scope(source, load, report)
    sources = {path: file.source for path, file in scope.files.items()}
    misread = tuple(each for each in report.found if each.severity == "error")
    analysis = Analysis(source, scope.main.file, sources, (), scope, misread)
    check_items(analysis, report)
    analysis.diagnostics = told(analysis, report.found)
    return analysis


# ---------------------------------------------------------------------------- builds


@paused
def compile_build(
    analysis: Analysis, name: str, *, test: bool = False, overrides: Mapping[str, object] | None = None
) -> Compiled:
    """A build of the file, or a stage of one (`Build@stage`), at its `test` sizes if asked.

    Raises Broken with the diagnostics where it has errors.
    """
    name, _, stage = name.partition("@")
    build = analysis.builds.get(name)
    if build is None:
        place = analysis.file.span
        raise Broken((unknown("unknown-build", f"there is no build `{name}`", name, place, analysis.builds),))
    _whole(analysis)
    report = Reporter()
    values = {**(test_values(analysis.scope, build, report) if test else {}), **lifted_values(overrides)}
    asked = asked_for(analysis.scope, build, report, values)
    if asked is None:
        raise Broken(tuple(report.found))
    if stage:
        return _staged(analysis, build, stage, asked, report)
    return _compiled(analysis, build, build.name, result_of(analysis, asked), asked, dtype_of(build), report)


def _staged(analysis: Analysis, build: ast.Build, name: str, asked: Asked, report: Reporter) -> Compiled:
    """A stage of a build, with what its tensors are made of when training comes to it."""
    stages = result_of(analysis, asked).stages
    at = next((at for at, each in enumerate(stages) if each.name == name), None)
    if at is None:
        known = [f"{build.name}@{each.name}" for each in stages]
        message = f"there is no stage `{name}` of `{build.name}`"
        raise Broken((unknown("unknown-build", message, f"{build.name}@{name}", build.name_span, known),))
    asked = replace(asked, stage=name)
    label = class_name(build.name, name)
    made = _compiled(analysis, build, label, result_of(analysis, asked), asked, dtype_of(build), report)
    found = entries(stages[:at], made.solved, lambda name: result_of(analysis, replace(asked, stage=name)))
    made.stage = Stage(name, stages[at].step, found)
    return made


@paused
def compile_plan(
    analysis: Analysis,
    model: str,
    plans: tuple[str | ast.PlanRef, ...] = (),
    overrides: Mapping[str, object] | None = None,
    stage: str | None = None,
) -> Compiled:
    """A model with plans, by name or with arguments, without a build: what `compare` shows. Or one stage of them."""
    _whole(analysis)
    refs = tuple(ast.PlanRef(plan) if isinstance(plan, str) else plan for plan in plans)
    asked = Asked(model, refs, (), tuple(lifted_values(overrides).items()), exact=False, stage=stage)
    return _compiled(analysis, None, model, result_of(analysis, asked), asked, "float32", Reporter())


def _whole(analysis: Analysis) -> None:
    """Nothing is made of a text that was read only in part: it could lack an `except` or a whole line."""
    if analysis.misread:
        shown = tuple(each for each in analysis.misread if each in analysis.diagnostics)
        raise Broken(shown or analysis.misread)


def _compiled(
    analysis: Analysis, build: ast.Build | None, name: str, made: Made, asked: Asked, dtype: str, report: Reporter
) -> Compiled:
    found = (*report.found, *made.diagnostics)
    if made.model is None or made.solved is None:
        raise Broken(found)
    plans = tuple(made.solved.plans) or tuple(ref.name for ref in asked.plans)
    solved = made.solved
    if made.stages and build is not None:  # what goes from one stage to the next is listed layer by layer
        solved = replace(solved, decided=solved.decided | stack_parameters(made.model))
    return Compiled(
        analysis,
        build,
        name,
        made.model,
        solved,
        plans,
        made.parameters,
        found,
        asked.incremental,
        dtype,
        made.trace,
        stages=tuple(each.name for each in made.stages),
    )
