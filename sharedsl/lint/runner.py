"""All rules over a file: the findings of each build and plan, once each, without those that the text ignores."""

from __future__ import annotations

from collections.abc import Iterator

from sharedsl.analysis.pipeline import Analysis, Broken, compile_build, compile_plan
from sharedsl.diagnostics import Diagnostic
from sharedsl.lint.rule import Rule
from sharedsl.lint.rules import all_rules
from sharedsl.lint.rules.ignore_reason import without_reason
from sharedsl.lint.rules.unused_ignore import unused
from sharedsl.lint.settings import Settings
from sharedsl.lint.subject import File, Subject
from sharedsl.lint.suppress import ignores
from sharedsl.record import replace
from sharedsl.syntax import ast

#: warnings of `check`, which can be silenced and rated like a rule's
CHECKED = ("unused-layer",)


def lint(analysis: Analysis, settings: Settings | None = None) -> list[Diagnostic]:
    """What the rules find in a file, in the text's order. Pure: it reads and writes nothing.

    A file with errors is judged by its text alone; the errors themselves are `analysis.diagnostics`.
    """
    settings = settings or Settings()
    rules = {code: rule for code, rule in all_rules().items() if settings.severity_of(code, rule.severity)}
    warned = {each.code: each.severity for each in analysis.diagnostics if each.severity != "error"}
    found = _of_file(analysis, settings, rules)
    found += [each for each in analysis.diagnostics if each.severity != "error"]
    if not analysis.failed:
        found += _of_builds(analysis, settings, rules)
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


def _of_file(analysis: Analysis, settings: Settings, rules: dict[str, Rule]) -> list[Diagnostic]:
    file = File(analysis, settings.limits)
    return [each for rule in rules.values() if rule.of_file for each in rule.check(file)]


def _of_builds(analysis: Analysis, settings: Settings, rules: dict[str, Rule]) -> list[Diagnostic]:
    found: list[Diagnostic] = []
    for subject in subjects(analysis):
        subject.limits = settings.limits
        for rule in rules.values():
            if not rule.of_file:
                found += rule.check(subject)
    return found


def subjects(analysis: Analysis) -> Iterator[Subject]:
    """Every build; every plan that no build takes, at the defaults; every model that neither has."""
    taken: set[tuple[str, str]] = set()
    models: set[str] = set()
    for name, build in analysis.builds.items():
        taken |= {(build.model, ref.name) for ref in build.plans}
        models.add(build.model)
        try:
            yield Subject(analysis, compile_build(analysis, name), build.plans, build.name_span)
        except Broken:
            continue
    for item in analysis.file.items:
        if isinstance(item, ast.Plan) and (item.model, item.name) not in taken:
            models.add(item.model)
            if all(param.default is not None for param in item.params):
                yield from _planned(analysis, item.model, (ast.PlanRef(item.name),), item)
    for item in analysis.file.items:
        if isinstance(item, ast.Block) and item.kind == "model" and item.name not in models:
            yield from _planned(analysis, item.name, (), item)


def _planned(
    analysis: Analysis, model: str, refs: tuple[ast.PlanRef, ...], item: ast.Plan | ast.Block
) -> Iterator[Subject]:
    try:
        yield Subject(analysis, compile_plan(analysis, model, refs), refs, item.name_span)
    except Broken:
        return
