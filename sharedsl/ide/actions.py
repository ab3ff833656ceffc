"""Code actions: the fixes of diagnostics, and formatting as an edit."""

from __future__ import annotations

from collections.abc import Iterable

from sharedsl.diagnostics import Diagnostic, Edit
from sharedsl.formatting import format_source, kept_in_style
from sharedsl.ide.view import View
from sharedsl.lint import apply
from sharedsl.record import dataclass
from sharedsl.source import Span


@dataclass(frozen=True, slots=True)
class Action:
    """`safe`: it keeps what the user evidently meant. `about` is the diagnostic that it mends; None for all of them."""

    title: str
    edits: tuple[Edit, ...]
    safe: bool
    about: Diagnostic | None = None


def actions(view: View, found: Iterable[Diagnostic], start: int, end: int) -> list[Action]:
    """The fixes of the diagnostics between two places, and all safe fixes of the file as one."""
    every = list(found)
    here = [each for each in every if _touches(each, view.path, start, end)]
    out = [Action(fix.message, fix.edits, fix.safe, each) for each in here for fix in each.fixes]
    text, count = apply(view.text, view.path, every)
    if count > 1 and out:
        styled = kept_in_style(view.source, text)
        out.append(Action(f"apply all {count} safe fixes of this file", tuple(edits(view, styled)), True))
    return out


def fix_all(view: View, found: Iterable[Diagnostic]) -> list[Edit]:
    """All safe fixes of a file that do not touch each other."""
    return edits(view, kept_in_style(view.source, apply(view.text, view.path, found)[0]))


def _touches(diagnostic: Diagnostic, path: str, start: int, end: int) -> bool:
    spans = [label.span for label in diagnostic.labels[:1]]
    spans += [edit.span for fix in diagnostic.fixes for edit in fix.edits]
    return any(span.path == path and span.start <= end and span.end >= start for span in spans)


def formatting(view: View) -> list[Edit]:
    """The edits that bring a text into the one style; none where it has syntax errors."""
    made = format_source(view.source)
    return [] if made.failed else edits(view, made.text)


def edits(view: View, text: str) -> list[Edit]:
    """From the text to another, line by line."""
    from difflib import SequenceMatcher

    if text == view.text:
        return []
    old, new = view.text.splitlines(keepends=True), text.splitlines(keepends=True)
    starts = [0]
    for line in old:
        starts.append(starts[-1] + len(line))
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    return [
        Edit(Span(view.path, starts[a], starts[b]), "".join(new[c:d]))
        for kind, a, b, c, d in matcher.get_opcodes()
        if kind != "equal"
    ]
