"""A mistake is said once: what it makes look wrong further on is left out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from sharedsl.diagnostics import Diagnostic
from sharedsl.source import SourceFile, Span
from sharedsl.syntax import ast
from sharedsl.syntax.lexer import ITEM_WORDS

#: what the lexer and the parser report
SYNTAX = frozenset((
    "syntax", "bad-character", "bad-number", "number-too-big", "unterminated-string", "nesting-too-deep",
))  # fmt: skip
#: what says that something is not there, which may be what could not be read
ABSENCE = frozenset(("no-forward", "no-return", "unused-layer", "orphan"))
IMPORTS = frozenset(("import-not-found", "import-unknown-name", "import-cycle"))
UNKNOWN = frozenset(("unknown-name", "unknown-layer", "unknown-model", "unknown-plan", "unknown-argument", "no-site"))
_WORD = re.compile(r"\w+")
_NAMED = re.compile(r"(\w+)\s*(?:=(?!=)|:|\bin\b)")


def without_echoes(
    found: Sequence[Diagnostic], sources: Mapping[str, SourceFile], files: Iterable[ast.File]
) -> list[Diagnostic]:
    """The findings without those on a line that could not be read, without what is missing in an item that was not
    read whole, and without unknown names that such a line has or an import would have brought."""
    items = [item for file in files for item in file.items]
    unread = [each.span for each in found if each.code in SYNTAX and each.span is not None]
    lines = {_line(span, sources) for span in unread}
    broken = [item.span for item in items if any(_inside(span, item.span) for span in unread)]
    missing = _missing(found, sources, items) | _words(lines, sources)

    def echo(each: Diagnostic) -> bool:
        span = each.span
        if each.code in SYNTAX or span is None:
            return False
        if each.code in ABSENCE and any(_inside(span, item) for item in broken):
            return True
        if each.code in UNKNOWN and span.path in sources and _first_word(sources[span.path].slice(span)) in missing:
            return True
        return _line(span, sources) in lines

    return [each for each in found if not echo(each)]


def _inside(span: Span, item: Span) -> bool:
    return item.path == span.path and item.start <= span.start <= item.end


def _line(span: Span, sources: Mapping[str, SourceFile]) -> tuple[str, int]:
    return span.path, sources[span.path].position(span.start)[0] if span.path in sources else 0


def _words(lines: Iterable[tuple[str, int]], sources: Mapping[str, SourceFile]) -> set[str]:
    """The words that lines which could not be read may have declared: what is said of them elsewhere may be owed to
    that."""
    return {word for path, number in lines if path in sources for word in _declared(sources[path].line(number))}


def _declared(line: str) -> Iterable[str]:
    """All words of an item's first line; else the second, behind a word that may be misspelled, and those before `=`,
    `:` and `in`."""
    words = _WORD.findall(line)
    if words and words[0] in ITEM_WORDS:
        return words
    return [*words[:2], *_NAMED.findall(line)]


def _first_word(text: str) -> str:
    found = _WORD.match(text)
    return found.group() if found else text


def _missing(found: Sequence[Diagnostic], sources: Mapping[str, SourceFile], items: list[ast.Item]) -> set[str]:
    """The names of imports that failed."""
    failed = [(each.code, each.span) for each in found if each.code in IMPORTS and each.span is not None]
    names: set[str] = set()
    for item in items:
        if not isinstance(item, ast.Import):
            continue
        for code, span in failed:
            if _inside(span, item.span):
                names |= (
                    {sources[span.path].slice(span)} if code == "import-unknown-name" else {n.name for n in item.names}
                )
    return names
