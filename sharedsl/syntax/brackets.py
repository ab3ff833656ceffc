"""Brackets and braces that were left open lines before the error shows.

An open `(` swallows the newlines after it, and a missing `}` is only missed at the end of the item. Here the place is
looked for: by the lines in the first case, by the indentation in the second. The item is then read again from its
beginning, and the guess counts if that gets further.
"""

from __future__ import annotations

from sharedsl.diagnostics import Diagnostic, Edit, Fix, Label, error
from sharedsl.source import Span
from sharedsl.syntax.lexer import STATEMENT_WORDS, Token
from sharedsl.syntax.panic import open_body
from sharedsl.syntax.parser import Machine
from sharedsl.syntax.repair import column, indent

_CLOSERS = {"LPAR": ("RPAR", ")"), "LSQB": ("RSQB", "]"), "LBRACE": ("RBRACE", "}")}
#: how many places are tried, and how many tokens further the machine must come
_TRIES = 8
_FURTHER = 3


def close_brackets(machine: Machine, text: str) -> tuple[Machine, Diagnostic] | None:
    """A machine over the mended tokens, and the report; None where no bracket was forgotten."""
    return _close_on_its_line(machine, text) or _close_by_indentation(machine, text)


def _close_on_its_line(machine: Machine, text: str) -> tuple[Machine, Diagnostic] | None:
    opened = _open_brackets(machine)
    if not opened:
        return None
    tokens = machine.tokens
    first = tokens.index(opened[0])
    breaks = [at for at in range(first + 1, machine.at + 1) if "\n" in text[tokens[at - 1].end : tokens[at].start]]
    for at in breaks[:_TRIES]:
        here = [token for token in opened if token.start < tokens[at].start]
        for count in dict.fromkeys((len(here), 1)):
            inner = here[len(here) - count :]
            mended = _try(machine, at, inner[::-1], count == len(opened))
            if mended is not None:
                return mended, _report(machine, inner[::-1], tokens[at - 1].end, "the end of the line", text)
    return None


def _open_brackets(machine: Machine) -> list[Token]:
    """The brackets that are open in this statement, outermost first."""
    values = [value for value, *_ in machine.values[open_body(machine) + 1 :]]
    return [value for value in values if isinstance(value, Token) and value.type in ("LPAR", "LSQB")]


def _close_by_indentation(machine: Machine, text: str) -> tuple[Machine, Diagnostic] | None:
    """At the end of the item: the first `}` that stands further left than the header it would close."""
    tokens = machine.tokens
    if tokens[machine.at].type != "$END":
        return None
    opened: list[Token] = []
    for at, token in enumerate(tokens[: machine.at]):
        if token.type == "LBRACE":
            opened.append(token)
        elif token.type == "RBRACE" and opened:
            own = opened[-1]
            begins_line = not text[text.rfind("\n", 0, token.start) + 1 : token.start].strip()
            if begins_line and column(text, token.start) < indent(text, own.start):
                mended = _try(machine, at, [own], True)
                if mended is not None:
                    return mended, _report(machine, [own], _end_before(tokens, at), f"`{token.text}`", text)
            opened.pop()
    return None


def _end_before(tokens: list[Token], at: int) -> int:
    """The end of the last token before index `at` that is not a newline."""
    while tokens[at - 1].type == "_NL":
        at -= 1
    return tokens[at - 1].end


def _try(machine: Machine, at: int, closed: list[Token], ends_line: bool) -> Machine | None:
    """Read again with these brackets closed before the token at index `at`."""
    tokens = list(machine.tokens)
    place = tokens[at - 1].end
    inserted = [Token(_CLOSERS[token.type][0], "", place, place) for token in closed]
    after = tokens[at]
    if ends_line and after.type not in ("_NL", "$END"):
        inserted.append(Token("_NL", "", place, place))
        if after.type == "NAME" and after.text in STATEMENT_WORDS and tokens[at + 1].type not in ("EQUAL", "COMMA"):
            tokens[at] = Token(after.text.upper(), after.text, after.start, after.end)
    tokens[at:at] = inserted
    mended = Machine(machine.path, tokens)
    is_whole = mended.run() is not None
    is_further = mended.at >= machine.at + len(inserted) + _FURTHER
    at_end = mended.at > machine.at and tokens[mended.at].type == "$END"
    return Machine(machine.path, tokens) if is_whole or is_further or at_end else None


def _report(machine: Machine, closed: list[Token], place: int, found: str, text: str) -> Diagnostic:
    marks = "".join(_CLOSERS[token.type][1] for token in closed)
    span = Span(machine.path, place, place)
    labels = [
        Label(Span(machine.path, token.start, token.end), f"this `{token.text}` is still open") for token in closed
    ]
    inserted = marks
    if marks == "}":
        inserted = "\n" + " " * indent(text, closed[0].start) + "}"
    fix = Fix(f"insert `{marks}`", (Edit(span, inserted),))
    message = f"expected `{marks}` to close this `{closed[-1].text}`, found {found}"
    if found == "`}`":
        message = "expected `}` to close this `{`: the next `}` stands further out"
    return error("syntax", message, span, "", *labels, fixes=(fix,))
