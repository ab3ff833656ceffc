"""All rules over a file: the findings of each build and plan, once each, without those that the text ignores."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sharedsl.analysis.pipeline import Analysis, Broken, compile_build, compile_plan
from sharedsl.diagnostics import Diagnostic
from sharedsl.lint.rule import Rule
from sharedsl.lint.rules import all_rules
from sharedsl.lint.rules.ignore_reason import without_reason
from sharedsl.lint.rules.unused_ignore import unused
from sharedsl.lint.settings import Settings
from sharedsl.lint.subject import File, Subject
from sharedsl.lint.suppress import ignores
from sharedsl.record import dataclass, replace
from sharedsl.syntax import ast

#: warnings of `check`, which can be silenced and rated like a rule's
CHECKED = ("unused-layer",)


@dataclass(frozen=True, slots=True)
class Target:
    """What is judged: a build, a plan that no build takes, a model that neither has."""

    item: ast.Build | ast.Plan | ast.Block
    refs: tuple[ast.PlanRef, ...]

    @property
    def model(self) -> str:
        return self.item.name if isinstance(self.item, ast.Block) else self.item.model


#: what the rules say about one target
Judge = Callable[[Target], list[Diagnostic]]


def lint(
    analysis: Analysis,
    settings: Settings | None = None,
    judged: Callable[[Target, Judge], list[Diagnostic]] | None = None,
    file: File | None = None,
) -> list[Diagnostic]:
    """What the rules find in a file, in the text's order. Pure: it reads and writes nothing.

    A file with errors is judged by its text alone; the errors themselves are `analysis.diagnostics`. An editor passes
    `judged`, which remembers what `Judge` says of targets that did not change, and a `file` that remembers its items.
    """
    settings = settings or Settings()
    rules = {code: rule for code, rule in all_rules().items() if settings.severity_of(code, rule.severity)}
    warned = {each.code: each.severity for each in analysis.diagnostics if each.severity != "error"}
    file = file or File(analysis, settings.limits)
    found = [each for rule in rules.values() if rule.of_file for each in rule.check(file)]
    found += [each for each in analysis.diagnostics if each.severity != "error"]
    if not analysis.failed:
        judge = _judge(analysis, settings, rules)
        for target in targets(analysis):
            found += judged(target, judge) if judged is not None else judge(target)
    found = _once(found, analysis.source.path)
    kept, comments = [], ignores(analysis.source)
    for each in found:
        line = analysis.source.position(each.labels[0].span.start)[0]
        silent = [one for one in comments if one.line in (line, 0) and any(code == each.code for code, _ in one.codes)]
        for one in silent:
            one.used.add(each.code)
        if not silent:
            kept.append(each)
    if "unused-ignore" in rules and not analysis.failed:
        kept += unused(comments, analysis.source, {*rules, *CHECKED}, {*all_rules(), *CHECKED})
    if "ignore-reason" in rules:
        kept += without_reason(comments)
    kept.sort(key=lambda each: (each.labels[0].span.start, each.code))
    defaults = {code: rule.severity for code, rule in all_rules().items()} | warned
    rated = ((each, settings.severity_of(each.code, defaults[each.code])) for each in kept)
    return [replace(each, severity=severity) for each, severity in rated if severity is not None]


def _once(found: list[Diagnostic], path: str) -> list[Diagnostic]:
    """Those of this file; of what several builds have in common, the first."""
    kept: dict[tuple[str, object], Diagnostic] = {}
    for each in found:
        span = each.span
        if span is not None and span.path == path:
            kept.setdefault((each.code, span), each)
    return list(kept.values())


def _judge(analysis: Analysis, settings: Settings, rules: dict[str, Rule]) -> Judge:
    def judge(target: Target) -> list[Diagnostic]:
        subject = subject_of(analysis, target)
        if subject is None:
            return []
        subject.limits = settings.limits
        return [each for rule in rules.values() if not rule.of_file for each in rule.check(subject)]

    return judge


def targets(analysis: Analysis) -> Iterator[Target]:
    """Every build; every plan that no build takes, at the defaults; every model that neither has."""
    taken: set[tuple[str, str]] = set()
    models: set[str] = set()
    for build in analysis.builds.values():
        taken |= {(build.model, ref.name) for ref in build.plans}
        models.add(build.model)
        yield Target(build, build.plans)
    for item in analysis.file.items:
        if isinstance(item, ast.Plan) and (item.model, item.name) not in taken:
            models.add(item.model)
            if all(param.default is not None for param in item.params):
                yield Target(item, (ast.PlanRef(item.name),))
    for item in analysis.file.items:
        if isinstance(item, ast.Block) and item.kind == "model" and item.name not in models:
            yield Target(item, ())


def subjects(analysis: Analysis, model: str) -> Iterator[Subject]:
    """The targets of a model that can be made."""
    for target in targets(analysis):
        subject = subject_of(analysis, target) if target.model == model else None
        if subject is not None:
            yield subject


def subject_of(analysis: Analysis, target: Target) -> Subject | None:
    """What rules look at; None for a target that cannot be made."""
    item = target.item
    try:
        if isinstance(item, ast.Build):
            compiled = compile_build(analysis, item.name)
        else:
            compiled = compile_plan(analysis, target.model, target.refs)
    except Broken:
        return None
    return Subject(analysis, compiled, target.refs, item.name_span)
