"""Of some words the one that a misspelled word was probably meant to be."""

from __future__ import annotations

from collections.abc import Iterable

#: further apart than this, two names are not one mistyped
LIMIT = 3


def distance(a: str, b: str, limit: int = LIMIT) -> int:
    """How many letters are wrong, missing or too many, two that changed places counted once; at most `limit + 1`."""
    if abs(len(a) - len(b)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        above, before, row = before, row, [i]
        for j, y in enumerate(b, 1):
            row.append(min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x != y)))
            if i > 1 and j > 1 and x == b[j - 2] and y == a[i - 2]:
                row[j] = min(row[j], above[j - 2] + 1)
        if min(row) > limit:
            return limit + 1
    return min(row[-1], limit + 1)


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate that `word` was probably meant to be."""
    best: tuple[int, int, str] | None = None
    lower = word.lower()
    for candidate in candidates:
        allowed = min(LIMIT, max(len(word), len(candidate)) // 2)
        if best is not None:
            allowed = min(allowed, best[0])
        apart = distance(lower, candidate.lower(), allowed)
        if apart <= allowed:
            # of two that differ in case only, the one that is written like it
            found = (apart, distance(word, candidate), candidate)
            best = found if best is None else min(best, found)
    return best[2] if best else None
