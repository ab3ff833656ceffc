"""One-token repairs: what was probably left out, put in twice, or spelled wrongly.

A repair counts only if the parser can then take the next few tokens, so it is nearly always what the user meant, and
is offered as a fix.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sharedsl.diagnostics.nearest import distance
from sharedsl.record import dataclass
from sharedsl.syntax.lexer import OPENING, STATEMENT_WORDS, Token
from sharedsl.syntax.parser import Machine

#: tokens that must fit after a repair
_LOOK_AHEAD = 3
#: tokens by which repairs are compared
_FAR_AHEAD = 10
_TO_THE_END = 1000
#: what is tried to be inserted, most likely first; BAD stands for a missing expression
_INSERTABLE = ("RPAR", "RSQB", "LBRACE", "COMMA", "EQUAL", "COLON", "RBRACE", "ARROW", "BAD", "_NL")
_OPENERS = ("LPAR", "LSQB")
#: words that a header or a relation goes on with
_JOINING = ("WITH", "EXTENDS", "OF", "ACROSS", "IN", "FROM", "RANK", "TIMES", "AS")


@dataclass(frozen=True, slots=True)
class Repair:
    """Put tokens of these kinds in front of the one that does not fit, after leaving out `drop` tokens from it on."""

    insert: tuple[str, ...] = ()
    drop: int = 0
    #: the word that was meant, where one is replaced
    word: str = ""
    #: it is about the token before, which only looked right until the next one came: replaced by the word, or left out
    back: bool = False


def accepts(machine: Machine, states: list[int], kinds: Sequence[str]) -> bool:
    """Whether the parser in `states` would take tokens of these kinds, one after the other."""
    return advance(machine, states, kinds) >= len(kinds)


def advance(machine: Machine, states: list[int], kinds: Iterable[str]) -> int:
    """How many tokens of these kinds the parser in `states` would take; any number if it comes to the end."""
    table, rules, end_state = machine.table.states, machine.actions, machine.table.end_state
    stack = list(states)
    taken = 0
    for kind in kinds:
        while True:
            act = table[stack[-1]].get(kind)
            if act is None:
                return taken
            if act >= 0:
                stack.append(act)
                break
            rule = rules[-act - 1]
            del stack[-rule.size :]
            stack.append(table[stack[-1]][rule.origin])
            if kind == "$END" and stack[-1] == end_state:
                return _TO_THE_END
        taken += 1
    return taken


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
        or _wrong_opener(machine)
        or _unclosed_bodies(machine, token, text)
        or _slip(machine, token, fitting)
    )


def apply_repair(machine: Machine, repair: Repair) -> None:
    """Change the machine's tokens as the repair says, so that it can run on."""
    at = machine.at
    token = machine.tokens[at]
    before = machine.tokens[at - 1].end if at else token.start
    if repair.back and not repair.word:
        machine.states.pop()
        machine.values.pop()
        machine.at -= 1
        del machine.tokens[machine.at]
        return
    if repair.word:
        wrong = machine.tokens[at - repair.back]
        machine.tokens[at - repair.back] = Token(repair.insert[0], repair.word, wrong.start, wrong.end)
        if repair.back:
            machine.states.pop()
            machine.values.pop()
            machine.at -= 1
        return
    place = token.start if repair.drop else before
    inserted = [Token(kind, _text(kind), place, place) for kind in repair.insert]
    machine.tokens[at : at + repair.drop] = inserted
    after = at + len(inserted)
    if inserted and inserted[-1].type in ("LBRACE", "_NL"):
        machine.tokens[after].type = _as_beginning(machine, after)


def _text(kind: str) -> str:
    """What an inserted token reads as: nothing, but for an operator, which its builder asks for."""
    return "==" if kind == "CMP" else kind.lower() if kind in _JOINING else ""


def _following(machine: Machine, at: int, begins: bool = False, count: int = _LOOK_AHEAD) -> list[str]:
    kinds = [token.type for token in machine.tokens[at : at + count]]
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


