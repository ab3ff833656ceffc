"""One-token repairs: what was probably left out, put in twice, or spelled wrongly.

A repair counts only if the parser can then take the next few tokens, so it is nearly always what the user meant, and
is offered as a fix.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sharedsl.syntax.lexer import STATEMENT_WORDS, Token
from sharedsl.syntax.parser import Machine

#: tokens that must fit after a repair
_LOOK_AHEAD = 3
#: what is tried to be inserted, most likely first; BAD stands for a missing expression
_INSERTABLE = ("RPAR", "RSQB", "LBRACE", "COMMA", "EQUAL", "COLON", "RBRACE", "ARROW", "LPAR", "BAD", "_NL")


@dataclass(frozen=True, slots=True)
class Repair:
    """Put tokens of these kinds in front of the one that does not fit, after leaving out `drop` tokens from it on."""

    insert: tuple[str, ...] = ()
    drop: int = 0
    #: the word that was meant, where one is replaced
    word: str = ""
    #: the word to replace is the token before: it only looked like a name until the next one came
    back: bool = False


def accepts(machine: Machine, states: list[int], kinds: Iterable[str]) -> bool:
    """Whether the parser in `states` would take tokens of these kinds, one after the other."""
    table, rules, end_state = machine.table.states, machine.actions, machine.table.end_state
    stack = list(states)
    for kind in kinds:
        while True:
            act = table[stack[-1]].get(kind)
            if act is None:
                return False
            if act >= 0:
                stack.append(act)
                break
            rule = rules[-act - 1]
            del stack[-rule.size :]
            stack.append(table[stack[-1]][rule.origin])
            if kind == "$END" and stack[-1] == end_state:
                return True
    return True


def acceptable(machine: Machine) -> set[str]:
    """The kinds of token that fit now."""
    here = machine.table.states[machine.states[-1]]
    return {kind for kind in here if (kind.isupper() or kind == "$END") and accepts(machine, machine.states, (kind,))}


def find_repair(machine: Machine, fitting: set[str], text: str) -> Repair | None:
    """The likeliest repair at the token that does not fit."""
    token = machine.tokens[machine.at]
    return (
        _misspelled(machine, token, fitting)
        or _misspelled_before(machine)
        or _unclosed_bodies(machine, token, text)
        or _left_out(machine, token, fitting)
        or _too_much(machine, token)
        or _wrong_mark(machine, token, fitting)
    )


def apply_repair(machine: Machine, repair: Repair) -> None:
    """Change the machine's tokens as the repair says, so that it can run on."""
    at = machine.at
    token = machine.tokens[at]
    before = machine.tokens[at - 1].end if at else token.start
    if repair.word:
        wrong = machine.tokens[at - repair.back]
        machine.tokens[at - repair.back] = Token(repair.insert[0], repair.word, wrong.start, wrong.end)
        if repair.back:
            machine.states.pop()
            machine.values.pop()
            machine.at -= 1
        return
    place = token.start if repair.drop else before
    inserted = [Token(kind, "", place, place) for kind in repair.insert]
    machine.tokens[at : at + repair.drop] = inserted
    after = at + len(inserted)
    if inserted and inserted[-1].type in ("LBRACE", "_NL"):
        machine.tokens[after].type = _as_beginning(machine, after)


def _following(machine: Machine, at: int, begins: bool = False) -> list[str]:
    kinds = [token.type for token in machine.tokens[at : at + _LOOK_AHEAD]]
    if begins and kinds:
        kinds[0] = _as_beginning(machine, at)
    return kinds


def _as_beginning(machine: Machine, at: int) -> str:
    """The kind of the token if it begins a statement: `share` is only a name in the middle of a line."""
    token = machine.tokens[at]
    if token.type == "NAME" and token.text in STATEMENT_WORDS and machine.tokens[at + 1].type not in ("EQUAL", "COMMA"):
        return token.text.upper()
    return token.type


def _misspelled(machine: Machine, token: Token, fitting: set[str]) -> Repair | None:
    if token.type != "NAME":
        return None
    after = _following(machine, machine.at + 1)
    known = {word: kind for word, kind in machine.table.words.items() if kind in fitting}
    for word in _similar(token.text, known):
        if accepts(machine, machine.states, [known[word], *after]):
            return Repair((known[word],), 1, word)
    return None


