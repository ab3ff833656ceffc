"""From a compiled build to its budget: totals, formulas, the budget lines."""

from __future__ import annotations

from collections.abc import Mapping

from sharedsl.analysis.budget.defaults import derived
from sharedsl.analysis.budget.document import Budget
from sharedsl.analysis.budget.formulas import Formula, Variant, formulas
from sharedsl.analysis.budget.limits import check
from sharedsl.analysis.budget.totals import Totals
from sharedsl.analysis.pipeline import Analysis, Broken, Compiled, compile_build, compile_plan
from sharedsl.diagnostics import Diagnostic
from sharedsl.model.poly import Poly
from sharedsl.source import Span
from sharedsl.syntax import ast


def budget_of(
    compiled: Compiled,
    at: Mapping[str, int] | None = None,
    overrides: Mapping[str, object] | None = None,
    name: str | None = None,
    plans: tuple[str | ast.PlanRef, ...] = (),
) -> Budget:
    """The budget at run-time sizes. `overrides` and `plans` are what `compiled` was made with."""
    analysis = compiled.analysis
    totals = totals_of(compiled)
    build = compiled.build

    def recompile(changed: dict[str, int]) -> Variant | None:
        values = {**(overrides or {}), **changed}
        try:
            if build is not None:
                return variant(compile_build(analysis, compiled.title, overrides=values))
            stage = name.partition("@")[2] if name is not None else ""
            return variant(compile_plan(analysis, compiled.model.name, plans, values, stage or None))
        except Broken:
            return None

    span = build.name_span if build is not None else compiled.model.span

    def fitted() -> dict[str, Formula]:
        base = Variant(totals, tuple(compiled.trace.guards))
        return formulas(base, recompile, _follow(compiled, tuple(overrides or ())))

    plan = ", ".join(compiled.plans) or None
    return Budget(
        name or compiled.title,
        totals,
        plan,
        analysis.source.path,
        lambda span: line_of(analysis, span),
        span,
        at,
        fitted,
    )


def totals_of(compiled: Compiled) -> Totals:
    return Totals(compiled.model, compiled.solved, compiled.dtype)


def variant(compiled: Compiled) -> Variant:
    return Variant(totals_of(compiled), tuple(compiled.trace.guards))


def line_of(analysis: Analysis, span: Span) -> int | None:
    """The line of a place in the spec itself; None for places in other files."""
    if span.path != analysis.source.path:
        return None
    return analysis.source.position(span.start)[0]


def over_budget(compiled: Compiled) -> list[Diagnostic]:
    """A diagnostic for each budget line of the build that it does not keep; its stages are not what the lines say."""
    if compiled.build is None or compiled.stage is not None:
        return []
    lines = tuple(line for line in compiled.build.body if isinstance(line, ast.BudgetLine))
    return check(lines, totals_of(compiled)) if lines else []


def _follow(compiled: Compiled, given: tuple[str, ...]) -> dict[str, Poly]:
    """Parameters that follow others: neither the build nor the caller gives them."""
    target = compiled.analysis.scope.model(compiled.model.name)
    if target is None or not isinstance(target.item, ast.Block):
        return {}
    args = compiled.build.args if compiled.build is not None else ()
    found = derived(target.item, args, compiled.model)
    return {name: amount for name, amount in found.items() if name not in given}
