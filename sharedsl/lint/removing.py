"""Fixes that take something out of a text, with its line where nothing else stands on it."""

from __future__ import annotations

from sharedsl.diagnostics import Edit, Fix
from sharedsl.source import SourceFile, Span


def remove_statement(source: SourceFile, span: Span, message: str = "remove this line") -> tuple[Fix, ...]:
    """A statement with its whole line; nothing where something else stands on the line."""
    text = source.text
    start = text.rfind("\n", 0, span.start) + 1
    end = text.find("\n", span.end)
    end = len(text) if end < 0 else end + 1
    if text[start : span.start].strip() or text[span.end : end].strip():
        return ()
    return (Fix(message, (Edit(Span(span.path, start, end), ""),), safe=True),)
