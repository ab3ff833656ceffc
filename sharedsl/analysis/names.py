"""Names that nobody defined: the nearest one that somebody did, and the edit that puts it there."""

from __future__ import annotations

from collections.abc import Iterable

from sharedsl.diagnostics import Diagnostic, Edit, Fix, error
from sharedsl.source import Span

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
    for candidate in candidates:
        apart = distance(word.lower(), candidate.lower())
        allowed = min(LIMIT, max(len(word), len(candidate)) // 2)
        if apart <= allowed and (best is None or apart <= best[0]):
            # of two that differ in case only, the one that is written like it
            found = (apart, distance(word, candidate), candidate)
            best = found if best is None else min(best, found)
    return best[2] if best else None


def unknown(code: str, message: str, word: str, span: Span, candidates: Iterable[str], help: str = "") -> Diagnostic:
    """The error for an unknown `word` at `span`, with the nearest candidate as its mend."""
    names = tuple(candidates)
    guess = nearest(word, names)
    if guess is not None:
        fix = Fix(f"did you mean `{guess}`?", (Edit(span, guess),), safe=distance(word, guess) <= 2)
        return error(code, message, span, fixes=(fix,))
    return error(code, message, span, help=help or _listed(names))


def _listed(names: tuple[str, ...]) -> str:
    return f"there is {', '.join(f'`{name}`' for name in sorted(names))}" if 0 < len(names) <= 8 else ""
