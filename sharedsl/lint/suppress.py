"""`# sharedsl: ignore[CODE, CODE] reason`: on the line it is about, or on a line of its own above it.

`# sharedsl: ignore-file[CODE] reason` is about the whole file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

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
    found: list[Ignore] = []
    count = len(source.line_starts())
    for start, end in _comments(source.text):
        match = _IGNORE.match(source.text, start, end)
        if match is None:
            continue
        line, column = source.position(start)
        if match.group(1):
            line = 0
        elif not source.line(line)[: column - 1].strip():
            line += 1
            while line <= count and _begins_with_comment(source, line):
                line += 1
        found.append(Ignore(Span(source.path, start, end), line, tuple(_codes(match, source)), match.group(3).strip()))
    return found


def _comments(text: str) -> Iterator[tuple[int, int]]:
    """The comments of lines that say `sharedsl:`; only these lines are read, for no text goes on to the next line."""
    end = 0
    while (at := text.find("sharedsl:", end)) >= 0:
        start = text.rfind("\n", 0, at) + 1
        end = text.find("\n", at)
        end = end if end >= 0 else len(text)
        yield from ((start + low, start + high) for low, high in find_comments(text[start:end]))


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
