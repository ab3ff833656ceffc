"""A deep fold has no norm between its steps.

A fold applies one function again and again. Without anything that bounds what goes in (a norm, or a gate), values and
gradients grow or vanish with the power of the steps, exactly because the weights are the same in each. All folded
models that train well normalise within the step (Universal Transformers, Huginn, Perceiver). Reported from eight
applications on (`limits.fold`).
"""

from __future__ import annotations

from collections.abc import Iterator

from sharedsl.diagnostics import Diagnostic
from sharedsl.lint.lines import plan_of
from sharedsl.lint.rule import finding
from sharedsl.lint.rules.examples import stack
from sharedsl.lint.rules.kinds import normalises
from sharedsl.lint.subject import Subject
from sharedsl.source import Span
from sharedsl.syntax import ast

SEVERITY = "warning"
FAILING = stack("fold layers 4 times")
MENDED = stack("fold layers 4 times", layer="LayerNorm(dim)")


def check(subject: Subject) -> Iterator[Diagnostic]:
    if not any(isinstance(each, ast.Fold) for each in subject.relations.values()):
        return
    seen: set[Span] = set()
    for edit in plan_of(subject).folds:
        if edit.span not in subject.relations or edit.span in seen or len(edit.order) < subject.limits.fold:
            continue
        parent = subject.model.unit_at(edit.parent)
        child = parent.children[edit.child]
        elements = [child.units[at] for at in edit.indices] if edit.indices else list(child.units)
        if not any(normalises(unit) for unit in elements):
            seen.add(edit.span)
            yield finding(
                "deep-fold-without-norm",
                f"`{edit.target}` is applied {len(edit.order)} times in a row with no norm in it",
                edit.span,
                help="put a norm into the folded layer, or after each step",
            )
