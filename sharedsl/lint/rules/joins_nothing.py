"""A `tie` or `share` line makes no two weights one.

The selector names a single layer, a group has one element, or every weight of the line is excepted: the line is true
and says nothing. It is reported where that is so in every build that takes the plan.
"""

from __future__ import annotations

from collections.abc import Iterator

from sharedsl.diagnostics import Diagnostic
from sharedsl.lint.lines import plan_of
from sharedsl.lint.removing import remove_statement
from sharedsl.lint.rule import finding
from sharedsl.lint.rules.examples import stack
from sharedsl.lint.subject import Subject
from sharedsl.source import Span
from sharedsl.syntax import ast

SEVERITY = "warning"
FAILING = stack("share * across layers[0:1]")
MENDED = stack("share * across layers[0:2]")


def check(subject: Subject) -> Iterator[Diagnostic]:
    wanted = {span for span, each in subject.relations.items() if isinstance(each, ast.Tie | ast.Share)}
    if not wanted:
        return
    joins: dict[Span, bool] = {}
    for said in plan_of(subject).said:
        span = said.line.span
        if span in wanted:
            many = any(one != other for one, other in said.pairs)
            joins[span] = joins.get(span, False) or many or said.others > 0
    for span, joined in joins.items():
        if not joined and not _elsewhere(subject, span):
            relation = subject.relations[span]
            word = "tie" if isinstance(relation, ast.Tie) else "share"
            yield finding(
                "joins-nothing",
                f"this `{word}` makes no two weights one",
                relation.span,
                help="it names one weight, or excepts all of them",
                fixes=remove_statement(subject.analysis.source, relation.span),
            )


def _elsewhere(subject: Subject, span: Span) -> bool:
    """Whether the line joins something in another build."""
    from sharedsl.lint.runner import subjects

    return any(
        span in {line for storage in other.solved.storages for line in storage.because}
        for other in subjects(subject.analysis, subject.model.name)
    )
