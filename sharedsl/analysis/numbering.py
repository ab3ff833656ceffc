"""Counts the applications of declared layers: which `@k` each use of a layer is.

A layer that is reached once has no number, so numbers are only given when a whole forward has been read: uses are made
without them and get them at the end. Where a stack is only ever applied as a whole, the applications are runs of the
stack (`layers@1[3]`); else they are counted for each element (`layers[3]@1`). A slice that a fold repeats counts its
elements within the run.
"""

from __future__ import annotations

from collections import Counter

from sharedsl.model.dataflow import Use
from sharedsl.record import dataclass, field

Element = tuple[str, int | None]


@dataclass(slots=True)
class Counts:
    """How often things were reached so far. The branches of a run-time condition count from the same start."""

    #: whole runs of a stack
    runs: Counter[str] = field(default_factory=Counter)
    #: elements, over everything
    elements: Counter[Element] = field(default_factory=Counter)

    def copy(self) -> Counts:
        return Counts(self.runs.copy(), self.elements.copy())

    def merge(self, other: Counts) -> None:
        """After two branches, of which one ran: the larger count."""
        self.runs |= other.runs
        self.elements |= other.elements

    def key(self) -> object:
        return frozenset(self.elements.items())


@dataclass(slots=True, eq=False)
class _Pending:
    use: Use
    run: int | None
    within: int
    overall: int


@dataclass(slots=True)
class Totals:
    """What decides whether a number is needed at all, over all forwards that are numbered together."""

    piecemeal: set[str] = field(default_factory=set)
    runs: Counter[str] = field(default_factory=Counter)
    within: Counter[Element] = field(default_factory=Counter)
    overall: Counter[Element] = field(default_factory=Counter)


@dataclass(slots=True, eq=False)
class Numbering:
    """The applications of one forward, and of the forwards of the same block that it calls."""

    counts: Counts = field(default_factory=Counts)
    pending: list[_Pending] = field(default_factory=list)
    piecemeal: set[str] = field(default_factory=set)
    #: how many `once` were read so far
    onces: int = 0

    def single(self, use: Use) -> Use:
        """One layer or one element of a stack, applied by itself."""
        if use.index is not None:
            self.piecemeal.add(use.child)
        self._note(use, None, 0)
        return use

    def run(self, uses: tuple[Use, ...]) -> None:
        """One run through a stack, whole or in part, each element as often as it stands in `uses`."""
        child = uses[0].child
        number = self.counts.runs[child]
        self.counts.runs[child] += 1
        seen: Counter[Element] = Counter()
        for use in uses:
            self._note(use, number, seen[use.child, use.index])
            seen[use.child, use.index] += 1

    def part(self, uses: tuple[Use, ...]) -> None:
        """A slice of a stack, applied by itself."""
        for use in uses:
            self.single(use)

    def _note(self, use: Use, run: int | None, within: int) -> None:
        element = (use.child, use.index)
        self.pending.append(_Pending(use, run, within, self.counts.elements[element]))
        self.counts.elements[element] += 1

    def totals(self, totals: Totals) -> None:
        totals.piecemeal |= self.piecemeal
        for one in self.pending:
            element = (one.use.child, one.use.index)
            totals.overall[element] = max(totals.overall[element], one.overall + 1)
            if one.run is not None:
                totals.runs[one.use.child] = max(totals.runs[one.use.child], one.run + 1)
                totals.within[element] = max(totals.within[element], one.within + 1)

    def finish(self, totals: Totals) -> None:
        """Give every use its numbers. The uses are this module's own until now: nobody has compared or hashed them."""
        for one in self.pending:
            element = (one.use.child, one.use.index)
            if one.run is None or one.use.child in totals.piecemeal:
                app = one.overall if totals.overall[element] > 1 else None
                run = None
            else:
                app = one.within if totals.within[element] > 1 else None
                run = one.run if totals.runs[one.use.child] > 1 else None
            object.__setattr__(one.use, "app", app)
            object.__setattr__(one.use, "run", run)


def finish(numberings: list[Numbering]) -> None:
    """Number the uses of forwards whose applications are the same ones: the entry points of a root."""
    totals = Totals()
    for each in numberings:
        each.totals(totals)
    for each in numberings:
        each.finish(totals)
