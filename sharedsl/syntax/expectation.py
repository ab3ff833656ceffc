"""What could stand at a place, in words: one phrase for each thing, never a list of all tokens.

Every state of the parse table has its phrase; a test walks the table and holds each to be true and whole.
"""

from __future__ import annotations

from collections.abc import Set

from sharedsl.record import dataclass

#: more than so many things say nothing
MOST = 7
_SOFT = frozenset((
    "GROUPS", "OF", "CYCLE", "REVERSED", "RANK", "TIMES", "STEP", "ON", "FROZEN", "NO_DECAY", "FROM", "WITH", "ACROSS",
    "ALONG", "EXTENDS", "AS", "EXCEPT",
))  # fmt: skip
_NAME = _SOFT | {"NAME"}
_EXPRESSION = _NAME | {"NUMBER", "STRING", "LPAR", "LSQB", "MINUS", "NOT", "BAD"}


@dataclass(frozen=True, slots=True)
class Phrase:
    """Said where all of `when` fit; it says all of `says`."""

    when: frozenset[str]
    text: str
    says: frozenset[str]


def _phrase(text: str, *when: str, says: Set[str] = frozenset()) -> Phrase:
    return Phrase(frozenset(when), text, frozenset(when) | says)


#: a body may end wherever it may go on
_END = {"RBRACE", "_NL"}
_DECLARATIONS = {"LAYER", "WEIGHT", "BUFFER", "STATE", "REQUIRE", "INIT", "FORWARD", "IF", "FOR"} | _END
_RELATIONS = {
    "TIE", "SHARE", "FOLD", "FACTORIZE", "ADAPT", "FREEZE", "LOCAL", "UNTIE", "REUSE", "INIT", "WEIGHT", "STAGE", "FOR",
    "IF", "REQUIRE",
} | _END  # fmt: skip
#: the first of these that fits is said
_PHRASES = (
    _phrase(
        "an item: `import`, `model`, `block`, `function`, `extern`, `sharing` or `build`",
        "IMPORT", "MODEL", "BLOCK", "FUNCTION", "EXTERN", "SHARING", "BUILD",
    ),
    _phrase("a declaration", "LAYER", "WEIGHT", says=_DECLARATIONS),
    _phrase("a relation", "TIE", "SHARE", says=_RELATIONS),
    _phrase("`budget`, `dtype`, `test` or `incremental`", "BUDGET", says={"DTYPE", "TEST", "INCREMENTAL"} | _END),
    _phrase("a statement", "RETURN", says=_NAME | {"FOR", "IF", "REQUIRE"} | _END),
    _phrase("a weight, a state or a forward", "WEIGHT", "FORWARD", says=_DECLARATIONS),
    _phrase("a size or `...`", "NAME", "NUMBER", "LPAR", "REST", says=_EXPRESSION),
    _phrase("an index, a slice or `*`", "NAME", "NUMBER", "COLON", "STAR", says=_EXPRESSION),
    _phrase("an index or a slice", "NAME", "NUMBER", "COLON", "LPAR", says=_EXPRESSION),
    _phrase("an expression", "NAME", "NUMBER", "STRING", "LPAR", says=_EXPRESSION),
    _phrase("a number, a name or `(`", "NAME", "NUMBER", "LPAR", says=_NAME),
    _phrase("a selector", "NAME", "STAR", "LBRACE", says=_NAME | {"POWER"}),
    _phrase("a name", "NAME", says=_SOFT),
    _phrase("text in quotes", "STRING"),
)  # fmt: skip
#: where an expression could go on, it is what comes after it that is said
OPERATORS = frozenset((
    "PLUS", "MINUS", "STAR", "SLASH", "DOUBLE_SLASH", "PERCENT", "AT", "POWER", "PIPE", "DOT", "AND", "OR", "IF", "CMP",
    "IN", "LPAR", "LSQB", "APP", "ELSE",
))  # fmt: skip
#: single tokens, those that end something first
SINGLE = {
    "RPAR": "`)`", "RSQB": "`]`", "LBRACE": "`{`", "RBRACE": "`}`", "COMMA": "`,`", "EQUAL": "`=`", "COLON": "`:`",
    "ARROW": "`->`", "VBAR": "`|`", "REST": "`...`", "OF": "`of`", "ACROSS": "`across`", "ALONG": "`along`",
    "EXCEPT": "`except`", "WITH": "`with`", "EXTENDS": "`extends`", "AS": "`as`", "TIMES": "`times`", "RANK": "`rank`",
    "FROM": "`from`", "STEP": "`step`", "GROUPS": "`groups`", "CYCLE": "`cycle`", "REVERSED": "`reversed`",
    "ON": "`on`", "INIT": "`init`", "FROZEN": "`frozen`", "NO_DECAY": "`no_decay`", "LAYER": "`layer`",
    "FUNCTION": "`function`", "WHILE": "`while`", "FOR": "`for`", "ELSE": "`else`", "_NL": "the end of the line",
}  # fmt: skip
_OPERATOR_TEXT = {
    "IN": "`in`",
    "LPAR": "`(`",
    "LSQB": "`[`",
    "CMP": "a comparison like `<=`",
    "IF": "`if`",
    "OR": "`or`",
}


def expectation(fitting: Set[str]) -> str:
    """What is expected where tokens of these kinds fit."""
    shown = said(fitting)[:MOST]
    if not shown:
        return "the end of the item" if "$END" in fitting else "nothing more"
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} or {shown[-1]}"


def phrase_of(kinds: Set[str]) -> Phrase | None:
    """The phrase for the most of what fits."""
    return next((each for each in _PHRASES if each.when <= kinds), None)


def said(fitting: Set[str]) -> list[str]:
    """The phrases for all that fits, the most telling first; the end of a line comes last."""
    kinds = set(fitting)
    shown: list[str] = []
    phrase = phrase_of(kinds)
    if phrase is not None:
        shown.append(phrase.text)
        kinds -= phrase.says
    goes_on = "PLUS" in kinds or "DOT" in kinds
    if goes_on or kinds - OPERATORS:
        kinds -= OPERATORS - (set() if goes_on else {"IN", "CMP", "LPAR", "LSQB", "IF"})
    words = {**SINGLE, **_OPERATOR_TEXT}
    order = [*(kind for kind in SINGLE if kind != "_NL"), *_OPERATOR_TEXT, "_NL"]
    return [*shown, *(words[kind] for kind in order if kind in kinds)]
