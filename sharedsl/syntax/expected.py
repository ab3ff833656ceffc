"""The words of syntax errors: what was expected, where it belongs, and what was found."""

from __future__ import annotations

from sharedsl.diagnostics import Diagnostic, Edit, Fix, Label, error
from sharedsl.source import Span
from sharedsl.syntax.expectation import expectation
from sharedsl.syntax.lexer import CLOSING, STATEMENT_WORDS, Token
from sharedsl.syntax.panic import open_body
from sharedsl.syntax.parser import Machine
from sharedsl.syntax.repair import Repair

_HEADERS = {
    "IMPORT", "MODEL", "BLOCK", "FUNCTION", "EXTERN", "SHARING", "BUILD", "FORWARD", "IF", "ELSE", "FOR", "STAGE",
}  # fmt: skip
_NAMED = {"MODEL", "BLOCK", "FUNCTION", "SHARING", "BUILD", "STAGE"}
_BODY_WORDS = {
    "a model or a block": ("layer", "weight", "buffer", "state", "init"),
    "a `sharing` plan": (
        "tie", "share", "fold", "factorize", "adapt", "freeze", "local", "untie", "reuse", "init", "stage", "weight",
    ),
    "a `build`": ("budget", "dtype", "test", "incremental"),
}  # fmt: skip
_MARKS = {
    "LPAR": "(", "RPAR": ")", "LSQB": "[", "RSQB": "]", "LBRACE": "{", "RBRACE": "}", "COMMA": ",", "EQUAL": "=",
    "COLON": ":", "ARROW": "->", "DOT": ".", "OF": "of", "VBAR": "|",
}  # fmt: skip
#: what a repair may insert: marks, words, the comparison of a budget that names a number
_INSERTED = _MARKS | {
    word: word.lower()
    for word in ("WITH", "EXTENDS", "ACROSS", "IN", "FROM", "RANK", "TIMES", "AS", "LAYER")
} | {"CMP": "=="}  # fmt: skip


def explain_repair(machine: Machine, repair: Repair, text: str) -> Diagnostic:
    """The error at the current token, with the repair as its fix."""
    token = machine.tokens[machine.at]
    span = _span(machine, token)
    if repair.back and not repair.word:
        token = machine.tokens[machine.at - 1]
        span = Span(machine.path, token.start, token.end)
        fix = Fix(f"remove the `{token.text}`", (Edit(span, ""),))
        return error("syntax", f"`{token.text}` stands here twice", span, fixes=(fix,))
    if repair.word:
        token = machine.tokens[machine.at - repair.back]
        span = Span(machine.path, token.start, token.end)
        message = f"expected `{repair.word}`, found `{token.text}`"
        fix = Fix(f"write `{repair.word}`", (Edit(span, repair.word),))
        return error("syntax", message, span, fixes=(fix,))
    if repair.drop and not repair.insert:
        shown = "line break" if token.type == "_NL" else f"`{token.text}`"
        fix = Fix(f"remove the {shown}", (Edit(Span(span.path, token.start, token.end), ""),))
        return error("syntax", _unexpected(machine, token), span, fixes=(fix,))
    if repair.drop:
        mark = _INSERTED[repair.insert[0]]
        purpose, others = _purpose(machine, repair.insert[0])
        fix = Fix(f"write `{mark}`", (Edit(span, mark),))
        message = f"expected `{mark}`{purpose}, found {_found(token, text)}"
        return error("syntax", message, span, "", *others, fixes=(fix,))
    return _explain_insert(machine, repair, token, text)


def explain_panic(machine: Machine, fitting: set[str], text: str) -> Diagnostic:
    """The error at the current token, where no repair is known."""
    token = machine.tokens[machine.at]
    span = _span(machine, token)
    if token.type == "NAME" and token.text.upper() in fitting and token.text in STATEMENT_WORDS:
        after = machine.tokens[machine.at + 1]
        if token.text == "incremental":
            message = f"expected the end of the line after `incremental`, found {_found(after, text)}"
            return error("syntax", message, _span(machine, after))
        place = Span(machine.path, token.end, token.end) if after.type in ("_NL", "$END") else _span(machine, after)
        return error("syntax", f"expected a name after `{token.text}`, found {_found(after, text)}", place)
    message = f"expected {expectation(fitting)}{_inside(machine)}, found {_found(token, text)}"
    help = _belongs(token)
    if token.type == "COMMA" and "`sharing " in message:
        help = "`{a, b}` names several"
    return error("syntax", message, span, help=help)