def _misspelled_before(machine: Machine) -> Repair | None:
    """`retrun y`: the first word was taken for a name, the second does not fit any more."""
    wrong = machine.values[-1][0] if machine.values else None
    if not isinstance(wrong, Token) or wrong.type != "NAME" or wrong is not machine.tokens[machine.at - 1]:
        return None
    for word in _similar(wrong.text, machine.table.words):
        kind = machine.table.words[word]
        if accepts(machine, machine.states[:-1], [kind, *_following(machine, machine.at)]):
            return Repair((kind,), 0, word, back=True)
    return None


def _similar(text: str, known: Iterable[str]) -> list[str]:
    """The known words that `text` may be a misspelling of, nearest first."""
    near = [(distance(text, word), word) for word in known]
    return [word for far, word in sorted(near) if 0 < far <= (1 if len(word) < 5 else 2)]


def _unclosed_bodies(machine: Machine, token: Token, text: str) -> Repair | None:
    if token.type == "$END":
        for count in range(1, 12):
            if accepts(machine, machine.states, ["RBRACE"] * count + ["$END"]):
                return Repair(("RBRACE",) * count)
        return None
    braces = [value for value, *_ in machine.values if isinstance(value, Token) and value.type == "LBRACE"]
    kinds = _following(machine, machine.at)
    for count, brace in enumerate(reversed(braces), 1):
        # a statement that stands deeper than the header is one of its body, in its place or not
        if column(text, token.start) <= indent(text, brace.start):
            if accepts(machine, machine.states, ["RBRACE"] * count + ["_NL", *kinds]):
                return Repair(("RBRACE",) * count + ("_NL",))
    return None


def column(text: str, at: int) -> int:
    return at - text.rfind("\n", 0, at) - 1


def indent(text: str, at: int) -> int:
    """How far the line that `at` is on is indented."""
    start = text.rfind("\n", 0, at) + 1
    line = text[start:at]
    return len(line) - len(line.lstrip())


def _left_out(machine: Machine, token: Token, fitting: set[str]) -> Repair | None:
    for kind in _INSERTABLE:
        if kind not in fitting:
            continue
        kinds = _following(machine, machine.at, kind in ("LBRACE", "_NL"))
        if accepts(machine, machine.states, [kind, *kinds]):
            return Repair((kind,))
    if accepts(machine, machine.states, ["LPAR", "RPAR", *_following(machine, machine.at)]):
        return Repair(("LPAR", "RPAR"))
    if (
        "OF" in fitting
        and "NAME" not in fitting
        and accepts(machine, machine.states, ["OF", *_following(machine, machine.at)])
    ):
        return Repair(("OF",))
    return None


def _too_much(machine: Machine, token: Token) -> Repair | None:
    # a word is not left out: it says something; a mark, or what stands twice, may be a slip
    is_slip = token.type in machine.table.marks.values() or token.type == "_NL"
    if not is_slip and not (machine.at and machine.tokens[machine.at - 1].text == token.text):
        return None
    fits = accepts(machine, machine.states, _following(machine, machine.at + 1))
    return Repair(drop=1) if fits else None


def _wrong_mark(machine: Machine, token: Token, fitting: set[str]) -> Repair | None:
    """One mark for another: `(` for `{`, `:` for `=`."""
    if token.type not in machine.table.marks.values():
        return None
    for kind in _INSERTABLE:
        if kind in fitting and kind not in ("BAD", "_NL"):
            if accepts(machine, machine.states, [kind, *_following(machine, machine.at + 1, kind == "LBRACE")]):
                return Repair((kind,), 1)
    return None


def distance(left: str, right: str) -> int:
    """The number of letters to add, remove, change or swap with the next one."""
    if abs(len(left) - len(right)) > 3:
        return 4
    older: list[int] = []
    old = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        new = [i]
        for j, b in enumerate(right, 1):
            best = min(old[j] + 1, new[j - 1] + 1, old[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                best = min(best, older[j - 2] + 1)
            new.append(best)
        older, old = old, new
    return old[-1]
