"""From positions to groups in exact integers: `in groups of n`, `in n groups`, `in cycle of n`, `as LIST`."""

from __future__ import annotations

from sharedsl.comptime import Failure, Scope, evaluate
from sharedsl.comptime.evaluate import items_of
from sharedsl.comptime.values import integer, plain
from sharedsl.syntax import ast

HELP = "`in n groups` may be uneven, and `as LIST` gives every element its group"


class BadMap(Exception):
    """A map that does not fit the number of elements; the texts are for the user."""

    def __init__(self, message: str, help: str = HELP) -> None:
        super().__init__(message)
        self.help = help


def groups(how: ast.How | None, count: int, scope: Scope) -> list[int]:
    """The group of each of `count` positions, groups numbered in order of first use."""
    return _renumbered(owners(how, count, scope))


def owners(how: ast.How | None, count: int, scope: Scope) -> list[object]:
    """A label for each position; positions with one label share."""
    if how is None:
        return [0] * count
    if how.kind == "list":
        return _list(how, count, scope)
    n = scope.trace.fixed(integer(evaluate(how.value, scope), f"the number in `{_words(how)}`"))
    if n < 1:
        raise BadMap(f"`{_words(how)}` needs a number of at least 1, not {n}", "")
    if how.kind == "groups_of":
        if count % n:
            raise BadMap(
                f"{count} elements do not split into groups of {n}: {count} = {count // n} * {n} + {count % n}",
                divisors(count) + "; `in n groups` may be uneven",
            )
        return [at // n for at in range(count)]
    if n > count:
        message = f"there are {count} elements, fewer than the {n} that `{_words(how)}` names"
        raise BadMap(message, f"the number is at most {count}")
    if how.kind == "in_groups":
        return [at * n // count for at in range(count)]
    return [cycle(at, n, count, how.reversed) for at in range(count)]


def divisors(count: int, most: int = 12) -> str:
    """`4 splits into groups of 1, 2 or 4`."""
    found = [str(n) for n in range(1, min(count, 10_000) + 1) if count % n == 0]
    shown = ", ".join(found[:most]) + ", ..." if len(found) > most else " or ".join([", ".join(found[:-1]), found[-1]])
    return f"{count} splits into groups of {shown.removeprefix(' or ')}"


def cycle(at: int, unique: int, count: int, reverse: bool) -> int:
    """Takase and Kiyono (2021): CYCLE, and CYCLE (REV), whose last run counts down from unique - 1."""
    forward = max(unique, count - unique)
    if not reverse or at < forward:
        return at % unique
    return unique - 1 - (at - forward)


def _words(how: ast.How) -> str:
    return {"groups_of": "in groups of n", "in_groups": "in n groups", "cycle": "in cycle of n"}.get(
        how.kind, "as LIST"
    )


def _list(how: ast.How, count: int, scope: Scope) -> list[object]:
    labels = [_label(item) for item in items_of(evaluate(how.value, scope))]
    if len(labels) != count:
        raise BadMap(f"the list has {len(labels)} labels for {count} elements")
    return labels


def _label(value: object) -> object:
    bare = plain(value)  # type: ignore[arg-type]
    if isinstance(bare, list):
        return str(bare)
    if bare is None:
        raise Failure("a label of `as` must be a number or a word, and this is none")
    return bare


def _renumbered(labels: list[object]) -> list[int]:
    numbers: dict[object, int] = {}
    return [numbers.setdefault(label, len(numbers)) for label in labels]
