"""Texts as lines of coloured pieces: `[kind, text]`, where kind is a letter that the page's style gives a colour.

k keyword, t a type or layer, f what is called, n number, s text, c comment, d doc comment, v self, and nothing.
"""

from __future__ import annotations

import io
import keyword
import tokenize as python
from collections.abc import Iterable
from itertools import zip_longest

from sharedsl.source import SourceFile
from sharedsl.syntax.lexer import Token, find_comments, tokenize

Pieces = list[list[str]]
#: (start, end, kind) in code points, in order
Mark = tuple[int, int, str]


def spec_lines(source: SourceFile) -> list[Pieces]:
    """A spec, whole or broken."""
    text = source.text
    marks = [(start, end, "d" if text[start : start + 2] == "##" else "c") for start, end in find_comments(text)]
    tokens, _ = tokenize(text, source.path)
    shown = [token for token in tokens if token.type != "_NL"]
    for token, after in zip_longest(shown, shown[1:]):
        kind = _kind(token, after)
        if kind:
            marks.append((token.start, token.end, kind))
    return _cut(text, sorted(marks))


def _kind(token: Token, after: Token | None) -> str:
    if token.type in ("NUMBER", "APP"):
        return "n"
    if token.type == "STRING":
        return "s"
    if not token.text[:1].isalpha():
        return ""
    if token.type != "NAME":
        return "k"
    if token.text[0].isupper() and len(token.text) > 1:
        return "t"
    return "f" if after is not None and after.text == "(" and after.start == token.end else ""


def python_lines(text: str) -> list[Pieces]:
    """Python that is whole."""
    source = SourceFile("", text)
    starts = source.line_starts()
    tokens = list(python.generate_tokens(io.StringIO(text).readline))
    marks: list[Mark] = []
    for token, after in zip_longest(tokens, tokens[1:]):
        kind = _python_kind(token, after)
        if kind:
            begin, end = (starts[line - 1] + column for line, column in (token.start, token.end))
            marks.append((begin, end, kind))
    return _cut(text, marks)


def _python_kind(token: python.TokenInfo, after: python.TokenInfo | None) -> str:
    if token.type == python.COMMENT:
        return "c"
    if token.type == python.NUMBER:
        return "n"
    if token.type == python.STRING or python.tok_name[token.type].startswith("FSTRING"):
        return "s"
    if token.type != python.NAME:
        return ""
    if keyword.iskeyword(token.string):
        return "k"
    if token.string == "self":
        return "v"
    if token.string[0].isupper() and len(token.string) > 1:
        return "t"
    return "f" if after is not None and after.string == "(" else ""


def _cut(text: str, marks: Iterable[Mark]) -> list[Pieces]:
    """The text in pieces, none of them over the end of a line."""
    lines: list[Pieces] = [[]]

    def add(kind: str, part: str) -> None:
        for at, piece in enumerate(part.split("\n")):
            if at:
                lines.append([])
            piece = piece.rstrip("\r")
            if piece:
                lines[-1].append([kind, piece])

    done = 0
    for start, end, kind in marks:
        if start < done:
            continue
        add("", text[done:start])
        add(kind, text[start:end])
        done = end
    add("", text[done:])
    if len(lines) > 1 and not lines[-1]:
        lines.pop()
    return lines
