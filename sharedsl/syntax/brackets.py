"""Brackets and braces that were left open lines before the error shows.

An open `(` swallows the newlines after it, and a missing `}` is only missed at the end of the item. Here the place is
looked for: by the lines in the first case, by the indentation in the second. The item is then read again from its
beginning, and the guess counts if that gets further.
"""

from __future__ import annotations

from sharedsl.diagnostics import Diagnostic, Edit, Fix, Label, error
from sharedsl.record import dataclass
from sharedsl.source import Span
from sharedsl.syntax.lexer import OPENING, Token, tokenize
from sharedsl.syntax.panic import open_body
from sharedsl.syntax.parser import Machine
from sharedsl.syntax.repair import column, indent

_MARKS = {"LPAR": ")", "LSQB": "]", "LBRACE": "}"}
#: how many places are tried, and how many tokens further the machine must come
_TRIES = 8
_LAST_COMMAS = 2
_FURTHER = 3


def close_brackets(machine: Machine, text: str) -> tuple[Machine, Diagnostic] | None:
    """A machine over the mended tokens, and the report; None where no bracket was forgotten.

    The text after the place of the report is read anew, so what was reported there before is void.
    """
    return (
        _close_on_its_line(machine, text) or _close_before_comma(machine, text) or _close_by_indentation(machine, text)
    )


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
            closed = here[len(here) - count :][::-1]
            outer = OPENING[opened[-count - 1].type] if count < len(opened) else ""
            mended = _try(machine, at, closed, text, outer)
            if mended is not None:
                return mended, _report(machine, closed, tokens[at - 1].end, "the end of the line", text)
    return None


def _close_before_comma(machine: Machine, text: str) -> tuple[Machine, Diagnostic] | None:
    """`int[B, T, mask: bool`: the bracket ends before one of the last commas."""
    opened = _open_brackets(machine)
    if not opened:
        return None
    tokens = machine.tokens
    first = tokens.index(opened[-1])
    commas = [at for at in range(machine.at - 1, first, -1) if tokens[at].type == "COMMA"]
    for at in commas[:_LAST_COMMAS]:
        outer = OPENING[opened[-2].type] if len(opened) > 1 else ""
        if outer:
            mended = _try(machine, at, opened[-1:], text, outer)
            if mended is not None:
                return mended, _report(machine, opened[-1:], tokens[at - 1].end, "`,`", text)
    return None


def _open_brackets(machine: Machine) -> list[Token]:
    """The brackets that are open in this statement, outermost first."""
    body = open_body(machine)
    values = [machine.values[index][0] for index in machine.unclosed() if index > body]
    return [value for value in values if value.type != "LBRACE" and value.text]


def _close_by_indentation(machine: Machine, text: str) -> tuple[Machine, Diagnostic] | None:
    """At the end of the item: before the first line that stands no deeper than the header of the body it is in.

    That is a statement, where the ones above it in the body are deeper, or a `}` that is further left than the header.
    """
    tokens = machine.tokens
    if tokens[machine.at].type != "$END":
        return None
    opened: list[_Body] = []
    for at, token in enumerate(tokens[: machine.at]):
        if token.type == "_NL":
            continue
        begins_line = not text[text.rfind("\n", 0, token.start) + 1 : token.start].strip()
        own, here = opened[-1] if opened else None, column(text, token.start)
        if token.type == "RBRACE" and opened:
            opened.pop()
            is_wrong = begins_line and own is not None and here < own.indent
        else:
            is_wrong = own is not None and own.is_deeper is True and here <= own.indent and tokens[at - 1].type == "_NL"
        if own is not None and is_wrong and own.brace.text:
            mended = _try(machine, at, [own.brace], text, "")
            if mended is not None:
                found = "`}`" if token.type == "RBRACE" else "line"
                return mended, _report(machine, [own.brace], _end_before(tokens, at), found, text)
        if own is not None and own.is_deeper is None:
            own.is_deeper = begins_line and here > own.indent
        if token.type == "LBRACE":
            opened.append(_Body(token, indent(text, token.start)))
    return None


@dataclass(slots=True)
class _Body:
    """A body that is open: its brace, how far its header is indented, and whether its first line is further."""

    brace: Token
    indent: int
    is_deeper: bool | None = None


def _end_before(tokens: list[Token], at: int) -> int:
    """The end of the last token before index `at` that is not a newline."""
    while tokens[at - 1].type == "_NL":
        at -= 1
    return tokens[at - 1].end


def _try(machine: Machine, at: int, closed: list[Token], text: str, outer: str) -> Machine | None:
    """Read again with these brackets closed before the token at index `at`, a line's first one."""
    tokens = machine.tokens[:at]
    place, end = tokens[-1].end, machine.tokens[-1].start
    tokens += [Token(OPENING[token.type], "", place, place) for token in closed]
    added = len(tokens) - at
    # the text from here on is cut into tokens anew: other newlines count now
    rest = tokenize(text, machine.path, machine.tokens[at].start, end, outer)[0]
    if not outer and rest and rest[0].type not in ("_NL", "PIPE", "ELSE"):
        tokens.append(Token("_NL", "", place, place))
    tokens += [*rest, machine.tokens[-1]]
    mended = Machine(machine.path, tokens)
    if mended.run() is None and not _is_further(mended, machine, machine.at + added):
        return None
    return Machine(machine.path, tokens)


def _is_further(mended: Machine, machine: Machine, before: int) -> bool:
    """Whether the mended text can be read past the place of the error."""
    if mended.tokens[mended.at].type == "$END":
        return mended.at >= before and machine.tokens[machine.at].type != "$END"
    reached, failed = mended.tokens[mended.at].start, machine.tokens[machine.at].start
    return reached > failed and mended.at > before + _FURTHER


def _report(machine: Machine, closed: list[Token], place: int, found: str, text: str) -> Diagnostic:
    marks = "".join(_MARKS[token.type] for token in closed)
    span = Span(machine.path, place, place)
    labels = [
        Label(Span(machine.path, token.start, token.end), f"this `{token.text}` is still open") for token in closed
    ]
    inserted = marks
    if marks == "}":
        inserted = "\n" + " " * indent(text, closed[0].start) + "}"
    fix = Fix(f"insert `{marks}`", (Edit(span, inserted),))
    message = f"expected `{marks}` to close this `{closed[-1].text}`, found {found}"
    if found in ("`}`", "line"):
        message = f"expected `}}` to close this `{{`: the next {found} stands further out"
    return error("syntax", message, span, "", *labels, fixes=(fix,))
