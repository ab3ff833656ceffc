"""Equations to classes: which cells are one, who owns them, and by which view each is read.

A class's owner lies where no tie of the class points away (rule 5); every other cell is reached from it by the
shortest chain of equations. Round a cycle views must compose to the identity and scales to 1 (rule 1).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sharedsl.model.sites import show
from sharedsl.model.sizes import Arith, literal
from sharedsl.sharing import strided
from sharedsl.sharing.cells import Cells
from sharedsl.sharing.context import Line
from sharedsl.sharing.report import Report
from sharedsl.sharing.strided import Map
from sharedsl.sharing.variables import Edge, Hints, Var


class Reading(NamedTuple):
    """A cell is `factor` times `root` under `map` (None: element by element, and the same box)."""

    root: int
    map: Map | None = None
    factor: float = 1.0
    code: Arith | None = None
    detached: bool = False


class Link(NamedTuple):
    """One equation between two cells, seen from `a`."""

    to: int
    map: Map | None
    factor: float
    code: Arith | None
    edge: Edge


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


class Classes:
    """`root[cell]` is the owner of a cell's class; `members` the classes of more than one cell."""

    def __init__(self, vars: Sequence[Var], edges: Sequence[Edge], hints: Hints, report: Report) -> None:
        self.vars, self.report = vars, report
        self.cells = Cells(vars, edges, hints, report)
        self._links: dict[int, list[Link]] = {}
        self._pairs: list[tuple[int, int, Map | None, Edge]] = []
        self._one_way: list[tuple[int, int, Map | None, Edge]] = []
        self._away: set[int] = set()
        self._parent = list(range(len(self.cells.boxes)))
        for edge in self.cells.edges:
            for a, b, map in self.cells.pairs(edge):
                self._add(a, b, map, edge)
        self.readings: dict[int, Reading] = {}
        self.lines: dict[int, dict[int, Line]] = {}
        self.views: dict[int, View] = {}
        self.members: dict[int, list[int]] = {}
        self._build()

    # ------------------------------------------------------------------ joining

    def _add(self, a: int, b: int, map: Map | None, edge: Edge) -> None:
        if edge.kind == "view":
            self._one_way.append((a, b, map, edge))
            return
        self._pairs.append((a, b, map, edge))
        if edge.away:
            self._away.add(a)
        x, y = self.find(a), self.find(b)
        if x != y:
            self._parent[max(x, y)] = min(x, y)

    def find(self, cell: int) -> int:
        parent = self._parent
        while parent[cell] != cell:
            parent[cell] = parent[parent[cell]]
            cell = parent[cell]
        return cell

    def _build(self) -> None:
        while True:
            self._classes()
            self._solve_classes()
            if not self._one_way or not self._unify_views():
                break
        for root, view in list(self.views.items()):
            self._check_loop(root, view)

    def _classes(self) -> None:
        grouped: dict[int, list[int]] = {}
        self._links = {}
        for a, b, map, edge in self._pairs:
            for cell in (a, b):
                if cell not in self._links:
                    self._links[cell] = []
                    grouped.setdefault(self.find(cell), []).append(cell)
            self._links[a].append(Link(b, map, edge.factor, edge.code, edge))
            self._links[b].append(Link(a, map, edge.factor, edge.code, edge))
        self.members = {}
        for cells in grouped.values():
            self.members[self._owner(cells)] = sorted(cells, key=self._rank)

    def _rank(self, cell: int) -> tuple[object, ...]:
        var = self.vars[self.cells.owner[cell]]
        box = self.cells.boxes[cell]
        return (var.order, box or ())

    def _owner(self, cells: list[int]) -> int:
        kept = [cell for cell in cells if cell not in self._away] or cells
        return min(kept, key=self._rank)

    # ------------------------------------------------------------------ readings

    def _solve_classes(self) -> None:
        self.readings, self.lines = {}, {}
        for owner, cells in self.members.items():
            self.lines[owner] = self._class_lines(cells)
            plain = all(link.map is None and link.factor == 1.0 for cell in cells for link in self._links[cell])
            if plain:
                for cell in cells:
                    self.readings[cell] = Reading(owner)
            else:
                self._walk(owner, cells)
            self._one_cell_a_weight(cells)

    def _class_lines(self, cells: list[int]) -> dict[int, Line]:
        found: dict[int, Line] = {}
        for cell in cells:
            for link in self._links[cell]:
                if link.edge.line is not None:
                    found[id(link.edge.line)] = link.edge.line
        return found

    def _walk(self, owner: int, cells: list[int]) -> None:
        """Breadth first from the owner, neighbours in the model's order; every other equation must agree."""
        self.readings[owner] = Reading(owner)
        queue = deque((owner,))
        refused: set[int] = set()
        while queue:
            cell = queue.popleft()
            for link in sorted(self._links[cell], key=lambda each: (self._rank(each.to), _order(each))):
                reading = self._across(cell, link)
                if reading is None:
                    if id(link.edge) not in refused:
                        refused.add(id(link.edge))
                        self._too_tangled(link)
                elif link.to not in self.readings:
                    self.readings[link.to] = reading
                    queue.append(link.to)
                else:
                    self._agree(link, cell, reading)
        for cell in cells:
            self.readings.setdefault(cell, Reading(cell))

    def _across(self, cell: int, link: Link) -> Reading | None:
        """How the cell at the other end of a link is read, from how `cell` is."""
        here = self.readings[cell]
        boxes = self.cells
        forward = self._is_a(cell, link)  # the link says: cell = factor * to
        factor, code = link.factor, link.code
        if forward and factor != 1.0:
            factor, code = 1.0 / factor, Arith("/", (literal(1), code or literal(link.factor)))
        total, total_code = here.factor * factor, _times(code, here.code)
        if abs(total - 1.0) < 1e-12:
            total, total_code = 1.0, None
        if link.map is None:
            return Reading(here.root, here.map, total, total_code)
        map = strided.inverse(link.map, boxes.box(cell)) if forward else link.map
        if here.map is None:
            return Reading(here.root, map, total, total_code)
        joined = strided.compose(map, here.map, boxes.box(cell))
        return (
            None if joined is None else Reading(here.root, self._plain(joined, link.to, here.root), total, total_code)
        )

    def _plain(self, map: Map, cell: int, root: int) -> Map | None:
        box = self.cells.box(cell)
        if box == self.cells.box(root) and map == strided.identity(box):
            return None
        return map

    def _is_a(self, cell: int, link: Link) -> bool:
        """Whether the link's edge has `cell` on its left side."""
        owner = self.cells.owner[cell]
        if link.edge.a != link.edge.b:
            return link.edge.a == owner
        box = link.edge.a_box
        mine = self.cells.box(cell)
        return box is None or all(lo <= x and y <= hi for (x, y), (lo, hi) in zip(mine, box, strict=True))

    def _agree(self, link: Link, cell: int, reading: Reading) -> None:
        known = self.readings[link.to]
        box = self.cells.box(link.to)
        root_box = self.cells.box(known.root)
        same_map = _full(known.map, root_box if known.map is None else box) == _full(
            reading.map, root_box if reading.map is None else box
        )
        same_scale = abs(known.factor - reading.factor) <= 1e-9 * max(abs(known.factor), abs(reading.factor))
        if same_map and same_scale:
            return
        lines = [link.edge.line, *self.why(cell, link.to, link.edge)]
        name = self._title(link.to)
        if same_map:
            ratio = reading.factor / known.factor
            message = f"round these lines `{name}` is {ratio:.6g} times itself"
            self.report.lines("cycle-scale", message, lines, help="make the scales agree, or remove one of the lines")
        else:
            message = f"round these lines `{name}` is a rearranged view of itself, so its elements would be equal"
            self.report.lines("self-view", message, lines, help=SELF_VIEW)

    def _one_cell_a_weight(self, cells: list[int]) -> None:
        """Two parts of one weight in a class: elements of one weight are equal, which only `along` may say."""
        seen: dict[int, int] = {}
        for cell in cells:
            owner = self.cells.owner[cell]
            if owner in seen:
                lines = self.why(seen[owner], cell, None)
                message = f"these lines make parts of `{self._title(cell)}` equal to each other"
                self.report.lines("self-view", message, lines, help=SELF_VIEW)
                return
            seen[owner] = cell

    def _too_tangled(self, link: Link) -> None:
        message = "these views compose to something that is not made of boxes"
        lines = [link.edge.line, *self.why(link.to, self.find(link.to), None)]
        self.report.lines("not-a-box", message, lines, help="tie both to the same weight directly")

    def _title(self, cell: int) -> str:
        var = self.vars[self.cells.owner[cell]]
        path = show(var.owner)
        return f"{path}.{var.name}" if path else var.name

    # ------------------------------------------------------------------ guilty lines

    def why(self, start: int, goal: int, without: Edge | None) -> list[Line]:
        """The lines of a shortest chain of equations between two cells; the model's own calls cost nothing."""
        before: dict[int, tuple[int, Edge]] = {}
        cost = {start: 0}
        queue = deque((start,))
        while queue:
            cell = queue.popleft()
            if cell == goal:
                break
            for link in self._links.get(cell, ()):
                if link.edge is without:
                    continue
                price = cost[cell] + (link.edge.line is not None)
                if price < cost.get(link.to, 1 << 60):
                    cost[link.to] = price
                    before[link.to] = (cell, link.edge)
                    if link.edge.line is None:
                        queue.appendleft(link.to)
                    else:
                        queue.append(link.to)
        lines: list[Line] = []
        at = goal
        while at in before and at != start:
            at, edge = before[at]
            if edge.line is not None:
                lines.append(edge.line)
        return lines

    # ------------------------------------------------------------------ views that are read one way

    def owner_of(self, cell: int) -> int:
        reading = self.readings.get(cell)
        return cell if reading is None else reading.root

    def _unify_views(self) -> bool:
        """Collect the one-way views by class. Two repeats of one class make their small weights one; True if so."""
        self.views = {}
        ordered = sorted(self._one_way, key=lambda each: (self._rank(each[0]), self._rank(each[1]), _order_of(each[3])))
        again = False
        for a, b, map, edge in ordered:
            root = self.owner_of(a)
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
        mine, other = self.readings.get(a, Reading(a)), self.readings.get(b, Reading(b))
        cells = self.cells
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
            lines = [first.edge.line, edge.line, *self.why(first.cell, a, None)]
            message = f"`{self._title(a)}` is defined twice, in different ways"
            self.report.lines("two-definitions", message, lines, help="keep one of the definitions")
            return False
        factor, between = inner
        if self.find(first.to) == self.find(b):
            return False
        made = Edge(
            self.cells.owner[first.to],
            self.cells.owner[b],
            self.cells.box(first.to),
            between,
            factor,
            None if factor == 1.0 else literal(factor),
            line=edge.line,
        )
        self._add(first.to, b, between, made)
        return True

    def _between(self, first: View, a: int, b: int, map: Map | None, edge: Edge) -> tuple[float, Map] | None:
        """first.to as a view of b, where both give the same class by the same repeat."""
        if first.detached or edge.detached or first.map is None or map is None:
            return None
        one, other = self.readings.get(first.cell, Reading(first.cell)), self.readings.get(a, Reading(a))
        box = self.cells.box(first.cell)
        if first.cell != a:
            back = strided.identity(self.cells.box(one.root)) if other.map is None else other.map
            there = strided.identity(box) if one.map is None else one.map
            root_to_a = strided.inverse(back, self.cells.box(a))
            across = strided.compose(there, root_to_a, self.cells.box(one.root))
            across = across and strided.compose(across, map, self.cells.box(a))
        else:
            across = map
        if across is None:
            return None
        found = _quotient(first.map, across, self.cells.box(first.to))
        factor = (one.factor / other.factor) * edge.factor / first.factor
        return None if found is None else (factor, found)

    def _check_loop(self, root: int, view: View) -> None:
        """A definition that leads back to itself."""
        seen = [root]
        at = self.owner_of(view.to)
        while at in self.views and at not in seen:
            seen.append(at)
            at = self.owner_of(self.views[at].to)
        if at != root or root != min(seen):
            return
        lines: list[Line | None] = []
        for each in seen:
            view = self.views[each]
            lines += [view.edge.line, *self.why(each, view.cell, None)]
            lines += self.why(view.to, self.owner_of(view.to), None)
        message = f"`{self._title(root)}` is defined by itself"
        self.report.lines("cycle-definition", message, lines, help="one of the weights has to stand on its own")
        for each in seen:
            self.views.pop(each, None)


SELF_VIEW = "only `share .. along AXIS` makes elements of one weight equal"


def _order(link: Link) -> tuple[str, float]:
    return (repr(link.map), link.factor)


def _order_of(edge: Edge) -> tuple[str, float, bool]:
    return (repr(edge.map), edge.factor, edge.detached)


def _full(map: Map | None, box: strided.Box) -> Map:
    return strided.identity(box) if map is None else strided.canonical(map)


def _times(a: Arith | None, b: Arith | None) -> Arith | None:
    if a is None or b is None:
        return a or b
    return Arith("*", (a, b))


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


def title_of(var: Var) -> str:
    path = show(var.owner)
    return f"{path}.{var.name}" if path else var.name
