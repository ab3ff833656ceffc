"""Reading on after errors: one report for each broken place, and as much of the tree as can be had."""

from __future__ import annotations

from typing import Any

from sharedsl.diagnostics import Diagnostic, Edit, Fix, error
from sharedsl.diagnostics.nearest import distance
from sharedsl.source import Span
from sharedsl.syntax.brackets import close_brackets
from sharedsl.syntax.expected import explain_panic, explain_repair
from sharedsl.syntax.lexer import ITEM_WORDS, Token
from sharedsl.syntax.panic import panic
from sharedsl.syntax.parser import Machine
from sharedsl.syntax.repair import acceptable, accepts, apply_repair, find_repair, forgiven

#: after so many errors the rest of an item is noise
_MAX_REPORTS = 20
_ITEM_KINDS = {word.upper() for word in ITEM_WORDS}


def read_items(text: str, path: str, tokens: list[Token]) -> tuple[list[Any], list[Diagnostic]]:
    """The items in these tokens, which end with `$END`: as a rule one, that begins with the first token."""
    items: list[Any] = []
    problems: list[Diagnostic] = []
    while tokens[0].type != "$END":
        if tokens[0].type == "_NL":
            tokens = tokens[1:]
            continue
        problem, tokens = _item_begins(text, path, tokens, bool(items))
        if problem is not None:
            problems.append(problem)
        if tokens[0].type == "$END":
            break
        node, reported, tokens = _read_item(text, path, tokens)
        problems += reported
        if node is not None:
            items.append(node)
    return items, problems


def _read_item(text: str, path: str, tokens: list[Token]) -> tuple[Any | None, list[Diagnostic], list[Token]]:
    """One item, what is wrong with it, and the tokens after it."""
    machine = Machine(path, tokens)
    problems: list[Diagnostic] = []
    resumed = -1
    while True:
        node = machine.run()
        if machine.too_deep or len(problems) >= _MAX_REPORTS:
            return None, problems + machine.problems, _after_lost(machine, text)
        if node is None and _item_is_over(machine, text):
            node = _finished(machine)
        if node is not None:
            return node, problems + machine.problems, machine.tokens[machine.at :]
        machine = machine.before_error()
        is_news = machine.at > resumed
        closed = close_brackets(machine, text) if is_news else None
        if closed is not None:
            machine, problem = closed
            place = problem.labels[0].span.start
            problems = [older for older in problems if older.labels[0].span.start < place] + [problem]
            resumed = -1
            continue
        fitting = acceptable(machine)
        repair = find_repair(machine, fitting, text)
        if repair is not None:
            if is_news:
                problems.append(explain_repair(machine, repair, text))
            apply_repair(machine, repair)
            resumed = machine.at + len(repair.insert)
            continue
        if "$END" in fitting:
            # what follows is reported as what it is: no item
            return _finished(machine), problems + machine.problems, machine.tokens[machine.at :]
        if is_news:
            problems.append(explain_panic(machine, fitting, text))
        if not panic(machine):
            return None, problems + machine.problems, _after_lost(machine, text)
        resumed = machine.at


def _item_is_over(machine: Machine, text: str) -> bool:
    """Whether the item is whole and what follows stands at column 0."""
    token = machine.tokens[machine.at]
    if token.type != "_NL" or not accepts(machine, machine.states, ("$END",)):
        return False
    after = machine.tokens[machine.at + 1]
    return after.type != "LBRACE" and (after.start == 0 or text[after.start - 1] == "\n")


def _after_lost(machine: Machine, text: str) -> list[Token]:
    """The tokens from the next line on that begins an item but for a slip: `modle Bert(..`."""
    tokens = machine.tokens
    for at in range(machine.at, len(tokens) - 1):
        token = tokens[at]
        at_line_start = token.start == 0 or text[token.start - 1] == "\n"
        if at_line_start and _meant(token, tokens[at + 1]):
            return tokens[at:]
    return tokens[-1:]


def _finished(machine: Machine) -> Any | None:
    """Close the item before the current token, which stays for whoever comes next."""
    token = machine.tokens[machine.at]
    machine.tokens.insert(machine.at, Token("$END", "", token.start, token.start))
    node = machine.run()
    del machine.tokens[machine.at]
    return node


def _item_begins(text: str, path: str, tokens: list[Token], follows: bool) -> tuple[Diagnostic | None, list[Token]]:
    """What is wrong with how the item begins, and the tokens from where one can be read."""
    first = tokens[0]
    span = Span(path, first.start, first.end)
    line_start = text.rfind("\n", 0, first.start) + 1
    if first.type in _ITEM_KINDS:
        return (None if first.start == line_start else _not_at_column_0(text, first, line_start, span)), tokens
    meant = _meant(first, tokens[1])
    if meant:
        fix = Fix(f"write `{meant}`", (Edit(span, meant),))
        problem = error("syntax", f"expected `{meant}`, found `{first.text}`", span, fixes=(fix,))
        return problem, [Token(meant.upper(), meant, first.start, first.end), *tokens[1:]]
    rest = _next_item(tokens)
    if first.type in ("RBRACE", "RPAR", "RSQB"):
        fix = Fix(f"remove `{first.text}`", (Edit(span, ""),))
        return error("syntax", f"this `{first.text}` closes nothing", span, fixes=(fix,)), rest
    if follows and text[line_start : first.start].strip():
        return error("syntax", f"expected the end of the item, found `{first.text}`", span), rest
    known = ", ".join(f"`{word}`" for word in ITEM_WORDS[:-1])
    message = f"expected an item, found `{first.text}`"
    return error("syntax", message, span, help=f"a file is made of {known} and `{ITEM_WORDS[-1]}`"), rest


def _meant(first: Token, second: Token) -> str:
    """The item word that was probably meant."""
    if first.type != "NAME" or (second.type != "NAME" and second.type != "STRING"):
        return ""
    best = min(ITEM_WORDS, key=lambda word: distance(first.text.lower(), word))
    return best if distance(first.text.lower(), best) <= forgiven(best) else ""


def _next_item(tokens: list[Token]) -> list[Token]:
    at = 1
    while tokens[at].type != "$END" and tokens[at].type not in _ITEM_KINDS:
        at += 1
    return tokens[at:]


def _not_at_column_0(text: str, token: Token, line_start: int, span: Span) -> Diagnostic:
    if text[line_start : token.start].strip():
        fix = Fix("start a new line", (Edit(Span(span.path, token.start, token.start), "\n"),))
    else:
        fix = Fix("remove the space before it", (Edit(Span(span.path, line_start, token.start), ""),))
    return error("syntax", f"`{token.text}` begins an item, which stands at the start of a line", span, fixes=(fix,))
