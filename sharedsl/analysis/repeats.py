"""One name that is not there is one mistake, however often an item uses it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sharedsl.diagnostics import Diagnostic, Fix, Label
from sharedsl.record import replace
from sharedsl.syntax import ast

_NAMES = frozenset(("unknown-name", "unknown-layer"))


def once_each(found: Sequence[Diagnostic], files: Iterable[ast.File]) -> list[Diagnostic]:
    """The findings; those of one name in one item as one, with every place, and a mend of all places."""
    names = [each for each in found if each.code in _NAMES and each.span is not None]
    if len(names) < 2:
        return list(found)
    spans = [item.span for file in files for item in file.items]
    groups: dict[object, list[Diagnostic]] = {}
    for each in names:
        span = each.labels[0].span
        item = next(
            (at for at, one in enumerate(spans) if one.path == span.path and one.start <= span.start < one.end), -1
        )
        groups.setdefault((item, each.code, each.message), []).append(each)
    merged = {id(group[0]): _merged(group) for group in groups.values()}
    rest = {id(each) for group in groups.values() for each in group[1:]}
    return [merged.get(id(each), each) for each in found if id(each) not in rest]


def _merged(group: list[Diagnostic]) -> Diagnostic:
    group = sorted(group, key=lambda each: each.labels[0].span.start)
    first = group[0]
    labels = (*first.labels, *(Label(each.labels[0].span, "and here") for each in group[1:]))
    fixes = first.fixes
    if fixes and all(each.fixes and each.fixes[0].message == fixes[0].message for each in group):
        edits = tuple(edit for each in group for edit in each.fixes[0].edits)
        fixes = (Fix(fixes[0].message, edits, fixes[0].safe),)
    return replace(first, labels=labels, fixes=fixes)
