"""A whole file: split at the items, each parsed by itself, so that one broken item leaves the others whole.

`item_starts` and `parse_item` are what an editor needs to parse only the item that was edited.
"""

from __future__ import annotations

import re

from sharedsl.diagnostics import Diagnostic
from sharedsl.record import replace
from sharedsl.source import SourceFile, Span
from sharedsl.syntax import ast
from sharedsl.syntax.lexer import ITEM_WORDS, Token, tokenize
from sharedsl.syntax.parser import Machine

_ITEM = re.compile(rf"^(?:{'|'.join(ITEM_WORDS)})\b", re.MULTILINE | re.ASCII)


def parse(source: SourceFile) -> tuple[ast.File, list[Diagnostic]]:
    """Read a file. Never fails: what could not be read is left out of the tree and reported, in the text's order."""
    text = source.text
    items: list[ast.Item] = []
    problems: list[Diagnostic] = []
    starts = item_starts(text)
    for start, end in zip([0, *starts], [*starts, len(text)], strict=True):
        found, reported = parse_item(text, source.path, start, end)
        items += found
        problems += reported
    problems.sort(key=_offset)
    return ast.File(tuple(items), span=Span(source.path, 0, len(text))), problems


def item_starts(text: str, start: int = 0, end: int | None = None) -> list[int]:
    """Where the items begin: each at column 0, with its word. `start` and `end` are beginnings of lines."""
    return [match.start() for match in _ITEM.finditer(text, start, len(text) if end is None else end)]


def parse_item(text: str, path: str, start: int, end: int) -> tuple[list[ast.Item], list[Diagnostic]]:
    """Parse `text[start:end]`: one item as a rule; none before the first, more where one is not at column 0."""
    tokens, problems = tokenize(text, path, start, end)
    while tokens and tokens[-1].type == "_NL":
        tokens.pop()
    if not tokens or any(problem.code == "nesting-too-deep" for problem in problems):
        return [], problems
    tokens.append(Token("$END", "", tokens[-1].end, tokens[-1].end))
    machine = Machine(path, tokens)
    item = machine.run() if _begins_item(tokens[0], start) else None
    if item is not None and not machine.problems:
        return [_documented(item, text)], problems

    from sharedsl.syntax.recovery import read_items  # most files have no errors, and start faster without it

    items, reported = read_items(text, path, tokens)
    # what the parser says about a line with characters that the lexer could not read is an echo
    unread = {_line_start(text, problem) for problem in problems if problem.code != "bad-number"}
    reported = [problem for problem in reported if _line_start(text, problem) not in unread]
    return [_documented(item, text) for item in items], problems + reported


def _begins_item(token: Token, start: int) -> bool:
    return token.start == start and token.text in ITEM_WORDS


def _line_start(text: str, problem: Diagnostic) -> int:
    return text.rfind("\n", 0, _offset(problem)) + 1


def _documented(item: ast.Item, text: str) -> ast.Item:
    if isinstance(item, ast.Import):
        return item
    doc = doc_above(text, item.span.start)
    return replace(item, doc=doc) if doc else item


def doc_above(text: str, start: int) -> str:
    """The text of the `##` lines right above the line that `start` is on."""
    lines: list[str] = []
    end = text.rfind("\n", 0, start)
    while end >= 0:
        begin = text.rfind("\n", 0, end) + 1
        line = text[begin:end].strip()
        if not line.startswith("##") or line.startswith("###"):
            break
        lines.append(line[2:].removeprefix(" "))
        end = begin - 1
    return "\n".join(reversed(lines))


def _offset(problem: Diagnostic) -> int:
    return problem.labels[0].span.start
