"""Cuts weights into cells so that every equation is between whole cells.

A weight is cut by a grid: positions on each axis. A cut is carried along every equation that it meets; where it does
not arrive as a cut of one axis the equation is not one between boxes (`not-a-box`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise, product
from math import prod

from sharedsl.model import sizes
from sharedsl.model.sizes import Size
from sharedsl.sharing import strided
from sharedsl.sharing.report import Report
from sharedsl.sharing.strided import Box, Map
from sharedsl.sharing.variables import Edge, Hints, Var

#: cuts of one axis of one weight; more than this is a plan gone wrong
LIMIT = 5_000
#: cells of one weight
CELLS = 50_000


class Cells:
    """`of[var]` are the numbers of the cells of a weight that is cut; others are one cell, their own number."""

    def __init__(self, vars: Sequence[Var], edges: Sequence[Edge], hints: Hints, report: Report) -> None:
        self.vars, self.report = vars, report
        self.edges = list(edges)
        self.cuts: dict[int, list[dict[int, Size]]] = {}
        self._origin: dict[tuple[int, int, int], Edge] = {}
        self._known = hints
        self._ways: dict[int, list[tuple[int, int, Box, Box, Map | None]]] = {}
        cut = [e for e in self.edges if e.a_box is not None]
        if cut:
            self._spread(cut)
        self.boxes: list[Box | None] = [None] * len(vars)
        self.owner: list[int] = list(range(len(vars)))
        self.of: dict[int, dict[Box, int]] = {}
        for var in sorted(self.cuts):
            if prod(len(axis) + 1 for axis in self.cuts[var]) > CELLS:
                self._too_many(var)
            else:
                self._grid(var)

    # ------------------------------------------------------------------ cuts

    def _spread(self, cut: list[Edge]) -> None:
        work: list[tuple[int, int, int]] = []
        touching: dict[int, list[Edge]] = {}
        for edge in self.edges:
            touching.setdefault(edge.a, []).append(edge)
            touching.setdefault(edge.b, []).append(edge)
        for edge in cut:
            assert edge.a_box is not None and edge.map is not None
            for var, box in ((edge.a, edge.a_box), (edge.b, strided.image(edge.map))):
                for axis, bounds in enumerate(box):
                    for at in bounds:
                        self._cut(var, axis, at, self._known.get((var, axis, at)), edge, work)
        bad: set[int] = set()
        while work:
            var, axis, at = work.pop()
            for edge in touching[var]:
                if id(edge) not in bad and not self._carry(edge, var, axis, at, work):
                    bad.add(id(edge))
        if bad:
            self.edges = [edge for edge in self.edges if id(edge) not in bad]

    def _cut(
        self, var: int, axis: int, at: int, size: Size | None, edge: Edge, work: list[tuple[int, int, int]]
    ) -> bool:
        length = self.vars[var].shape[axis]
        if not 0 < at < length:
            return True
        axes = self.cuts.get(var)
        if axes is None:
            axes = self.cuts[var] = [{} for _ in self.vars[var].shape]
        known = axes[axis].get(at)
        if known is None:
            if len(axes[axis]) >= LIMIT:
                return False
            axes[axis][at] = size or sizes.size(at)
            self._origin[var, axis, at] = edge
            work.append((var, axis, at))
        elif size is not None and size is not known and _simpler(size, known):
            axes[axis][at] = size
        return True

    def _carry(self, edge: Edge, var: int, axis: int, at: int, work: list[tuple[int, int, int]]) -> bool:
        """Carry one cut over one equation, in each direction in which it lies; False where it is not a box."""
        size = self.cuts[var][axis][at]
        ways = self._ways.get(id(edge))
        if ways is None:
            ways = self._ways[id(edge)] = list(self._directions(edge))
        for here, there, box, landing, map in ways:
            if here != var:
                continue
            if map is None:
                landed: tuple[int, int] | bool | None = (axis, at)
            else:
                landed = strided.cut_through(map, box, landing, axis, at)
            if landed is True:
                continue
            if landed is None or isinstance(landed, bool):
                self._not_a_box(edge, var, axis, at)
                return False
            moved = size if landed[1] == at else self._known.get((there, *landed))
            if not self._cut(there, *landed, moved, edge, work):
                message = "these lines cut a weight into more than 5,000 pieces along one axis"
                self.report.lines("not-a-box", message, [edge.line, self._origin[var, axis, at].line])
                return False
        return True

    def _directions(self, edge: Edge) -> Iterator[tuple[int, int, Box, Box, Map | None]]:
        """Both ways over an equation: from, to, the box there and here, the map."""
        box = edge.a_box or strided.whole(self.vars[edge.a].shape)
        if edge.map is None:
            yield edge.a, edge.b, box, box, None
            yield edge.b, edge.a, box, box, None
            return
        other = strided.image(edge.map)
        yield edge.a, edge.b, box, other, edge.map
        back = strided.inverse(edge.map, box) if strided.bijective(edge.map) else _backwards(edge.map, box)
        yield edge.b, edge.a, other, box, back

    def _not_a_box(self, edge: Edge, var: int, axis: int, at: int) -> None:
        name = self.vars[var].name
        self.report.lines(
            "not-a-box",
            f"a slice of `{name}` at {at} (axis {axis}) is not a box of the weight that it is a reshaped view of",
            [edge.line, self._origin[var, axis, at].line],
            help="slice where the reshaped axis begins, or tie the whole weight",
        )

    # ------------------------------------------------------------------ cells

    def _too_many(self, var: int) -> None:
        lines = [self._origin[var, axis, at].line for axis, cuts in enumerate(self.cuts[var]) for at in cuts]
        message = f"these lines cut `{self.vars[var].name}` into more than {CELLS:,} pieces"
        self.report.lines("not-a-box", message, lines[:2], help="tie larger slices, or the whole weight")
        self.edges = [edge for edge in self.edges if var not in (edge.a, edge.b)]

    def _grid(self, var: int) -> None:
        bounds = []
        for axis, length in enumerate(self.vars[var].shape):
            at = [0, *sorted(self.cuts[var][axis]), length]
            bounds.append(list(pairwise(at)))
        numbers: dict[Box, int] = {}
        for box in product(*bounds):
            if not numbers:
                numbers[box] = var
                self.boxes[var] = box
            else:
                numbers[box] = len(self.boxes)
                self.boxes.append(box)
                self.owner.append(var)
        self.of[var] = numbers

    def box(self, cell: int) -> Box:
        return self.boxes[cell] or strided.whole(self.vars[self.owner[cell]].shape)

    def within(self, var: int, box: Box | None) -> list[int]:
        """The cells of a weight that lie in a box, in order."""
        numbers = self.of.get(var)
        if numbers is None:
            return [var]
        if box is None:
            return list(numbers.values())
        inside = []
        for each, number in numbers.items():
            if all(lo <= a and b <= hi for (a, b), (lo, hi) in zip(each, box, strict=True)):
                inside.append(number)
        return inside

    def pairs(self, edge: Edge) -> Iterator[tuple[int, int, Map | None]]:
        """The equation cell by cell: (cell of a, cell of b, index map from the one to the other)."""
        if edge.map is None:
            mine, other = self.of.get(edge.a), self.of.get(edge.b)
            if mine is None or other is None:
                yield edge.a, edge.b, None
            else:
                for box, number in mine.items():
                    yield number, other[box], None
            return
        whole = edge.a_box or strided.whole(self.vars[edge.a].shape)
        for number in self.within(edge.a, edge.a_box):
            map = strided.restrict(edge.map, whole, self.box(number))
            if map is None:
                self.report.lines("not-a-box", "this view is cut where it is not a box", [edge.line])
                continue
            landed = strided.image(map)
            numbers = self.of.get(edge.b)
            other_cell = edge.b if numbers is None else numbers.get(landed)
            if other_cell is None:
                self.report.lines("not-a-box", "this view is cut where it is not a box", [edge.line])
                continue
            yield number, other_cell, map


def _simpler(one: Size, other: Size) -> bool:
    a, b = str(one.formula), str(other.formula)
    return (a.isdigit(), a) < (b.isdigit(), b)


def _backwards(map: Map, box: Box) -> Map:
    """For cuts only: where the axes of B lead in A, the digits that go nowhere counted in the places."""
    back: list[list[tuple[int, tuple[int, int, int]]]] = [[] for _ in map.offset]
    for a, digits in enumerate(map.digits):
        place = 1
        for n, k, t in reversed(digits):
            if k >= 0:
                back[k].append((abs(t), (n, a, place if t > 0 else -place)))
            place *= n
    ordered = tuple(tuple(d for _, d in sorted(axis, key=lambda item: -item[0])) for axis in back)
    return Map(ordered, tuple(lo for lo, _ in box))
