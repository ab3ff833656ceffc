"""The mend of what is there once too often: an argument that nothing takes, a line that stands there twice.

And removals leave nothing behind: with a statement goes its line, or the blanks of the body that it was alone in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from sharedsl.diagnostics import Diagnostic, Edit, Fix
from sharedsl.record import replace
from sharedsl.source import SourceFile, Span

_ARGUMENTS = frozenset(("wrong-count", "unknown-argument", "duplicate-argument", "budget-argument"))
_OPENING, _CLOSING = "([{", ")]}"
_TEXT = re.compile(r'"[^"\n]*"|#[^\n]*')


def with_removals(found: Iterable[Diagnostic], sources: Mapping[str, SourceFile]) -> list[Diagnostic]:
    """The findings, with the removal as the mend of those that have none and that a removal mends."""
    mended = [_with(each, sources.get(each.span.path) if each.span is not None else None) for each in found]
    return [_tidied(each, sources) for each in mended]


def _tidied(each: Diagnostic, sources: Mapping[str, SourceFile]) -> Diagnostic:
    fixes = tuple(_tidy(fix, sources) for fix in each.fixes)
    return each if fixes == each.fixes else replace(each, fixes=fixes)


def _tidy(fix: Fix, sources: Mapping[str, SourceFile]) -> Fix:
    edits = tuple(_tidy_edit(each, sources.get(each.span.path)) for each in fix.edits)
    return fix if edits == fix.edits else replace(fix, edits=edits)


def _tidy_edit(edit: Edit, source: SourceFile | None) -> Edit:
    """A removal with the blanks around it that would stand for nothing."""
    start, end = edit.span.start, edit.span.end
    if edit.text or source is None or start == end or not source.text[start:end].strip():
        return edit
    text = source.text
    before, after = text[:start].rstrip(), text[end:].lstrip()
    if before.endswith("{") and after.startswith("}"):  # the body is empty then
        return replace(edit, span=Span(edit.span.path, len(before), len(text) - len(after)))
    line = _line(text, edit.span)
    behind = text.find("\n", end)
    line = Span(line.path, line.start, len(text) if behind < 0 else behind + 1)
    if text[line.start : start].strip() or text[end : line.end].strip():
        return edit
    return replace(edit, span=line)


def _with(each: Diagnostic, source: SourceFile | None) -> Diagnostic:
    if each.fixes or source is None or each.span is None:
        return each
    if each.code in _ARGUMENTS:
        span = _argument(source.text, each.span)
        return replace(each, fixes=(Fix("remove the argument", (Edit(span, ""),)),)) if span is not None else each
    if each.code == "duplicate-name" and len(each.labels) == 2 and each.labels[1].span.path == source.path:
        line, other = (_line(source.text, label.span) for label in each.labels)
        if source.slice(line) == source.slice(other) and line != other:
            return replace(each, fixes=(Fix("remove the second line", (Edit(line, ""),)),))
    return each


def _argument(text: str, span: Span) -> Span | None:
    """The argument that begins at `span`, with the comma before it, or else the one behind it."""
    before = span.start - 1
    while before >= 0 and text[before].isspace():
        before -= 1
    if before < 0 or text[before] not in ",(":
        return None
    end = _end(text, span.start)
    if end is None or end < span.end:
        return None
    if text[before] == ",":
        return Span(span.path, before, end)
    if text[end] == ",":
        end += 1
        while text[end : end + 1] == " ":
            end += 1
    return Span(span.path, span.start, end)


def _end(text: str, at: int) -> int | None:
    """Where the argument that begins at `at` ends: before the next comma or closing bracket outside of brackets."""
    depth = 0
    while at < len(text):
        mark = text[at]
        skipped = _TEXT.match(text, at)
        if skipped is not None:
            at = skipped.end()
            continue
        if depth == 0 and (mark == "," or mark in _CLOSING):
            return at
        depth += (mark in _OPENING) - (mark in _CLOSING)
        at += 1
    return None


def _line(text: str, span: Span) -> Span:
    """The line that a place is on, with its end."""
    start = text.rfind("\n", 0, span.start) + 1
    end = text.find("\n", span.start)
    return Span(span.path, start, len(text) if end < 0 else end + 1)
