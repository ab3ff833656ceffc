"""Names that nobody defined: the nearest one that somebody did, and the edit that puts it there."""

from __future__ import annotations

from collections.abc import Iterable

from sharedsl.diagnostics import Diagnostic, Edit, Fix, error
from sharedsl.diagnostics.nearest import distance, nearest
from sharedsl.source import Span


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
