"""An item with every token in it: what the formatter prints. Built by the parser's own machine and table."""

from __future__ import annotations

from functools import cache
from typing import Any

from sharedsl.diagnostics import InternalError
from sharedsl.record import dataclass
from sharedsl.syntax.lexer import Token, tokenize
from sharedsl.syntax.parser import Action, Machine, Value, actions

#: what a rule passes its children on as
_PARENTHESES = "parentheses"


@dataclass(frozen=True, slots=True)
class Node:
    """One production: `kind` is its name in the grammar, or its alias. Newlines are not among the children."""

    kind: str
    children: tuple[Part, ...]

    @property
    def first(self) -> Token:
        head = self.children[0]
        return head.first if isinstance(head, Node) else head

    @property
    def last(self) -> Token:
        tail = self.children[-1]
        return tail.last if isinstance(tail, Node) else tail


Part = Node | Token


def first(part: Part) -> Token:
    return part.first if isinstance(part, Node) else part


def last(part: Part) -> Token:
    return part.last if isinstance(part, Node) else part


def read_item(text: str, path: str, start: int, end: int) -> Node | None:
    """The item in `text[start:end]`; None where there is none. The text has been parsed before, without errors."""
    tokens, _ = tokenize(text, path, start, end)
    while tokens and tokens[-1].type == "_NL":
        tokens.pop()
    if not tokens:
        return None
    tokens.append(Token("$END", "", tokens[-1].end, tokens[-1].end))
    found = _Reader(path, tokens).run()
    if not isinstance(found, Node):
        raise InternalError("a text that parses has no concrete tree")
    return found.children[0] if found.kind == "start" and isinstance(found.children[0], Node) else found


class _Rule(Action):
    """A rule with its name."""

    __slots__ = ("name",)

    def __init__(self, rule: Any) -> None:
        super().__init__(rule, None)
        self.name = str(rule.build) if rule.build not in ("", "_") else _PARENTHESES


@cache
def _rules() -> list[Action]:
    return [_Rule(rule) for rule in actions()[0].rules]


class _Reader(Machine):
    """The machine, with nodes that keep all tokens."""

    def __init__(self, path: str, tokens: list[Token]) -> None:
        super().__init__(path, tokens)
        self.actions = _rules()

    def _reduced(self, rule: Action, taken: list[Value]) -> Value:
        children: list[Part] = []
        for value, *_ in taken:
            if isinstance(value, list):
                children += value
            elif isinstance(value, Node) or value.type != "_NL":
                children.append(value)
        start, end = taken[0][1], taken[-1][2]
        if rule.origin.startswith("_") and rule.kind == 1:
            return children, start, end, 0
        assert isinstance(rule, _Rule)
        return Node(rule.name, tuple(children)), start, end, 0
