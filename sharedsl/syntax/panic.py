"""Panic mode: where no repair is found, leave out as little as possible and go on.

Inside brackets that is one element (up to the next comma), inside a body one statement (up to the end of its line).
What is left out is taken out of the machine's tokens too, so that they always are what was understood.
"""

from __future__ import annotations

from sharedsl.syntax.lexer import CLOSING, OPENING, Token
from sharedsl.syntax.parser import Machine
from sharedsl.syntax.repair import accepts

#: a state that takes one of these stands where a statement begins
_BEGINS_STATEMENT = ("REQUIRE", "BUDGET")


def panic(machine: Machine) -> bool:
    """Bring the machine to a place where it can go on. False where the whole item is lost."""
    before = (machine.at, len(machine.tokens), len(machine.states))
    is_found = _leave_out_element(machine) or _leave_out_statement(machine)
    return is_found and before != (machine.at, len(machine.tokens), len(machine.states))


def open_body(machine: Machine) -> int:
    """The index in `values` of the innermost open `{` of a body; -1 where there is none."""
    bodies = [index for index in machine.unclosed() if _is_body(machine, index)]
    return bodies[-1] if bodies else -1


def open_bracket(machine: Machine) -> int:
    """The index in `values` of the innermost bracket that is open in this statement; -1 where there is none."""
    opened = machine.unclosed()
    return opened[-1] if opened and machine.values[opened[-1]][0].type != "LBRACE" else -1


def _is_body(machine: Machine, index: int) -> bool:
    return machine.values[index][0].type == "LBRACE" and _begins_statement(machine, index + 1)


def _begins_statement(machine: Machine, depth: int) -> bool:
    actions = machine.table.states[machine.states[depth]]
    return any(kind in actions for kind in _BEGINS_STATEMENT)


def _cut(machine: Machine, depth: int, at: int) -> None:
    """Forget what was read after `depth` values, and the tokens from there up to `at`."""
    first = machine.at
    if depth < len(machine.values):
        start = machine.values[depth][1]
        while first and machine.tokens[first - 1].start >= start:
            first -= 1
    del machine.states[depth + 1 :]
    del machine.values[depth:]
    del machine.tokens[first:at]
    machine.at = first


def _leave_out_element(machine: Machine) -> bool:
    opened = open_bracket(machine)
    if opened < 0:
        return False
    closer = OPENING[machine.values[opened][0].type]
    at = _skip(machine, machine.at, ("COMMA", closer), ("_NL", "RBRACE", "LBRACE", "$END"))
    kind = machine.tokens[at].type
    if kind not in ("COMMA", closer):
        return False
    after = [token.type for token in machine.tokens[at + 1 : at + 3]]
    for depth in range(len(machine.states) - 1, opened, -1):
        states = machine.states[: depth + 1]
        if accepts(machine, states, [kind, *after]):
            _cut(machine, depth, at)
            return True
        if accepts(machine, states, ["BAD", kind, *after]):
            place = machine.tokens[at].start
            _cut(machine, depth, at)
            machine.tokens.insert(machine.at, Token("BAD", "", place, place))
            return True
    if kind == "COMMA" and accepts(machine, machine.states[: opened + 2], after):
        _cut(machine, opened + 1, at + 1)
        return True
    return False


def _leave_out_statement(machine: Machine) -> bool:
    opened = open_body(machine)
    if opened < 0:
        return False
    at = _skip(machine, machine.at, ("_NL",), ("RBRACE", "$END"))
    if accepts(machine, machine.states, (machine.tokens[at].type,)):
        _cut(machine, len(machine.values), at)  # the statement itself was whole
        return True
    for depth in range(len(machine.states) - 1, opened, -1):
        if _begins_statement(machine, depth):
            _cut(machine, depth, at + (machine.tokens[at].type == "_NL"))
            return True
    return False


def _skip(machine: Machine, at: int, wanted: tuple[str, ...], stops: tuple[str, ...]) -> int:
    """The next token of a wanted kind outside of any brackets that open on the way, or the stop before it."""
    depth = 0
    while True:
        kind = machine.tokens[at].type
        if kind == "$END" or (depth == 0 and (kind in wanted or kind in stops)):
            return at
        if kind in OPENING:
            depth += 1
        elif kind in CLOSING:
            depth = max(0, depth - 1)
        at += 1
