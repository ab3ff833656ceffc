"""Views that are read one way: repeats, and values without their gradient. A class that is one has no storage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sharedsl.model.sizes import Arith, literal
from sharedsl.record import dataclass
from sharedsl.sharing import strided
from sharedsl.sharing.context import Line
from sharedsl.sharing.readings import Reading
from sharedsl.sharing.strided import Map
from sharedsl.sharing.variables import Edge

if TYPE_CHECKING:
    from sharedsl.sharing.classes import Classes


@dataclass(slots=True)
class View:
    """A class that is read from another one, one way: a repeat, or values without their gradient."""

    cell: int
    to: int
    map: Map | None
    factor: float
    code: Arith | None
    detached: bool
    edge: Edge


class OneWay:
    """The one-way views of the classes of a plan; `views[owner]` is what a class is read from."""

    def __init__(self, classes: Classes) -> None:
        self.classes = classes
        #: (cell, cell that it is read from, index map, equation)
        self.pairs: list[tuple[int, int, Map | None, Edge]] = []
        self.views: dict[int, View] = {}

    def unify(self) -> bool:
        """Collect the one-way views by class. Two repeats of one class make their small weights one; True if so."""
        self.views = {}
        ordered = sorted(
            self.pairs, key=lambda each: (self.classes.rank(each[0]), self.classes.rank(each[1]), _order_of(each[3]))
        )
        again = False
        for a, b, map, edge in ordered:
            root = self.classes.owner_of(a)
            first = self.views.get(root)
            if first is None:
                self.views[root] = View(a, b, map, edge.factor, edge.code, edge.detached, edge)
            elif not self._same_view(first, a, b, map, edge):
                again = self._join_views(first, a, b, map, edge) or again
        return again

    def _same_view(self, first: View, a: int, b: int, map: Map | None, edge: Edge) -> bool:
        """Whether two one-way views of a class say the same, from its owner to the owner of what is read."""
        if first.detached != edge.detached:
            return False
        one = self._between_owners(first.cell, first.to, first.map, first.factor)
        other = self._between_owners(a, b, map, edge.factor)
        if one is None or other is None:
            return False
        return one[:2] == other[:2] and abs(one[2] - other[2]) <= 1e-9 * abs(one[2])

    def _between_owners(self, a: int, b: int, map: Map | None, factor: float) -> tuple[int, Map, float] | None:
        """The class of `a` as a view of the owner of the class of `b`."""
        mine, other = self.classes.readings.get(a, Reading(a)), self.classes.readings.get(b, Reading(b))
        cells = self.classes.cells
        back = strided.identity(cells.box(mine.root)) if mine.map is None else mine.map
        steps = strided.inverse(back, cells.box(a))
        across = strided.compose(steps, strided.identity(cells.box(a)) if map is None else map, cells.box(a))
        there = strided.identity(cells.box(other.root)) if other.map is None else other.map
        found = None if across is None else strided.compose(across, there, cells.box(b))
        return None if found is None else (other.root, strided.canonical(found), factor * other.factor / mine.factor)

    def _join_views(self, first: View, a: int, b: int, map: Map | None, edge: Edge) -> bool:
        """Equal repeats of two weights: the two weights are equal. Anything else defines one weight twice."""
        inner = self._between(first, a, b, map, edge)
        if inner is None:
            lines = [first.edge.line, edge.line, *self.classes.why(first.cell, a, None)]
            message = f"`{self.classes.title(a)}` is defined twice, in different ways"
            self.classes.report.lines("two-definitions", message, lines, help="keep one of the definitions")
            return False
        factor, between = inner
        if self.classes.find(first.to) == self.classes.find(b):
            return False
        made = Edge(
            self.classes.cells.owner[first.to],
            self.classes.cells.owner[b],
            self.classes.cells.box(first.to),
            between,
            factor,
            None if factor == 1.0 else literal(factor),
            line=edge.line,
        )
        self.classes.add(first.to, b, between, made)
        return True

    def _between(self, first: View, a: int, b: int, map: Map | None, edge: Edge) -> tuple[float, Map] | None:
        """first.to as a view of b, where both give the same class by the same repeat."""
        if first.detached or edge.detached or first.map is None or map is None:
            return None
        one, other = (
            self.classes.readings.get(first.cell, Reading(first.cell)),
            self.classes.readings.get(a, Reading(a)),
        )
        box = self.classes.cells.box(first.cell)
        if first.cell != a:
            back = strided.identity(self.classes.cells.box(one.root)) if other.map is None else other.map
            there = strided.identity(box) if one.map is None else one.map
            root_to_a = strided.inverse(back, self.classes.cells.box(a))
            across = strided.compose(there, root_to_a, self.classes.cells.box(one.root))
            across = across and strided.compose(across, map, self.classes.cells.box(a))
        else:
            across = map
        if across is None:
            return None
        found = _quotient(first.map, across, self.classes.cells.box(first.to))
        factor = (one.factor / other.factor) * edge.factor / first.factor
        return None if found is None else (factor, found)

    def check_loops(self) -> None:
        for root, view in list(self.views.items()):
            self._check_loop(root, view)

    def _check_loop(self, root: int, view: View) -> None:
        """A definition that leads back to itself."""
        seen = [root]
        at = self.classes.owner_of(view.to)
        while at in self.views and at not in seen:
            seen.append(at)
            at = self.classes.owner_of(self.views[at].to)
        if at != root or root != min(seen):
            return
        lines: list[Line | None] = []
        for each in seen:
            view = self.views[each]
            lines += [view.edge.line, *self.classes.why(each, view.cell, None)]
            lines += self.classes.why(view.to, self.classes.owner_of(view.to), None)
        message = f"`{self.classes.title(root)}` is defined by itself"
        self.classes.report.lines("cycle-definition", message, lines, help="one of the weights has to stand on its own")
        for each in seen:
            self.views.pop(each, None)


def _order_of(edge: Edge) -> tuple[str, float, bool]:
    return (repr(edge.map), edge.factor, edge.detached)


def _quotient(one: Map, other: Map, box: strided.Box) -> Map | None:
    """The map g with g after `one` = `other`, both repeats of one shape; None where they repeat differently."""
    back: list[list[tuple[int, tuple[int, int, int]]]] = [[] for _ in one.offset]
    for first, second in zip(one.digits, other.digits, strict=True):
        if len(first) != len(second):
            return None
        for (n, k, t), (m, j, u) in zip(first, second, strict=True):
            if n != m or (k < 0) != (j < 0):
                return None
            if k >= 0:
                back[k].append((abs(t), (n, j, u if t > 0 else -u)))
    if any(t < 0 for axis in one.digits for _, _, t in axis):
        return None
    digits = tuple(strided.simplified(tuple(d for _, d in sorted(axis, key=lambda item: -item[0]))) for axis in back)
    return Map(digits, other.offset)