def _wrong_opener(machine: Machine) -> Repair | None:
    """`f(x[`: a bracket was to be closed, and another was opened; or one is opened twice, `f(()`."""
    wrong = machine.values[-1][0] if machine.values else None
    if not isinstance(wrong, Token) or wrong.type not in _OPENERS or wrong is not machine.tokens[machine.at - 1]:
        return None
    after = _following(machine, machine.at)
    for kind, mark in (("RPAR", ")"), ("RSQB", "]")):
        if accepts(machine, machine.states[:-1], [kind, *after]):
            return Repair((kind,), 0, mark, back=True)
    if machine.at > 1 and machine.tokens[machine.at - 2].type == wrong.type:
        if accepts(machine, machine.states[:-1], after):
            return Repair(back=True)
    return None


def _similar(text: str, known: Iterable[str]) -> list[str]:
    """The known words that `text` may be a misspelling of, nearest first."""
    near = [(distance(text, word), word) for word in known]
    return [word for far, word in sorted(near) if 0 < far <= forgiven(word)]


def forgiven(word: str) -> int:
    """How many slips leave a word of the language recognisable."""
    return 1 if len(word) < 5 else 2 if len(word) < 8 else 3


def _unclosed_bodies(machine: Machine, token: Token, text: str) -> Repair | None:
    if token.type == "$END":
        closers = tuple(OPENING[machine.values[index][0].type] for index in reversed(machine.unclosed()))
        return Repair(closers) if closers and accepts(machine, machine.states, [*closers, "$END"]) else None
    opened = [machine.values[index][0] for index in machine.unclosed()]
    braces = [value for value in opened if value.type == "LBRACE"]
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


def _slip(machine: Machine, token: Token, fitting: set[str]) -> Repair | None:
    """A token left out, put in, or mistaken for another: of all such repairs the one that carries furthest."""
    best, furthest = None, _LOOK_AHEAD - 1
    for repair in _slips(machine, token, fitting):
        begins = bool(repair.insert) and repair.insert[-1] in ("LBRACE", "_NL")
        kinds = [*repair.insert, *_following(machine, machine.at + repair.drop, begins, _FAR_AHEAD)]
        carries = advance(machine, machine.states, kinds) - len(repair.insert)
        if carries > furthest:
            best, furthest = repair, carries
    return best


def _slips(machine: Machine, token: Token, fitting: set[str]) -> Iterator[Repair]:
    """All single slips that may be it, likeliest first."""
    is_mark = token.type in machine.table.marks.values() or token.type == "CMP"
    if is_mark and machine.at and machine.tokens[machine.at - 1].text == token.text:
        yield Repair(drop=1)
    for kind in _INSERTABLE:
        if kind in fitting:
            yield Repair((kind,))
    if "LPAR" in fitting:
        yield Repair(("LPAR", "RPAR"))
    if "NAME" not in fitting:
        for kind in _JOINING:
            if kind in fitting and not (kind == "IN" and "CMP" in fitting):
                yield Repair((kind,))
    if "LAYER" in fitting and token.type == "NAME" and machine.tokens[machine.at + 1].type == "EQUAL":
        if token.text not in STATEMENT_WORDS:
            yield Repair(("LAYER",))
    if "CMP" in fitting and token.type == "NUMBER":
        yield Repair(("CMP",))
    # a word is not left out: it says something; a mark, or what stands twice, may be a slip
    if is_mark or token.type == "_NL" or (machine.at and machine.tokens[machine.at - 1].text == token.text):
        yield Repair(drop=1)
    for kind in _OPENERS:
        if kind in fitting:
            yield Repair((kind,))
    if is_mark:
        for kind in (*_INSERTABLE, *_OPENERS):
            if kind in fitting and kind not in ("BAD", "_NL"):
                yield Repair((kind,), 1)
