"""Collects diagnostics of plans: each contradiction once, with all guilty lines as labels and an edit that mends it."""

from __future__ import annotations

from collections.abc import Iterable

from sharedsl.comptime import Failure
from sharedsl.comptime.evaluate import Unknown
from sharedsl.diagnostics import Diagnostic, Edit, Fix, Label
from sharedsl.diagnostics.nearest import distance, nearest
from sharedsl.sharing.context import Line
from sharedsl.source import NOWHERE, Span


class Report:
    """What was found so far. Findings of one code about one set of places are one mistake."""

    __slots__ = ("_seen", "found")

    def __init__(self) -> None:
        self.found: list[Diagnostic] = []
        self._seen: set[object] = set()

    def drop_after(self, count: int) -> None:
        """Forget what was found after the first `count`: consequences of a mistake that is told already."""
        for diagnostic in self.found[count:]:
            self._seen.discard(_key(diagnostic))
        del self.found[count:]

    def add(self, diagnostic: Diagnostic) -> None:
        key = _key(diagnostic)
        if key not in self._seen:
            self._seen.add(key)
            self.found.append(diagnostic)

    def error(
        self,
        code: str,
        message: str,
        span: Span,
        label: str = "",
        also: Iterable[Label] = (),
        *,
        help: str = "",
        fixes: tuple[Fix, ...] = (),
        notes: tuple[str, ...] = (),
    ) -> None:
        self.add(Diagnostic(code, message, (Label(span, label), *also), notes, help, fixes))

    def failure(self, problem: Failure, span: Span, names: Iterable[str]) -> None:
        """A compile-time expression without a value; `names` are what an unknown one may have been meant to be."""
        if isinstance(problem, Unknown):
            help, fixes = suggestion(problem.name, problem.span, names)
            self.error("unknown-name", f"nothing here is called `{problem.name}`", problem.span, help=help, fixes=fixes)
        else:
            self.error("bad-value", str(problem), getattr(problem, "span", span), fixes=problem.fixes)

    def lines(
        self, code: str, message: str, lines: Iterable[Line | None], help: str = "", fixes: tuple[Fix, ...] = ()
    ) -> None:
        """A contradiction between lines: the last one (in the text) is the primary place, and deleting it mends it."""
        guilty = in_order(lines)
        if not guilty:
            self.add(Diagnostic(code, message, (Label(NOWHERE),), (), help))
            return
        last = guilty[-1]
        first = Label(last.span, "this line" if len(guilty) > 1 else "")
        labels = (first, *(Label(line.span, "and this one") for line in guilty[:-1]))
        self.add(Diagnostic(code, message, labels, (), help, fixes or (without(last),)))


def _key(diagnostic: Diagnostic) -> object:
    places = frozenset((each.span.path, each.span.start, each.span.end) for each in diagnostic.labels)
    return (diagnostic.code, places)


def in_order(lines: Iterable[Line | None]) -> list[Line]:
    """The lines once each, in the order of the text; the model's own calls are not lines."""
    once = {line: None for line in lines if line is not None}
    if len(once) < 2:
        return list(once)
    return sorted(once, key=lambda line: (line.span.path, line.span.start, line.span.end, line.plan, str(line.bound)))


def without(line: Line) -> Fix:
    return Fix("remove this line", (Edit(line.span, ""),))


def suggestion(word: str, span: Span, candidates: Iterable[str]) -> tuple[str, tuple[Fix, ...]]:
    """For an unknown `word` that stands at `span`: the nearest name as an edit, or the names there are as help."""
    names = tuple(dict.fromkeys(candidates))
    guess = nearest(word, names)
    if guess is not None:
        return "", (Fix(f"did you mean `{guess}`?", (Edit(span, guess),), safe=distance(word, guess) <= 2),)
    if names:
        shown = ", ".join(f"`{name}`" for name in names[:12])
        return f"there is {shown}" + (", ..." if len(names) > 12 else ""), ()
    return "", ()
