"""Slips of the hand, made on purpose: one line of a whole spec gets one mistake of a named kind.

`mistakes(text, seed, count)` draws as many as asked for, each of which is a mistake by itself: a change that gives
another legal program (a budget apart, which is a claim about the program) is drawn again. The same seed gives the same
mistakes, for nothing here depends on anything but the text.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sharedsl.analysis.pipeline import analyze
from sharedsl.diagnostics import Diagnostic
from sharedsl.source import SourceFile
from sharedsl.syntax.lexer import ITEM_WORDS, STATEMENT_WORDS, Token, tokenize
from sharedsl.syntax.table import load_table

_WORD = re.compile(r"\w+")
#: kinds whose mistakes lie in values: what depends on another mistake is not known, so each stands in a file alone
MEANT = frozenset(("wrong type", "wrong shape", "leave out an argument", "double a line", "delete a line"))
#: two mistakes of one file are at least so many lines apart, so that every report can be told to be of one
APART = 3


@dataclass(frozen=True)
class Mutation:
    """Line `line` (from 0) of a text becomes `after`: none if it is deleted, two if it is doubled."""

    kind: str
    line: int
    before: str
    after: tuple[str, ...]

    @property
    def words(self) -> set[str]:
        """What the line declares, and what it said and does not say any more, or the other way round.

        Whoever uses these has reason to complain: `layer head = Linear(dim, 7)` is only wrong where `head` is used.
        """
        before, after = (_WORD.findall(text) for text in (self.before, "\n".join(self.after)))
        changed = {word for word in {*before, *after} if before.count(word) != after.count(word)}
        return changed | {name for line in (self.before, *self.after) for name in _declared_on(line)}

    @property
    def is_meant(self) -> bool:
        """Whether it can only be told from values: shapes, kinds, what is there and should not be."""
        return self.kind in MEANT


def apply(text: str, mutations: list[Mutation]) -> tuple[str, dict[int, Mutation]]:
    """The text with the mistakes, and the lines (from 1) that each of them stands on."""
    lines = text.split("\n")
    by_line = {each.line: each for each in mutations}
    out: list[str] = []
    places: dict[int, Mutation] = {}
    for number, line in enumerate(lines):
        mutation = by_line.get(number)
        if mutation is None:
            out.append(line)
            continue
        for shown in mutation.after or (None,):
            places[len(out) + 1] = mutation
            if shown is not None:
                out.append(shown)
    return "\n".join(out), places


def problems(text: str, path: str) -> list[Diagnostic]:
    """What is wrong with the text; broken budgets are not counted."""
    return [each for each in analyze(SourceFile(path, text)).diagnostics if each.code != "budget"]


def is_mistake(text: str, path: str, mutation: Mutation) -> bool:
    """Whether the text with this alone is no legal program."""
    return bool(problems(apply(text, [mutation])[0], path))


def mistakes(text: str, path: str, seed: str, count: int) -> list[Mutation]:
    """`count` mistakes, as many kinds as there can be, none beside another."""
    draw = random.Random(seed)
    found: list[Mutation] = []
    kinds: list[str] = []
    tokens = by_lines(text)
    for _ in range(count * 40):
        if len(found) == count:
            break
        if not kinds:
            kinds = list(KINDS)
            draw.shuffle(kinds)
        kind = kinds.pop()
        candidate = _one(kind, tokens, text.split("\n"), draw)
        if candidate is None or any(_meet(candidate, other) for other in found):
            continue
        if is_mistake(text, path, candidate):
            found.append(candidate)
    return sorted(found, key=lambda each: each.line)


def _meet(one: Mutation, other: Mutation) -> bool:
    """Whether two mistakes are too near for a report to be told to be of one: in the text, or by a name."""
    if abs(one.line - other.line) < APART:
        return True
    return any(set(_declared_on(a.before)) & set(_WORD.findall(b.before)) for a, b in ((one, other), (other, one)))


def by_lines(text: str) -> dict[int, list[Token]]:
    """The tokens of every line that has any, with columns for offsets; the last of them is no newline."""
    lines: dict[int, list[Token]] = {}
    source = SourceFile("x", text)
    for token in tokenize(text, "x")[0]:
        if token.type != "_NL":
            line, column = source.position(token.start)
            lines.setdefault(line - 1, []).append(
                Token(token.type, token.text, column - 1, column - 1 + token.end - token.start)
            )
    return lines


def _one(kind: str, tokens: dict[int, list[Token]], lines: list[str], draw: random.Random) -> Mutation | None:
    places = [(number, each) for number in tokens for each in KINDS[kind](tokens[number], lines[number], draw)]
    if not places:
        return None
    number, after = draw.choice(places)
    if after == (lines[number],):
        return None
    return Mutation(kind, number, lines[number], after)


# ---------------------------------------------------------------------------- the kinds

#: what a line may become
Ways = Iterator[tuple[str, ...]]
Kind = Callable[[list[Token], str, random.Random], Ways]
KINDS: dict[str, Kind] = {}


def _kind(function: Kind) -> Kind:
    KINDS[function.__name__.replace("_", " ")] = function
    return function


def _put(line: str, token: Token, text: str) -> tuple[str, ...]:
    return (line[: token.start] + text + line[token.end :],)


def _slip(word: str, draw: random.Random) -> str:
    """One letter left out, doubled, wrong, or two that changed places: never another word of the language."""
    at = draw.randrange(len(word) - 1) if len(word) > 1 else 0
    slips = [
        word[:at] + word[at + 1 :],
        word[:at] + word[at] + word[at:],
        word[:at] + draw.choice("aeioulnrst") + word[at + 1 :],
        word[:at] + word[at + 1 : at + 2] + word[at : at + 1] + word[at + 2 :],
    ]
    draw.shuffle(slips)
    for slip in slips:
        if slip and slip != word and not slip[0].isdigit() and slip not in load_table().words:
            return slip
    return word + "x"


_DECLARES = {*STATEMENT_WORDS, "model", "block", "function", "sharing", "build", "for", "forward"}


def _declared_on(line: str) -> list[str]:
    """The names that a line declares: after its word, before `=`, before `:`."""
    after_word = re.findall(rf"\b(?:{'|'.join(_DECLARES)})\s+(\w+)", line)
    names = re.findall(r"(\w+)\s*(?:\[[^\]]*\]\s*)?(?:=(?!=)|:)", line)
    return [*after_word, *names, *re.findall(r"^\s*(\w+(?:, \w+)+) =", line)]


def _declared(tokens: list[Token], at: int) -> bool:
    return at > 0 and tokens[at - 1].text in _DECLARES


@_kind
def delete_a_mark(tokens: list[Token], line: str, draw: random.Random) -> Ways:
    for token in tokens:
        if not token.text[0].isalnum() and token.text[0] not in '_"{}':
            yield _put(line, token, "")


@_kind
def delete_a_word(tokens: list[Token], line: str, draw: random.Random) -> Ways:
    for token in tokens:
        if token.text[0].isalpha() and token.text not in ITEM_WORDS:
            yield _put(line, token, "")


@_kind
def delete_a_brace(tokens: list[Token], line: str, draw: random.Random) -> Ways:
    for token in tokens:
        if token.text in "{}":
            yield _put(line, token, "")


@_kind
def double_a_mark(tokens: list[Token], line: str, draw: random.Random) -> Ways:
    for token in tokens:
        if token.text in {",", "=", ")", "]", "}", ":", "|>", "->", "{", "("}:
            yield _put(line, token, token.text * 2 if token.text in ",)]}(" else f"{token.text} {token.text}")


@_kind
def misspell_a_name(tokens: list[Token], line: str, draw: random.Random) -> Ways:
    for at, token in enumerate(tokens):
        after = tokens[at + 1].text if at + 1 < len(tokens) else ""
        if token.type == "NAME" and len(token.text) > 2 and not _declared(tokens, at) and after not in ("=", ":"):
            yield _put(line, token, _slip(token.text, draw))


@_kind
def misspell_a_declaration(tokens: list[Token], line: str, draw: random.Random) -> Ways:
    for at, token in enumerate(tokens):
        if token.type == "NAME" and len(token.text) > 2 and _declared(tokens, at):
            yield _put(line, token, _slip(token.text, draw))


@_kind
def misspell_a_keyword(tokens: list[Token], line: str, draw: random.Random) -> Ways:
    for token in tokens:
        if token.type != "NAME" and token.text in {*load_table().words, *STATEMENT_WORDS} and len(token.text) > 2:
            yield _put(line, token, _slip(token.text, draw))


@_kind
def misspell_an_argument(tokens: list[Token], line: str, draw: random.Random) -> Ways:
    depth = 0
    for at, token in enumerate(tokens[:-1]):
        depth += (token.text in "([") - (token.text in ")]")
        if depth and token.type == "NAME" and tokens[at + 1].text == "=" and len(token.text) > 2:
            yield _put(line, token, _slip(token.text, draw))


_SWAPS = {
    "=": ("==", ":", "-"), ":": ("=", ";"), "->": ("=>", "-", "-->"), "|>": ("|", ">", "||>"), "==": ("=", "==="),
    "<=": ("=<", "<"), "*": ("x", "**"), "+": ("++", "&"), "-": ("--", "~"), ",": (";", "."), ".": (",", ".."),
    "**": ("^", "*"), "%": ("mod", "//"),
}  # fmt: skip


@_kind
def swap_an_operator(tokens: list[Token], line: str, draw: random.Random) -> Ways:
    for token in tokens:
        if token.text in _SWAPS:
            yield _put(line, token, draw.choice(_SWAPS[token.text]))


@_kind
def wrong_bracket(tokens: list[Token], line: str, draw: random.Random) -> Ways:
    for token in tokens:
        if token.text in {"(", ")", "[", "]"}:
            yield _put(line, token, draw.choice([mark for mark in "()[]" if mark != token.text]))


@_kind
def wrong_type(tokens: list[Token], line: str, draw: random.Random) -> Ways:
    for token in tokens:
        if token.text in {"float", "int", "bool", "list", "string", "layer"} and token.type == "NAME":
            yield _put(line, token, draw.choice([word for word in ("float", "int", "bool") if word != token.text]))
        elif token.type == "NUMBER":
            yield _put(line, token, draw.choice(['"many"', "1.5", "-3", "none", "[1]"]))


@_kind
def wrong_shape(tokens: list[Token], line: str, draw: random.Random) -> Ways:
    depth = 0
    for at, token in enumerate(tokens):
        depth += (token.text in "([") - (token.text in ")]")
        after = tokens[at + 1].text if at + 1 < len(tokens) else ""
        if depth and token.type == "NAME" and after in (",", ")", "]") and tokens[at - 1].text in ("(", ",", "["):
            yield _put(line, token, draw.choice([f"{token.text} + 1", f"2 * {token.text}", "7"]))


@_kind
def leave_out_an_argument(tokens: list[Token], line: str, draw: random.Random) -> Ways:
    for at, token in enumerate(tokens[1:-1], 1):
        if tokens[at - 1].text in ("(", ",") and tokens[at + 1].text == ",":
            yield (line[: token.start] + line[tokens[at + 1].end :].lstrip(),)


@_kind
def one_argument_more(tokens: list[Token], line: str, draw: random.Random) -> Ways:
    for at, token in enumerate(tokens[1:], 1):
        if token.text == ")" and tokens[at - 1].text != "(":
            yield _put(line, token, draw.choice([", 3)", ", extra = 3)"]))


@_kind
def double_a_line(tokens: list[Token], line: str, draw: random.Random) -> Ways:
    if _balanced(tokens):
        yield (line, line)


@_kind
def delete_a_line(tokens: list[Token], line: str, draw: random.Random) -> Ways:
    if _balanced(tokens):
        yield ()


@_kind
def remove_a_comma(tokens: list[Token], line: str, draw: random.Random) -> Ways:
    for token in tokens:
        if token.text == ",":
            yield _put(line, token, "")


@_kind
def bad_character(tokens: list[Token], line: str, draw: random.Random) -> Ways:
    for token in tokens[1:]:
        yield (line[: token.start] + draw.choice(["$", ";", "“", "?", "\\", "'"]) + line[token.start :],)


@_kind
def open_text(tokens: list[Token], line: str, draw: random.Random) -> Ways:
    for token in tokens:
        if token.type == "STRING":
            yield _put(line, token, token.text[:-1])


def _balanced(tokens: list[Token]) -> bool:
    """Whether what the line opens it closes: deleting it or writing it twice is one mistake, not a torn body."""
    depth = 0
    for token in tokens:
        depth += (token.text in "([{") - (token.text in ")]}")
        if depth < 0:
            return False
    return depth == 0 and tokens[0].text not in (*ITEM_WORDS, "|>", "->", "else")
