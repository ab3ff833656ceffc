"""The LALR machine: one item's tokens to one node, going on after errors.

It drives the table itself, not through Lark, for two reasons: recovery needs the stacks, and nodes are built while
reducing (a tree in between would double the time).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from sharedsl.diagnostics import Diagnostic, error
from sharedsl.source import Span
from sharedsl.syntax import build_expressions, build_items, build_plans
from sharedsl.syntax.build_plans import Misfit
from sharedsl.syntax.lexer import CLOSING, MAX_NESTING, OPENING, Token
from sharedsl.syntax.table import Table, load_table

#: value, start, end, height of the tree
Value = tuple[Any, int, int, int]

#: productions that make a tree one higher
_DEEPENING = frozenset({
    "unary", "binary", "ternary", "pipe", "attribute", "call", "index", "at", "tuple", "list", "comprehension",
    "dif", "dfor", "fif", "ffor", "pif", "pfor", "stage", "seg_alternatives",
})  # fmt: skip
#: an item with more is not read again for better messages
_MOST_TOKENS = 50_000
_INLINE = 1
_PASS_ON = 2


class Action:
    """A rule, ready to run."""

    __slots__ = ("absent", "build", "deepens", "keep", "kind", "only", "origin", "plain", "size")

    def __init__(self, rule: Any, build: Callable[[list[Any], Span], Any] | None) -> None:
        self.origin: str = rule.origin
        self.size: int = rule.size
        self.kind = {"": _PASS_ON, "_": _INLINE}.get(rule.build, 0)
        self.build = build
        self.keep: tuple[tuple[int, bool, int], ...] = rule.keep
        self.absent: int = rule.absent
        self.deepens = int(rule.build in _DEEPENING)
        self.only = rule.keep[0][0] if rule.keep else 0
        #: the children's indices, where they are taken as they are
        self.plain: list[int] | None = None
        if not rule.absent and not any(inline or absent for _, inline, absent in rule.keep):
            self.plain = [index for index, _, _ in rule.keep]


@cache
def actions() -> tuple[Table, list[Action]]:
    """The table, and its rules with their builders."""
    table = load_table()
    builders: dict[str, Any] = {**build_expressions.BUILDERS, **build_items.BUILDERS, **build_plans.BUILDERS}
    return table, [Action(rule, builders[rule.build] if rule.build not in ("", "_") else None) for rule in table.rules]


class Machine:
    """The parser's stacks over one list of tokens, which ends with `$END`."""

    def __init__(self, path: str, tokens: list[Token]) -> None:
        self.path = path
        self.tokens = tokens
        self.table, self.actions = actions()
        self.states = [self.table.start_state]
        self.values: list[Value] = []
        self.at = 0
        self.problems: list[Diagnostic] = []
        self._too_deep = False
        #: whether something was reduced on the current token
        self.is_hasty = False

    def run(self, stop: int = -1) -> Any | None:
        """Go on until all is read (its node), or the token at `self.at` does not fit or is the `stop`th (None)."""
        states, values, tokens = self.states, self.values, self.tokens
        table, rules, end_state = self.table.states, self.actions, self.table.end_state
        while self.at != stop:
            token = tokens[self.at]
            kind = token.type
            self.is_hasty = False
            while True:
                act = table[states[-1]].get(kind)
                if act is None:
                    return None
                if act >= 0:
                    break
                self.is_hasty = True
                rule = rules[-act - 1]
                size = rule.size
                if rule.kind == _PASS_ON and size == 1:
                    states[-1] = table[states[-2]][rule.origin]
                    continue
                del states[-size:]
                taken = values[-size:]
                del values[-size:]
                values.append(self._reduced(rule, taken))
                states.append(table[states[-1]][rule.origin])
                if kind == "$END" and states[-1] == end_state:
                    return values[-1][0]
            states.append(act)
            values.append((token, token.start, token.end, 0))
            self.at += 1
        return None

    def before_error(self) -> Machine:
        """The machine as it was before it looked at the token that does not fit.

        A LALR machine may reduce on such a token before it finds out, and is then past what could have followed.
        """
        if not self.is_hasty or len(self.tokens) > _MOST_TOKENS:
            return self
        earlier = Machine(self.path, self.tokens)
        earlier.run(stop=self.at)
        return earlier

    def _reduced(self, rule: Action, taken: list[Value]) -> Value:
        start = taken[0][1]
        end = taken[-1][2]
        if rule.kind == _PASS_ON:  # parentheses
            value, _, _, height = taken[rule.only]
            return value, start, end, height
        height = taken[0][3]
        for value in taken:
            if value[3] > height:
                height = value[3]
        height += rule.deepens
        if rule.plain is not None:
            children = [taken[index][0] for index in rule.plain]
        else:
            children = _children(rule, taken)
        if rule.kind == _INLINE:
            return children, start, end, height
        span = Span(self.path, start, end)
        try:
            node = rule.build(children, span)  # type: ignore[misc]
        except Misfit as misfit:
            self.problems.append(error("syntax", misfit.message, misfit.span))
            node = None
        if height > MAX_NESTING:
            self._report_depth(span)
        return node, start, end, height

    def unclosed(self) -> list[int]:
        """The indices in `values` of the brackets that are open, outermost first."""
        found: list[int] = []
        for index, (value, *_) in enumerate(self.values):
            if isinstance(value, Token):
                if value.type in OPENING:
                    found.append(index)
                elif value.type in CLOSING and found:
                    found.pop()
        return found

    @property
    def too_deep(self) -> bool:
        """The tree is higher than anything that walks it may expect; it is of no use."""
        return self._too_deep

    def _report_depth(self, span: Span) -> None:
        if not self._too_deep:
            self._too_deep = True
            message = f"this nests deeper than {MAX_NESTING} levels: give a part of it a name"
            self.problems.append(error("nesting-too-deep", message, span))


def _children(rule: Action, taken: list[Value]) -> list[Any]:
    children: list[Any] = []
    for index, inline, absent in rule.keep:
        if absent:
            children += [None] * absent
        value = taken[index][0]
        if not inline:
            children.append(value)
        elif children:
            children += value
        else:
            children = value  # lists grow in place: what is reduced is never read again
    if rule.absent:
        children += [None] * rule.absent
    return children
