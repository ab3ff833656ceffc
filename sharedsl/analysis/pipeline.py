"""From a file's text to everything that is known about it: parse, names, models, plans, builds."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from sharedsl.analysis.assumed import assumed
from sharedsl.analysis.builds import Asked, Made, Models, make, no_model
from sharedsl.analysis.echoes import without_echoes
from sharedsl.analysis.elaborate import check_block
from sharedsl.analysis.library import read_file
from sharedsl.analysis.names import unknown
from sharedsl.analysis.report import Reporter
from sharedsl.analysis.requests import asked_for, dtype_of, lifted_values, test_values
from sharedsl.analysis.scope import Definition, Load, Scope, load_scope
from sharedsl.collector import paused
from sharedsl.comptime import Scope as Names
from sharedsl.comptime import Trace
from sharedsl.diagnostics import Diagnostic
from sharedsl.model.sizes import Value
from sharedsl.model.tree import Model
from sharedsl.model.weights import Solved
from sharedsl.record import dataclass, field
from sharedsl.source import SourceFile, Span
from sharedsl.syntax import ast

#: blocks may nest 100 deep and expressions 100 more, each a few calls of ours
_RECURSION = 20_000


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
    _made: dict[object, Made] = field(default_factory=dict, repr=False)
    _models: Models = field(default_factory=dict, repr=False)

    @property
    def builds(self) -> dict[str, ast.Build]:
        return self.scope.main.builds

    @property
    def failed(self) -> bool:
        return any(each.severity == "error" for each in self.diagnostics)


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

    @property
    def failed(self) -> bool:
        return any(each.severity == "error" for each in self.diagnostics)


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
    used = _used_plans(analysis)
    for item in scope.main.file.items:
        if isinstance(item, ast.Block):
            _model(analysis, item, report)
    for item in scope.main.file.items:
        if isinstance(item, ast.Plan):
            _plan(analysis, item, (item.model, item.name) in used, report)
        elif isinstance(item, ast.Build):
            _build(analysis, item, report)
    _blocks(analysis, report)
    kept = without_echoes(report.found, sources, [file.file for file in scope.files.values()])
    analysis.diagnostics = tuple(sorted(kept, key=lambda each: _order(each, source.path)))
    return analysis


def _order(diagnostic: Diagnostic, path: str) -> tuple[bool, str, int]:
    span = diagnostic.span
    return (span is None or span.path != path, span.path if span else "", span.start if span else 0)


# ---------------------------------------------------------------------------- checking


def _model(analysis: Analysis, item: ast.Block, report: Reporter) -> None:
    if item.kind == "model" and analysis.scope.model(item.name):
        _take(_made(analysis, Asked(item.name, (), exact=False, solve=False)), item.params, report)


def _used_plans(analysis: Analysis) -> set[tuple[str, str]]:
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


def _plan(analysis: Analysis, item: ast.Plan, used: bool, report: Reporter) -> None:
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
    _take(_made(analysis, Asked(item.model, (ref,), exact=False)), target.item.params, report)


def _build(analysis: Analysis, item: ast.Build, report: Reporter) -> None:
    asked = asked_for(analysis.scope, item, report)
    if asked is None:
        return
    made = _made(analysis, asked)
    for each in (*made.diagnostics, *_over_budget(item, made)):
        report.add(each)
    test = test_values(analysis.scope, item, report)
    if test:
        asked = asked_for(analysis.scope, item, report, test)
        if asked is not None:
            for each in _made(analysis, asked).diagnostics:
                report.add(each)


def _over_budget(item: ast.Build, made: Made) -> list[Diagnostic]:
    """The budget lines that the build does not keep."""
    lines = tuple(line for line in item.body if isinstance(line, ast.BudgetLine))
    if not lines or made.model is None or made.solved is None:
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


def _blocks(analysis: Analysis, report: Reporter) -> None:
    """Blocks of the file that no model of it reaches are checked by themselves."""
    reached = _reached(analysis)
    for definition in list(analysis.scope.main.names.values()):
        item = definition.item
        own = definition.home is analysis.scope.main and isinstance(item, ast.Block) and item.kind == "block"
        if own and isinstance(item, ast.Block) and item.name not in reached:
            found = _checked(analysis.scope, definition, item)
            invented = any(param.default is None for param in item.params)
            if not (invented and any(each.code in ("require", "bad-size") for each in found)):
                for each in found:
                    report.add(each)


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
            _mentioned(item.body, found)
    return found


def _mentioned(node: object, found: set[str]) -> None:
    if isinstance(node, ast.Name):
        found.add(node.name)
    elif isinstance(node, tuple):
        for each in node:
            _mentioned(each, found)
    elif hasattr(node, "__dataclass_fields__") and not isinstance(node, ast.Forward | Span):
        for name in node.__dataclass_fields__:
            _mentioned(getattr(node, name), found)


# ---------------------------------------------------------------------------- builds


@paused
def compile_build(
    analysis: Analysis, name: str, *, test: bool = False, overrides: Mapping[str, object] | None = None
) -> Compiled:
    """A build of the file, at its `test` sizes if asked. Raises Broken with the diagnostics where it has errors."""
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
    return _compiled(analysis, build, build.name, _made(analysis, asked), asked, dtype_of(build), report)


@paused
def compile_plan(
    analysis: Analysis,
    model: str,
    plans: tuple[str | ast.PlanRef, ...] = (),
    overrides: Mapping[str, object] | None = None,
) -> Compiled:
    """A model with plans, by name or with arguments, without a build: what `compare` shows."""
    _whole(analysis)
    refs = tuple(ast.PlanRef(plan) if isinstance(plan, str) else plan for plan in plans)
    asked = Asked(model, refs, (), tuple(lifted_values(overrides).items()), exact=False)
    return _compiled(analysis, None, model, _made(analysis, asked), asked, "float32", Reporter())


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
    return Compiled(
        analysis,
        build,
        name,
        made.model,
        made.solved,
        plans,
        made.parameters,
        found,
        asked.incremental,
        dtype,
        made.trace,
    )


def _made(analysis: Analysis, asked: Asked) -> Made:
    """Made once for equal requests."""
    key = (asked.model, asked.plans, asked.args, repr(asked.overrides), asked.incremental, asked.exact, asked.solve)
    if key not in analysis._made:
        analysis._made[key] = make(analysis.scope, asked, analysis._models)
    return analysis._made[key]
