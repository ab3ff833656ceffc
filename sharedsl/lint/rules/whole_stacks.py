"""Which stacks have all of their weights in common, by which line."""

from __future__ import annotations

from sharedsl.lint.subject import Stack, Subject
from sharedsl.source import Span
from sharedsl.syntax import ast


def whole_stacks(subject: Subject) -> list[tuple[str, int, Span]]:
    """Name, length and the line of the plan, for stacks of three or more whose elements differ in nothing."""
    return subject.memory(_whole_stacks)


def _whole_stacks(subject: Subject) -> list[tuple[str, int, Span]]:
    return [
        (stack.shown, len(stack.elements), line)
        for stack in subject.stacks
        if len(stack.elements) > 2 and (line := _line(subject, stack)) is not None
    ]


def _line(subject: Subject, stack: Stack) -> Span | None:
    """The line that makes all elements of a stack one."""
    reads = subject.solved.reads
    for sites in stack.sites.values():
        if len(sites) < len(stack.elements) or any(reads[each.index] != reads[sites[0].index] for each in sites):
            return None
    numbers = sorted(each.index for sites in stack.sites.values() for each in sites)
    read = dict.fromkeys(storage for number in numbers for storage in subject.storages[number])
    lines = dict.fromkeys(span for each in read for span in subject.lines_of(subject.solved.storages[each]))
    shares = (span for span in lines if isinstance(subject.relations.get(span), ast.Share | ast.Tie))
    return next(shares, None)
