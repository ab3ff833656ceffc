"""Which stacks have all of their weights in common, by which line."""

from __future__ import annotations

from collections.abc import Iterator

from sharedsl.lint.subject import Subject
from sharedsl.model.sites import Path, declared, show
from sharedsl.model.weights import storages_of
from sharedsl.source import Span
from sharedsl.syntax import ast


def whole_stacks(subject: Subject) -> Iterator[tuple[str, int, Span]]:
    """Name, length and the line of the plan, for stacks of three or more whose elements differ in nothing."""
    for parent, name, elements in subject.stacks():
        if len(elements) < 3:
            continue
        weights: dict[tuple[str, ...], set[object]] = {}
        seen: dict[tuple[str, ...], int] = {}
        lines: dict[Span, None] = {}
        for site in subject.solved.sites:
            path = declared(site.path)
            at = len(parent)
            if len(path) <= at or path[at].name != name or show(path[:at]) != show(parent):
                continue
            key = tuple(str(step) for step in path[at + 1 :])
            read = subject.solved.reads[site.index]
            weights.setdefault(key, set()).add(repr(read))
            seen[key] = seen.get(key, 0) + 1
            for each in storages_of(read):
                lines |= dict.fromkeys(subject.lines_of(subject.solved.storages[each]))
        shares = [span for span in lines if isinstance(subject.relations.get(span), ast.Share | ast.Tie)]
        everywhere = weights and all(len(reads) == 1 for reads in weights.values())
        if everywhere and shares and all(count >= len(elements) for count in seen.values()):
            yield path_of(parent, name), len(elements), shares[0]


def path_of(parent: Path, name: str) -> str:
    return f"{show(parent)}.{name}" if parent else name
