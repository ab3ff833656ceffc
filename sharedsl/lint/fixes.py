"""Fixes put into a text: as many as do not touch each other, each whole."""

from __future__ import annotations

from collections.abc import Iterable

from sharedsl.diagnostics import Diagnostic, Edit


def apply(text: str, path: str, diagnostics: Iterable[Diagnostic], *, unsafe: bool = False) -> tuple[str, int]:
    """The text with the first fix of each diagnostic, and how many there were. Those that overlap wait for a next time.

    Only safe fixes, unless `unsafe`. A fix that edits another file is left out.
    """
    taken: list[Edit] = []
    count = 0
    for each in diagnostics:
        fix = next((fix for fix in each.fixes if fix.safe or unsafe), None)
        if fix is None or any(edit.span.path != path for edit in fix.edits):
            continue
        new = [edit for edit in fix.edits if edit not in taken]
        if any(_touch(one, other) for one in new for other in taken):
            continue
        taken += new
        count += 1
    for edit in sorted(taken, key=lambda edit: (edit.span.start, edit.span.end), reverse=True):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return text, count


def _touch(one: Edit, other: Edit) -> bool:
    a, b = one.span, other.span
    if a.start == a.end and b.start == b.end:
        return a.start == b.start
    return (a.start < b.end and b.start < a.end) or a.start == b.start or a.end == b.end
