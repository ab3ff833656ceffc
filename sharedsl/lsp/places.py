"""Places of the protocol (lines and client units) to code-point offsets and back; files to URIs and back."""

from __future__ import annotations

import os
from collections.abc import Iterable
from urllib.parse import quote, unquote, urlsplit

from lsprotocol import types as t

from sharedsl.diagnostics import Edit
from sharedsl.source import SourceFile, Span

Encoding = str


def path_of(uri: str) -> str:
    """A file's path; other URIs (`untitled:..`) stand for themselves."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return uri
    if parts.scheme != "file":
        return uri
    path = unquote(parts.path)
    return os.path.normpath(path[1:] if os.name == "nt" and path[2:3] == ":" else path)


def uri_of(path: str) -> str:
    if path.startswith("std/"):
        from sharedsl.analysis.library import std_path

        path = std_path(path)
    elif not os.path.isabs(path):
        return path
    return "file://" + quote(path)


def offset_of(source: SourceFile, position: t.Position, encoding: Encoding) -> int | None:
    """None where there is no such line; behind a line's end is its end."""
    starts = source.line_starts()
    if not 0 <= position.line < len(starts):
        return None
    line = source.line(position.line + 1)
    units = 0
    for at, char in enumerate(line):
        if units >= position.character:
            return starts[position.line] + at
        units += _units(char, encoding)
    return starts[position.line] + len(line)


def position_of(source: SourceFile, offset: int, encoding: Encoding) -> t.Position:
    line, column = source.position(min(max(offset, 0), len(source.text)))
    start = source.line_starts()[line - 1]
    before = source.text[start : start + column - 1]
    return t.Position(line - 1, len(before) if before.isascii() else sum(_units(char, encoding) for char in before))


def range_of(source: SourceFile, start: int, end: int, encoding: Encoding) -> t.Range:
    return t.Range(position_of(source, start, encoding), position_of(source, max(start, end), encoding))


def _units(char: str, encoding: Encoding) -> int:
    if encoding == "utf-32" or char < "\x80":
        return 1
    return len(char.encode("utf-8", "replace")) if encoding == "utf-8" else 1 + (char > "\uffff")


def changed(source: SourceFile, change: object, encoding: Encoding) -> str:
    """The text after one change of the client's."""
    text: str = change.text  # type: ignore[attr-defined]
    place = getattr(change, "range", None)
    if place is None:
        return text
    start, end = (offset_of(source, each, encoding) for each in (place.start, place.end))
    start = len(source.text) if start is None else start
    end = len(source.text) if end is None else end
    return source.text[:start] + text + source.text[max(start, end) :]


def text_edits(source: SourceFile, edits: Iterable[Edit], encoding: Encoding) -> list[t.TextEdit]:
    return [t.TextEdit(range_of(source, each.span.start, each.span.end, encoding), each.text) for each in edits]


def spans(edits: Iterable[Edit]) -> dict[str, list[Edit]]:
    """The edits of each file."""
    found: dict[str, list[Edit]] = {}
    for each in edits:
        found.setdefault(each.span.path, []).append(each)
    return found


def location(source: SourceFile, span: Span, encoding: Encoding) -> t.Location:
    return t.Location(uri_of(span.path), range_of(source, span.start, span.end, encoding))
