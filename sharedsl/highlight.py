"""Colours for specs wherever Pygments draws: `pygmentize -l sharedsl`, Sphinx, MkDocs, notebooks.

The tokens are the compiler's own, so there is no second grammar here: only which of them is what to a reader.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from pygments import token as kinds
from pygments.lexer import Lexer

from sharedsl.syntax.lexer import ITEM_WORDS, STATEMENT_WORDS, Token, find_comments, tokenize
from sharedsl.syntax.numbers import UNITS

_DECLARING = {
    "MODEL": kinds.Name.Class,
    "BLOCK": kinds.Name.Class,
    "BUILD": kinds.Name.Class,
    "FUNCTION": kinds.Name.Function,
    "SHARING": kinds.Name.Function,
    "FORWARD": kinds.Name.Function,
    "STAGE": kinds.Name.Label,
    "LAYER": kinds.Name.Variable.Instance,
    "WEIGHT": kinds.Name.Variable.Instance,
    "BUFFER": kinds.Name.Variable.Instance,
    "STATE": kinds.Name.Variable.Instance,
    "DTYPE": kinds.Keyword.Type,
}
_OPERATORS = {
    "PLUS",
    "MINUS",
    "STAR",
    "SLASH",
    "DOUBLE_SLASH",
    "PERCENT",
    "AT",
    "POWER",
    "PIPE",
    "ARROW",
    "REST",
    "CMP",
}
_WORD_OPERATORS = {"AND", "OR", "NOT", "IN"}
_RESERVED = {"IF", "ELSE", "FOR", "WHILE", "RETURN", "REQUIRE", "FORWARD"}
_CONSTANTS = {"true", "false", "none"}
_TYPES = {"float", "int", "bool", "list", "function", "layer"}
#: after these an operand has ended: what follows is a clause's word, and no name
_OPERANDS = {"NAME", "NUMBER", "STRING", "RPAR", "RSQB", "RBRACE", "APP"}
#: clause words that follow another word
_AFTER = {("IN", "GROUPS"), ("IN", "CYCLE"), ("GROUPS", "OF"), ("CYCLE", "OF"), ("FROM", "STEP")}


class SharedslLexer(Lexer):  # type: ignore[misc]
    """Specs of weight sharing."""

    name = "sharedsl"
    aliases: ClassVar[list[str]] = ["sharedsl", "sdsl"]
    filenames: ClassVar[list[str]] = ["*.sdsl"]
    mimetypes: ClassVar[list[str]] = ["text/x-sharedsl"]

    def get_tokens_unprocessed(self, text: str) -> Iterator[tuple[int, Any, str]]:
        """(offset, kind, text) of all of the text, blanks and comments too."""
        pieces = sorted([*_comments(text), *_words(text)], key=lambda piece: piece[:2])
        at = 0
        for start, end, kind in pieces:
            yield from _between(text, at, start)
            yield start, kind, text[start:end]
            at = end
        yield from _between(text, at, len(text))


Piece = tuple[int, int, Any]


def _between(text: str, start: int, end: int) -> Iterator[tuple[int, Any, str]]:
    """Blanks, and characters that mean nothing."""
    while start < end:
        stop = start + 1
        is_blank = text[start].isspace()
        while stop < end and text[stop].isspace() == is_blank:
            stop += 1
        yield start, kinds.Whitespace if is_blank else kinds.Error, text[start:stop]
        start = stop


def _comments(text: str) -> Iterator[Piece]:
    for start, end in find_comments(text):
        is_doc = text.startswith("##", start) and not text.startswith("###", start)
        yield start, end, kinds.String.Doc if is_doc else kinds.Comment.Single


def _words(text: str) -> Iterator[Piece]:
    tokens = [token for token in tokenize(text, "")[0] if token.end > token.start]
    before: list[str] = ["", ""]
    for at, token in enumerate(tokens):
        role = _role(token, before)
        after = tokens[at + 1].type if at + 1 < len(tokens) else ""
        if role == "NUMBER":
            yield from _number(token)
        elif role != "_NL":
            yield token.start, token.end, _kind(token, role, before, after)
        before = [before[1], role]


def _role(token: Token, before: list[str]) -> str:
    """The token's type, NAME for a soft word that stands where a name does."""
    word = token.type
    if not token.text[0].isalpha() or word == "NAME" or word in _RESERVED | _WORD_OPERATORS:
        return word
    if token.text in ITEM_WORDS or token.text in STATEMENT_WORDS:
        return word
    ends_selector = before[1] in ("STAR", "POWER") and before[0] not in _OPERANDS
    is_clause = before[1] in _OPERANDS or ends_selector or (before[1], word) in _AFTER or before[1] in _MARKS
    return word if is_clause else "NAME"


#: clause words that may follow each other
_MARKS = {"TIMES", "GROUPS", "FROZEN", "NO_DECAY", "REVERSED"}


def _number(token: Token) -> Iterator[Piece]:
    unit = max((unit for unit in UNITS if token.text.endswith(unit)), key=len, default="")
    middle = token.end - len(unit)
    is_fraction = "." in token.text or "e" in token.text.lower()
    yield token.start, middle, kinds.Number.Float if is_fraction else kinds.Number.Integer
    if unit:
        yield middle, token.end, kinds.Literal


def _kind(token: Token, role: str, before: list[str], after: str) -> Any:
    if role == "NAME":
        return _name(token.text, before, after)
    if role == "STRING":
        return kinds.String.Double if token.text.endswith('"') else kinds.Error
    if role in _WORD_OPERATORS:
        return kinds.Operator.Word
    if role in _OPERATORS or role == "EQUAL":
        return kinds.Operator
    if role == "APP":
        return kinds.Name.Decorator
    if token.text[0].isalpha():
        return kinds.Keyword.Namespace if role == "IMPORT" else _keyword(token.text, before)
    return kinds.Punctuation


def _keyword(word: str, before: list[str]) -> Any:
    if word == "function" and before[1] == "COLON":
        return kinds.Keyword.Type
    return kinds.Keyword.Declaration if word in ITEM_WORDS or word in STATEMENT_WORDS else kinds.Keyword


def _name(word: str, before: list[str], after: str) -> Any:
    if before[1] == "DOT":
        return kinds.Name.Attribute
    if before[1] in _DECLARING:
        return _DECLARING[before[1]]
    if word in _CONSTANTS:
        return kinds.Keyword.Constant
    if before[1] in ("COLON", "ARROW") and word in _TYPES:
        return kinds.Keyword.Type
    if after == "LPAR":
        return kinds.Name.Class if word[0].isupper() else kinds.Name.Function
    return kinds.Name
