"""Semantic tokens: what every word of a text is, also where the text is broken."""

from __future__ import annotations

from sharedsl.ide.docs import DTYPES
from sharedsl.ide.document import Chunk
from sharedsl.ide.view import View
from sharedsl.record import dataclass
from sharedsl.syntax.lexer import Token, find_comments

#: kinds in the order in which a server announces them
KINDS = (
    "keyword", "comment", "string", "number", "operator", "class", "type", "function", "method", "property",
    "parameter", "variable", "macro", "decorator", "namespace",
)  # fmt: skip
MODIFIERS = ("declaration", "defaultLibrary")
#: a symbol's kind -> a token's
_OF_SYMBOL = {
    "model": "class", "block": "class", "extern": "class", "primitive": "class", "function": "function",
    "operation": "function", "forward": "method", "layer": "property", "weight": "property", "buffer": "property",
    "state": "property", "parameter": "parameter", "argument": "parameter", "input": "variable", "local": "variable",
    "size": "type", "plan": "decorator", "build": "namespace", "stage": "decorator", "option": "macro",
    "file": "string",
}  # fmt: skip
_MARKS = {"PLUS", "MINUS", "STAR", "SLASH", "DOUBLE_SLASH", "PERCENT", "AT", "POWER", "CMP", "PIPE", "ARROW", "EQUAL"}
_TYPES = {"float", "int", "bool", "list", "function", "layer", "str"}


@dataclass(frozen=True, slots=True)
class Colored:
    """`[start, end)` is one word of a kind. Never over several lines."""

    start: int
    end: int
    kind: str
    modifiers: tuple[str, ...] = ()


def colors(view: View, start: int = 0, end: int | None = None) -> list[Colored]:
    """The tokens between two places, in order."""
    stop = len(view.text) if end is None else end
    found: list[Colored] = []
    for chunk in view.document.chunks:
        if chunk.start <= stop and chunk.end >= start:
            found += _of_chunk(view, chunk)
    return [each for each in found if each.end > start and each.start < stop]


def _of_chunk(view: View, chunk: Chunk) -> list[Colored]:
    names = {each.span.start: each for each in view.names(chunk)}
    found = [Colored(chunk.start + low, chunk.start + high, "comment") for low, high in find_comments(chunk.text)]
    tokens, depth = view.tokens(chunk), 0
    for at, token in enumerate(tokens):
        known = names.get(token.start)
        depth += (token.text == "(") - (token.text == ")")
        if token.type == "_NL" or not token.text:
            continue
        if token.type == "STRING":
            found.append(Colored(token.start, min(token.end, chunk.end), "string"))
        elif token.type == "NUMBER":
            found.append(Colored(token.start, token.end, "number"))
        elif known is not None and known.span.end == token.end:
            modifiers = ("declaration",) if known.declares else ()
            if not known.symbol.path and known.symbol.kind in ("primitive", "operation"):
                modifiers = (*modifiers, "defaultLibrary")
            given = depth and not known.declares and at + 1 < len(tokens) and tokens[at + 1].type == "EQUAL"
            kind = "argument" if given and known.symbol.kind == "input" else known.symbol.kind
            found.append(Colored(token.start, token.end, _OF_SYMBOL[kind], modifiers))
        elif token.type == "NAME":
            kind, *more = _of_name(tokens, at)
            found.append(Colored(token.start, token.end, kind, tuple(more)))
        elif token.type in _MARKS:
            found.append(Colored(token.start, token.end, "operator"))
        elif token.text[0].isalpha():
            found.append(Colored(token.start, token.end, "keyword"))
    return sorted(found, key=lambda each: each.start)


def _of_name(tokens: list[Token], at: int) -> tuple[str, ...]:
    """What a name is that the language knows and no file declares, by what stands beside it."""
    text, before = tokens[at].text, tokens[at - 1] if at else tokens[at]
    if text in _SOFT:
        return ("keyword",)
    if before.text == "as":
        return ("macro",)
    if before.text == "budget":
        return ("property",)
    if before.text == "dtype" or (before.type in ("COLON", "ARROW") and text in (*_TYPES, *DTYPES)):
        return ("type",)
    if at + 1 < len(tokens) and tokens[at + 1].type == "LPAR":
        return "function", "defaultLibrary"
    return ("variable",)


_SOFT = {"true", "false", "none"}