def _explain_insert(machine: Machine, repair: Repair, token: Token, text: str) -> Diagnostic:
    kind = repair.insert[0]
    before = machine.tokens[machine.at - 1] if machine.at else token
    place = Span(machine.path, before.end, before.end)
    if kind == "BAD":
        return error("syntax", f"expected an expression, found {_found(token, text)}", _span(machine, token))
    if kind == "_NL":
        place = Span(machine.path, token.start, token.start)
        fix = Fix("start a new line", (Edit(place, "\n" + _indent(text, before.start)),))
        message = f"expected the end of the line before {_found(token, text)}"
        return error("syntax", message, _span(machine, token), fixes=(fix,))
    purpose, others = _purpose(machine, kind)
    mark = "()" if repair.insert == ("LPAR", "RPAR") else _INSERTED[kind]
    shown, inserted = f"`{mark}`", _as_inserted(mark)
    if kind == "LAYER":
        place = Span(machine.path, token.start, token.start)
    elif text[place.start : place.start + 1] == " ":
        inserted = inserted.rstrip()
    if kind in CLOSING:
        shown, inserted = _as_closed(machine, [known for known in repair.insert if known in CLOSING], text)
    fix = Fix(f"insert {shown}", (Edit(place, inserted),))
    span = place if kind in ("RPAR", "RSQB", "RBRACE", "LBRACE") else _span(machine, token)
    return error("syntax", f"expected {shown}{purpose}, found {_found(token, text)}", span, "", *others, fixes=(fix,))


def _as_inserted(mark: str) -> str:
    """A mark with the spaces that belong round it."""
    if mark == ",":
        return ", "
    if mark == "layer":
        return "layer "
    return f" {mark} " if mark in ("=", "->", "==") or mark.isalpha() else f" {mark}" if mark == "{" else mark


def _as_closed(machine: Machine, closers: list[str], text: str) -> tuple[str, str]:
    """These closing brackets in words and as text: a brace on a line of its own if its body has several lines."""
    marks = "".join(_MARKS[kind] for kind in closers)
    braces = marks.count("}")
    shown = f"`{marks.rstrip('}') or '}'}`"
    if braces > 1 or (braces and marks[0] != "}"):
        shown = f"{braces} `}}`" if marks[0] == "}" else f"{shown} and {braces} `}}`"
    inserted = marks.rstrip("}")
    opened = [machine.values[index][0] for index in reversed(machine.unclosed())]
    end = machine.tokens[machine.at - 1].end
    for brace in [token for token in opened if token.type == "LBRACE"][:braces]:
        has_lines = "\n" in text[brace.start : end]
        inserted += f"\n{_indent(text, brace.start)}}}" if has_lines else " }"
    return shown, inserted


def _indent(text: str, at: int) -> str:
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return line[: len(line) - len(line.lstrip())]


def _purpose(machine: Machine, kind: str) -> tuple[str, tuple[Label, ...]]:
    """Why that mark is needed, and the place it answers to."""
    if kind == "LBRACE":
        header = _header(machine, len(machine.values))
        return (f" to open {header}" if header else ""), ()
    opener = {"RPAR": ("LPAR",), "RSQB": ("LSQB",), "RBRACE": ("LBRACE",)}.get(kind)
    if opener is None:
        return "", ()
    for index in reversed(machine.unclosed()):
        value = machine.values[index][0]
        if value.type in opener:
            label = (Label(Span(machine.path, value.start, value.end), f"this `{value.text}` is still open"),)
            header = _header(machine, index) if kind == "RBRACE" else ""
            return f" to close {header or f'this `{value.text}`'}", label
    return "", ()


def _header(machine: Machine, before: int) -> str:
    """`the body of `model Bert`` for the innermost header that begins before the index `before` of `values`."""
    for index in range(before - 1, -1, -1):
        value = machine.values[index][0]
        if not isinstance(value, Token) or value.type not in _HEADERS:
            continue
        if value.type == "IMPORT":
            return "the list of imported names"
        after = machine.values[index + 1][0] if index + 1 < len(machine.values) else None
        if value.type in _NAMED and isinstance(after, Token):
            return f"the body of `{value.text} {after.text}`"
        return f"the body of `{value.text}`"
    return ""


def _inside(machine: Machine) -> str:
    body = open_body(machine)
    header = _header(machine, body) if body >= 0 else ""
    return f" in {header}" if header else ""


def _belongs(token: Token) -> str:
    if token.text not in STATEMENT_WORDS or token.type == "NAME":
        return ""
    places = [place for place, words in _BODY_WORDS.items() if token.text in words]
    return f"`{token.text}` stands in the body of {' or '.join(places)}"


def _unexpected(machine: Machine, token: Token) -> str:
    if token.type in ("RPAR", "RSQB", "RBRACE"):
        return f"this `{token.text}` closes nothing"
    if token.type == "_NL":
        following = machine.tokens[machine.at + 1]
        return f"expected `{following.text}` on the same line" if following.text else "unexpected end of the line"
    if machine.at and machine.tokens[machine.at - 1].text == token.text:
        return f"`{token.text}` stands here twice"
    return f"`{token.text}` does not belong here"


def _found(token: Token, text: str) -> str:
    if token.type == "_NL":
        return "the end of the line"
    if token.type == "$END":
        return "the end of the file" if not text[token.end :].strip() else "the end of the item"
    return f"`{token.text}`"


def _span(machine: Machine, token: Token) -> Span:
    if token.type in ("_NL", "$END") and machine.at:
        before = machine.tokens[machine.at - 1].end
        return Span(machine.path, before, before)
    return Span(machine.path, token.start, token.end)
