"""Text to tokens: the grammar's terminals, and the filter for newlines and soft words.

What a token is depends on its neighbours only, never on what the parser is doing, so a broken file has the same tokens
as a whole one.
"""

from __future__ import annotations

import re
from functools import cache

from sharedsl.diagnostics import Diagnostic, Edit, Fix, error
from sharedsl.source import Span
from sharedsl.syntax.numbers import check_number
from sharedsl.syntax.table import load_table

MAX_NESTING = 100

#: words that are reserved only where they begin a statement
STATEMENT_WORDS = frozenset({
    "layer", "weight", "buffer", "state", "init", "tie", "share", "fold", "factorize", "adapt", "freeze", "local",
    "untie", "reuse", "stage", "budget", "dtype", "test", "incremental",
})  # fmt: skip
#: words that begin an item, at column 0
ITEM_WORDS = ("import", "model", "block", "function", "extern", "sharing", "build")

#: opening bracket -> its closing one
OPENING = {"LPAR": "RPAR", "LSQB": "RSQB", "LBRACE": "RBRACE"}
CLOSING = set(OPENING.values())
#: after these a line goes on
_GOES_ON = {
    "COMMA", "EQUAL", "PLUS", "MINUS", "STAR", "SLASH", "DOUBLE_SLASH", "PERCENT", "AT", "POWER", "CMP", "PIPE",
    "ARROW", "AND", "OR", "NOT", "IN", "ELSE",
}  # fmt: skip
#: what may stand before a `*` that multiplies; any other `*` is a selector's, and may end a line
_OPERANDS = {"NAME", "NUMBER", "STRING", "RPAR", "RSQB", "APP"}
#: a line that begins with one of these is never the rest of an expression
_NEVER_GO_ON = {"RETURN", "REQUIRE", "FORWARD", "RBRACE", "WHILE"}


class Token:
    """One token; `[start, end)` are code-point offsets in the file."""

    __slots__ = ("end", "start", "text", "type")

    def __init__(self, type: str, text: str, start: int, end: int) -> None:
        self.type = type
        self.text = text
        self.start = start
        self.end = end

    def __repr__(self) -> str:
        return f"{self.type}({self.text!r} {self.start}:{self.end})"


def tokenize(
    text: str, path: str, start: int = 0, end: int | None = None, inside: str = ""
) -> tuple[list[Token], list[Diagnostic]]:
    """The tokens of `text[start:end]` without comments and without newlines that end nothing.

    `inside` is the kind of the closing bracket, if `start` lies inside of ( ) or [ ].
    """
    raw, problems = _scan(text, path, start, len(text) if end is None else end)
    return _filter(raw, path, problems, inside), problems


@cache
def _scanner() -> tuple[re.Pattern[str], dict[str, str], dict[str, str]]:
    """One regular expression for all terminals, and the words and marks by their text."""
    table = load_table()
    by_name = dict(table.patterns)
    marks = "|".join(re.escape(mark) for mark in sorted(table.marks, key=len, reverse=True))
    parts = [f"(?P<{name}>{by_name[name]})" for name in ("NAME", "_NL", "NUMBER", "STRING", "APP")]
    # longer marks that begin like a comparison (`=`, `->`) do not exist, so comparisons may go first
    parts += [f"(?P<CMP>{by_name['CMP']})", f"(?P<MARK>{marks})", r"(?P<COMMENT>#[^\n]*)"]
    # text that is not closed: a path ends before its `{`, any other with its line
    parts += [r'(?P<PATH>"[\w./-]+(?=[ \t]*\{))', r'(?P<OPEN>"[^"\r\n]*)']
    parts += [r"(?P<BAD>.)"]
    return re.compile(r"[ \t\r\f]*(?:" + "|".join(parts) + ")", re.ASCII | re.DOTALL), table.words, table.marks


def find_comments(text: str) -> list[tuple[int, int]]:
    """Where the comments are, each from its `#` to the end of its line."""
    return [match.span("COMMENT") for match in _scanner()[0].finditer(text) if match.lastgroup == "COMMENT"]


def _scan(text: str, path: str, start: int, end: int) -> tuple[list[Token], list[Diagnostic]]:
    pattern, words, marks = _scanner()
    tokens: list[Token] = []
    problems: list[Diagnostic] = []
    add = tokens.append
    while end > start and text[end - 1] in " \t\r\f":
        end -= 1  # blanks with nothing behind them
    for match in pattern.finditer(text, start, end):
        kind = match.lastgroup
        assert kind is not None
        low, high = match.span(kind)
        value = text[low:high]
        if kind == "NAME":
            kind = words.get(value, "NAME")
        elif kind == "MARK":
            kind = marks[value]
        elif kind == "COMMENT":
            continue
        elif kind == "NUMBER":
            problem = check_number(value, Span(path, low, high))
            if problem is not None:
                problems.append(problem)
        elif kind in ("OPEN", "PATH"):
            problems.append(_unterminated(value, Span(path, low, low + len(value.rstrip()))))
            kind, value = "STRING", value + '"'
        elif kind == "BAD":
            _bad_character(value, Span(path, low, high), problems)
            continue
        add(Token(kind, value, low, high))
    return tokens, problems


def _unterminated(value: str, span: Span) -> Diagnostic:
    fix = Fix('insert `"`', (Edit(Span(span.path, span.end, span.end), '"'),))
    return error("unterminated-string", 'expected `"` to close this text before its line ends', span, fixes=(fix,))


