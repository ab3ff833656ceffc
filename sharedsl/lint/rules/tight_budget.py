"""A budget is closer than 2% to its limit.

The next change to the model breaks the build. Say `==` where the number is exact and meant to be, or leave some room.
The margin is `limits.budget`.
"""

from __future__ import annotations

from collections.abc import Iterator

from sharedsl.analysis.budget.limits import actual_and_limit
from sharedsl.analysis.budget.totals import Totals
from sharedsl.diagnostics import Diagnostic
from sharedsl.lint.rule import finding
from sharedsl.lint.rules.examples import stack
from sharedsl.lint.subject import Subject
from sharedsl.syntax import ast

SEVERITY = "info"
FAILING = stack("share * across layers in groups of 2") + "build Tight = M() { budget params <= 289 }\n"
MENDED = stack("share * across layers in groups of 2") + "build Tight = M() { budget params <= 300 }\n"


def check(subject: Subject) -> Iterator[Diagnostic]:
    build = subject.compiled.build
    lines = [each for each in build.body if isinstance(each, ast.BudgetLine)] if build is not None else []
    if not lines:
        return
    totals = Totals(subject.model, subject.solved, subject.compiled.dtype)
    for line in lines:
        found = actual_and_limit(line, totals)
        if found is None or line.op in ("==", "!=") or not found[1]:
            continue
        actual, limit = found
        room = abs(limit - actual) / abs(limit)
        if room < subject.limits.budget:
            yield finding(
                "tight-budget",
                f"`{line.quantity}` is {actual:,}: {abs(limit - actual):,} from its limit ({room:.1%})",
                line.span,
                help=f"`budget {line.quantity} == {actual:_}` where the number is meant" if not line.args else "",
            )
