"""The parse table: what Lark makes of the grammar, as plain data that loads in a millisecond.

Lark turns `grammar/sharedsl.lark` into LALR states; that takes a few hundred milliseconds and an import of Lark. The
result is kept in the user's cache folder under a name made from its content, so neither is paid twice. A cache that
cannot be read or written is done without.
"""

from __future__ import annotations

import _imp
import marshal
import os
import sys
from contextlib import suppress
from functools import cache
from importlib import import_module
from typing import Any, NamedTuple

#: changes whenever the shape of `Table` or what `_compile` puts into it does
_FORMAT = 1


class Rule(NamedTuple):
    """One production. `build` is the builder's name; `""` passes its only child on, `"_"` is a list to be inlined."""

    origin: str
    size: int
    build: str
    #: (index of the child, whether it is a list to inline, absent optional parts before it)
    keep: tuple[tuple[int, bool, int], ...]
    #: absent optional parts after the last child
    absent: int


class Table(NamedTuple):
    """`states[s]` maps a terminal to what is done: `n >= 0` shifts to state n, `n < 0` reduces rule `-n - 1`."""

    states: list[dict[str, int]]
    rules: list[Rule]
    start_state: int
    end_state: int
    #: reserved and soft words, and punctuation: text -> terminal
    words: dict[str, str]
    marks: dict[str, str]
    #: the other terminals: (name, regular expression)
    patterns: list[tuple[str, str]]


@cache
def load_table() -> Table:
    """The table of the grammar that is installed beside this package."""
    grammar = _read_grammar()
    path = _cache_path(grammar)
    return _from_cache(path) or _built(grammar.decode("utf-8"), path)


def compile_table(grammar: str) -> Table:
    """Let Lark make the table. Slow, and the only place that needs Lark."""
    from lark import Lark

    lark: Any = Lark(grammar, parser="lalr", lexer="basic", maybe_placeholders=True)
    parse_table = lark.parser.parser._parse_table
    rules: list[Rule] = []
    numbers: dict[int, int] = {}
    names = sorted(parse_table.states)
    place = {name: index for index, name in enumerate(names)}

    def action(entry: tuple[Any, Any]) -> int:
        kind, argument = entry
        if kind.name == "Shift":
            return place[argument]
        if id(argument) not in numbers:
            numbers[id(argument)] = len(rules)
            rules.append(_rule(argument))
        return -numbers[id(argument)] - 1

    states = [{str(on): action(entry) for on, entry in parse_table.states[name].items()} for name in names]
    words: dict[str, str] = {}
    marks: dict[str, str] = {}
    patterns: list[tuple[str, str]] = []
    for terminal in lark.terminals:
        text = terminal.pattern.value
        if terminal.pattern.type == "re":
            patterns.append((terminal.name, text))
        elif text[0].isalpha():
            words[text] = terminal.name
        else:
            marks[text] = terminal.name
    start, end = place[parse_table.start_states["start"]], place[parse_table.end_states["start"]]
    return Table(states, rules, start, end, words, marks, patterns)


def _rule(rule: Any) -> Rule:
    """Lark's own rules for which children a production keeps, written down once instead of at each parse."""
    size = len(rule.expansion)
    before = [0] * (size + 1)
    at = 0
    for is_absent in rule.options.empty_indices:
        if is_absent:
            before[at] += 1
        else:
            at += 1
    keep: list[tuple[int, bool, int]] = []
    absent = 0
    for index, symbol in enumerate(rule.expansion):
        absent += before[index]
        if symbol.is_term and symbol.filter_out:
            continue
        keep.append((index, not symbol.is_term and symbol.name.startswith("_"), absent))
        absent = 0
    absent += before[size]
    origin = str(rule.origin.name)
    build = rule.alias or origin
    single = rule.options.expand1 and not rule.alias and len(keep) == 1 and not keep[0][1]
    if single:
        build = ""
    elif origin.startswith("_") and not rule.alias:
        build = "_"
    return Rule(origin, size, str(build), tuple(keep), absent)


def _read_grammar() -> bytes:
    # the loader's own reader: importlib.resources costs more to import than all of the parsing
    package = import_module("sharedsl.grammar")
    folder = next(iter(package.__path__))
    loader: Any = package.__loader__
    return bytes(loader.get_data(os.path.join(folder, "sharedsl.lark")))


def _cache_path(grammar: bytes) -> str:
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    key = _imp.source_hash(_FORMAT, grammar).hex()
    return os.path.join(base, "sharedsl", f"grammar-{key}-{sys.version_info[0]}{sys.version_info[1]}")


def _from_cache(path: str) -> Table | None:
    try:
        with open(path, "rb") as file:
            states, rules, *rest = marshal.loads(file.read())
        return Table(states, [Rule(*rule) for rule in rules], *rest)
    except Exception:  # absent, cut short, or not ours: the grammar is still there
        return None


def _built(grammar: str, path: str) -> Table:
    table = compile_table(grammar)
    plain: Any = tuple(table._replace(rules=[tuple(rule) for rule in table.rules]))  # type: ignore[misc]
    _write(path, marshal.dumps(plain))
    return table


def _write(path: str, data: bytes) -> None:
    # written aside and renamed, so that another process sees the whole file or none
    aside = f"{path}.{os.getpid()}"
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(aside, "wb") as file:
            file.write(data)
        os.replace(aside, path)
    except OSError:
        with suppress(OSError):
            os.unlink(aside)
