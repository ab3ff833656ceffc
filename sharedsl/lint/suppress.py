"""`# sharedsl: ignore[CODE, CODE] reason`: on the line it is about, or on a line of its own above it.

`# sharedsl: ignore-file[CODE] reason` is about the whole file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from sharedsl.record import dataclass, field
from sharedsl.source import SourceFile, Span
from sharedsl.syntax.lexer import find_comments

_IGNORE = re.compile(r"#\s*sharedsl:\s*ignore(-file)?\s*\[([^\]\n]*)\]\s*(.*)")


@dataclass(slots=True)
class Ignore:
    """One comment. `codes` with where each stands; `line` is the line (from 1) that it is about, 0 for the file."""

    span: Span
    line: int
    codes: tuple[tuple[str, Span], ...]
    reason: str
    used: set[str] = field(default_factory=set)


def ignores(source: SourceFile) -> list[Ignore]:
    """All such comments of a text, in order."""
    if "sharedsl:" not in source.text:
        return []
    comments = find_comments(source.text)
    lines = {source.position(start)[0]: start for start, _ in comments}
    found: list[Ignore] = []
    for start, end in comments:
        match = _IGNORE.match(source.text, start, end)
        if match is None:
            continue
        line, column = source.position(start)
        if match.group(1):
            line = 0
        elif not source.line(line)[: column - 1].strip():
            line += 1
            while line in lines and _begins_with_comment(source, line):
                line += 1
        found.append(Ignore(Span(source.path, start, end), line, tuple(_codes(match, source)), match.group(3).strip()))
    return found


def _begins_with_comment(source: SourceFile, line: int) -> bool:
    return source.line(line).lstrip().startswith("#")


def _codes(match: re.Match[str], source: SourceFile) -> Iterable[tuple[str, Span]]:
    at = match.start(2)
    for part in match.group(2).split(","):
        word = part.strip()
        low = at + len(part) - len(part.lstrip())
        if word:
            yield word, Span(source.path, low, low + len(word))
        at += len(part) + 1