_NAMES_OF_CHARACTERS = {"\0": "NUL character", "\u00a0": "no-break space", "\ufeff": "byte-order mark"}
_MEANT = {"\u00a0": " ", "“": '"', "”": '"', "−": "-", "–": "-", "×": "*", "≤": "<=", "≥": ">=", "≠": "!=", "→": "->"}


def _bad_character(value: str, span: Span, problems: list[Diagnostic]) -> None:
    last = problems[-1] if problems else None
    if last is not None and last.code == "bad-character" and last.labels[0].span.end == span.start:
        # a run of them is one mistake
        whole = last.labels[0].span.to(span)
        problems[-1] = error("bad-character", "these characters have no meaning in a spec", whole)
        return
    name = _NAMES_OF_CHARACTERS.get(value) or (f"`{value}`" if value.isprintable() else f"character U+{ord(value):04X}")
    fixes: tuple[Fix, ...] = ()
    if value in _MEANT:
        fixes = (Fix(f"write `{_MEANT[value]}`", (Edit(span, _MEANT[value]),)),)
    elif value == ";":
        fixes = (Fix("remove `;`: a statement ends with its line", (Edit(span, ""),)),)
    elif value.isprintable() and value.isascii():
        fixes = (Fix(f"remove `{value}`", (Edit(span, ""),)),)
    problems.append(error("bad-character", f"{name} has no meaning in a spec", span, fixes=fixes))


def _filter(raw: list[Token], path: str, problems: list[Diagnostic], inside: str) -> list[Token]:
    """Decide what each word is, and which newlines end a statement."""
    out: list[Token] = []
    opened = [inside] if inside else []
    too_deep = False
    before = "_NL"
    at, count = 0, len(raw)
    while at < count:
        token = raw[at]
        kind = token.type
        at += 1
        if kind == "_NL":
            while at < count and raw[at].type == "_NL":
                at += 1
            after = raw[at] if at < count else None
            is_inside = bool(opened) and opened[-1] != "RBRACE"  # in ( ) or [ ], where a newline ends nothing
            if after is None or _ends_statement(out, is_inside, after, raw[at + 1] if at + 1 < count else None):
                _leave_line(opened)
                if before != "_NL":
                    out.append(token)
                before = "_NL"
            continue
        if before == "DOT" and _is_word(token):
            kind = token.type = "NAME"
        elif token.text in STATEMENT_WORDS:
            kind = token.type = _statement_word(token, out, before, raw[at] if at < count else None)
        if kind in OPENING:
            if kind == "LBRACE":
                _leave_line(opened)  # no `{` stands inside of ( ) or [ ]
            opened.append(OPENING[kind])
            if len(opened) > MAX_NESTING and not too_deep:
                too_deep = True
                message = f"brackets nest deeper than {MAX_NESTING}"
                problems.append(error("nesting-too-deep", message, Span(path, token.start, token.end)))
        elif kind in CLOSING:
            _close(opened, kind)
        out.append(token)
        before = kind
    return out


def _leave_line(opened: list[str]) -> None:
    """Forget the ( and [ that were left open by mistake."""
    while opened and opened[-1] != "RBRACE":
        opened.pop()


def _close(opened: list[str], kind: str) -> None:
    """Close the innermost bracket of this kind, and what was left open inside it."""
    if kind == "RBRACE" or kind in opened[-4:]:
        while opened and opened.pop() != kind:
            pass


def _ends_statement(out: list[Token], is_inside: bool, after: Token, then: Token | None) -> bool:
    """Whether a newline between the last of `out` and `after` ends a statement."""
    if after.type in _NEVER_GO_ON:
        return True
    if after.text in STATEMENT_WORDS and then is not None and then.type == "NAME" and then.text not in STATEMENT_WORDS:
        return True  # two names in a row: this can only be a new statement, whatever was left open
    if not is_inside and after.type in ("IF", "FOR"):
        return True  # neither can begin the operand that the line before may want
    if is_inside or after.type in ("ELSE", "PIPE", "ARROW"):
        return False
    if not out or out[-1].type not in _GOES_ON:
        return True
    # a `*` after anything but an operand is a selector's: `share layers[0].*`
    return out[-1].type in ("STAR", "POWER") and (len(out) < 2 or out[-2].type not in _OPERANDS)


#: what follows a statement's word; anything else (`=`, `.`, `,`, `)`) makes it an ordinary name
_BEGUN = {"STAR", "POWER", "LBRACE"}


def _statement_word(token: Token, out: list[Token], before: str, after: Token | None) -> str:
    word = token.text
    keyword = word.upper()
    if word == "layer" and before == "EXTERN":
        return keyword
    if word == "init" and (before == "RSQB" or (len(out) > 1 and out[-2].type == "COLON" and _is_word(out[-1]))):
        return keyword
    if before not in ("_NL", "LBRACE"):
        return "NAME"
    if word == "incremental":  # the one statement of a single word
        is_statement = after is None or after.type in ("_NL", "RBRACE")
        return keyword if is_statement and (before == "_NL" or _line_begins(out) == "BUILD") else "NAME"
    if after is None or after.type in _BEGUN or _is_word(after):
        return keyword
    return keyword if word == "test" and after.type == "LPAR" else "NAME"


def _is_word(token: Token) -> bool:
    return token.text[0].isalpha() or token.text[0] == "_"


def _line_begins(out: list[Token]) -> str:
    """The kind of the first token of the last line."""
    at = len(out) - 1
    while at and out[at - 1].type != "_NL":
        at -= 1
    return out[at].type
