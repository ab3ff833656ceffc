"""A `freeze` or an `init` on a shared weight reaches readers that its line does not name.

A mark is on the storage. `freeze embed.weight` freezes the head that is tied to it as well; so does an adapter on one
reader change all others. Name all readers in the line (`freeze {embed, head}.weight`), or untie the one that is meant.
"""

from __future__ import annotations

from collections.abc import Iterator

from sharedsl.diagnostics import Diagnostic
from sharedsl.lint.lines import plan_of
from sharedsl.lint.rule import finding
from sharedsl.lint.rules.examples import language
from sharedsl.lint.rules.named import names_in
from sharedsl.lint.subject import Subject
from sharedsl.model.sites import Path, declared, show
from sharedsl.model.weights import storages_of
from sharedsl.source import Span
from sharedsl.syntax import ast

SEVERITY = "warning"
FAILING = language("tie head.weight = embed.weight", "freeze embed.weight")
MENDED = language("tie head.weight = embed.weight", "freeze {embed, head}.weight")


def check(subject: Subject) -> Iterator[Diagnostic]:
    marking = [each for each in subject.relations.values() if isinstance(each, ast.Freeze | ast.Adapt)]
    if not marking:
        return
    named: dict[Span, set[Path]] = {}
    for said in plan_of(subject).said:
        if isinstance(said.line.relation, ast.Freeze):
            paths = {declared(subject.solved.sites[at].path) for at in said.marks if at < len(subject.solved.sites)}
            named.setdefault(said.line.span, set()).update(paths)
    for span, paths in named.items():
        if span not in subject.relations:
            continue
        for path in paths:
            site = next(site for site in subject.solved.sites if declared(site.path) == path)
            for at in storages_of(subject.solved.reads[site.index]):
                readers = subject.declared_readers(subject.solved.storages[at])
                missed = [show(each) for each in readers if each not in paths]
                if missed:
                    more = f" and {len(missed) - 1} more" if len(missed) > 1 else ""
                    yield finding(
                        "mark-reaches-others",
                        f"this freezes `{missed[0]}`{more} too: they read the same storage",
                        span,
                        help="name all readers, or `untie` those that are to be trained",
                    )
                    break
    yield from _adapted(subject)


def _adapted(subject: Subject) -> Iterator[Diagnostic]:
    for storage in subject.solved.storages:
        for span in subject.lines_of(storage):
            relation = subject.relations.get(span)
            if not isinstance(relation, ast.Adapt) or storage.role != "weight":
                continue
            names = names_in(relation.selector)
            wide = names & {"*", "**"}
            for path in subject.declared_readers(storage):
                if not wide and not names & {step.name for step in path[:-1]}:
                    yield finding(
                        "mark-reaches-others",
                        f"this adapts `{show(path)}` too: it reads the same storage",
                        span,
                        help="name all readers, or `untie` those that are to stay as they are",
                    )
                    break
