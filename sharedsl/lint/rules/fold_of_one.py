"""A fold applies what it names once.

`fold layers 1 times` and `fold layers as [0, 1, 2]` of three layers say what `forward` says already.
"""

from __future__ import annotations

from collections.abc import Iterator

from sharedsl.diagnostics import Diagnostic
from sharedsl.lint.lines import plan_of
from sharedsl.lint.removing import remove_statement
from sharedsl.lint.rule import finding
from sharedsl.lint.rules.examples import stack
from sharedsl.lint.subject import Subject
from sharedsl.syntax import ast

SEVERITY = "warning"
FAILING = stack("fold layers 1 times")
MENDED = stack("fold layers 2 times")


def check(subject: Subject) -> Iterator[Diagnostic]:
    if not any(isinstance(each, ast.Fold) for each in subject.relations.values()):
        return
    edits: dict[object, bool] = {}
    for edit in plan_of(subject).folds:
        changes = edit.order != tuple(range(max(len(edit.indices), 1))) or edit.step_embedding
        edits[edit.span] = edits.get(edit.span, False) or changes
    for span, changes in edits.items():
        relation = subject.relations.get(span)  # type: ignore[call-overload]
        if isinstance(relation, ast.Fold) and not changes:
            yield finding(
                "fold-of-one",
                "this fold applies everything once, as `forward` does",
                relation.span,
                fixes=remove_statement(subject.analysis.source, relation.span),
            )
