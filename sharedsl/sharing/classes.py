"""Equations to classes: which cells are one, who owns them, and by which view each is read.

A class's owner lies where no tie of the class points away (rule 5); every other cell is reached from it by the
shortest chain of equations. Round a cycle views must compose to the identity and scales to 1 (rule 1).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from sharedsl.model.sites import show
from sharedsl.model.sizes import Arith, literal
from sharedsl.sharing import strided
from sharedsl.sharing.cells import Cells
from sharedsl.sharing.context import Line
from sharedsl.sharing.one_way import OneWay, View
from sharedsl.sharing.readings import Link, Reading
from sharedsl.sharing.report import Report
from sharedsl.sharing.strided import Map
from sharedsl.sharing.variables import Edge, Hints, Var


class Classes:
    """`root[cell]` is the owner of a cell's class; `members` the classes of more than one cell."""

    def __init__(self, vars: Sequence[Var], edges: Sequence[Edge], hints: Hints, report: Report) -> None:
        self.vars, self.report = vars, report
        self.cells = Cells(vars, edges, hints, report)
        self._links: dict[int, list[Link]] | None = None
        self._linked = 0
        self._pairs: list[tuple[int, int, Map | None, Edge]] = []
        self.one_way = OneWay(self)
        self._away: set[int] = set()
        self._parent = list(range(len(self.cells.boxes)))
        for edge in self.cells.edges:
            for a, b, map in self.cells.pairs(edge):
                self.add(a, b, map, edge)
        self.readings: dict[int, Reading] = {}
        self.lines: dict[int, dict[int, Line]] = {}
        self.members: dict[int, list[int]] = {}
        self._uneven: set[int] = set()
        self._build()

    # ------------------------------------------------------------------ joining

    def add(self, a: int, b: int, map: Map | None, edge: Edge) -> None:
        if edge.kind == "view":
            self.one_way.pairs.append((a, b, map, edge))
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
            if not self.one_way.pairs or not self.one_way.unify():
                break
        self.one_way.check_loops()
        #: the classes that have no storage: by owner, what they are read from
        self.views: dict[int, View] = self.one_way.views
        # it holds these classes: a ring that only the garbage collector would open
        del self.one_way

    def _classes(self) -> None:
        self._links, self._linked = None, len(self._pairs)
        grouped: dict[int, dict[int, None]] = {}
        lines: dict[int, dict[int, Line]] = {}
        uneven: set[int] = set()
        for a, b, map, edge in self._pairs:
            root = self.find(a)
            cells = grouped.get(root)
            if cells is None:
                cells, lines[root] = grouped.setdefault(root, {}), {}
            cells[a] = cells[b] = None
            if edge.line is not None:
                lines[root][id(edge.line)] = edge.line
            if map is not None or edge.factor != 1.0:
                uneven.add(root)
        self.members, self.lines, self._uneven = {}, {}, set()
        for root, cells in grouped.items():
            owner = self._owner(list(cells))
            self.members[owner] = sorted(cells, key=self.rank)
            self.lines[owner] = lines[root]
            if root in uneven:
                self._uneven.add(owner)

    @property
    def links(self) -> dict[int, list[Link]]:
        """The equations of every cell. Most classes are plain, and nobody asks for theirs."""
        if self._links is None:
            self._links = {}
            for a, b, map, edge in self._pairs[: self._linked]:
                self._links.setdefault(a, []).append(Link(b, map, edge.factor, edge.code, edge))
                self._links.setdefault(b, []).append(Link(a, map, edge.factor, edge.code, edge))
        return self._links

    def rank(self, cell: int) -> tuple[object, ...]:
        var = self.vars[self.cells.owner[cell]]
        box = self.cells.boxes[cell]
        return (var.order, box or ())

    def _owner(self, cells: list[int]) -> int:
        kept = [cell for cell in cells if cell not in self._away] or cells
        return min(kept, key=self.rank)

    # ------------------------------------------------------------------ readings

    def _solve_classes(self) -> None:
        self.readings = {}
        for owner, cells in self.members.items():
            if len(self.lines[owner]) > 1:
                self.lines[owner] = self._class_lines(cells)
            if owner in self._uneven:
                self._walk(owner, cells)
            else:
                self.readings.update(dict.fromkeys(cells, Reading(owner)))
            if self.cells.of:
                self._one_cell_a_weight(cells)

    def _class_lines(self, cells: list[int]) -> dict[int, Line]:
        found: dict[int, Line] = {}
        for cell in cells:
            for link in self.links[cell]:
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
            for link in sorted(self.links[cell], key=lambda each: (self.rank(each.to), _order(each))):
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
        name = self.title(link.to)
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
                message = f"these lines make parts of `{self.title(cell)}` equal to each other"
                self.report.lines("self-view", message, lines, help=SELF_VIEW)
                return
            seen[owner] = cell

    def _too_tangled(self, link: Link) -> None:
        message = "these views compose to something that is not made of boxes"
        lines = [link.edge.line, *self.why(link.to, self.find(link.to), None)]
        self.report.lines("not-a-box", message, lines, help="tie both to the same weight directly")

    def title(self, cell: int) -> str:
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
            for link in self.links.get(cell, ()):
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

    # ------------------------------------------------------------------ owners

    def owner_of(self, cell: int) -> int:
        """The cell that owns the class of a cell."""
        reading = self.readings.get(cell)
        return cell if reading is None else reading.root


SELF_VIEW = "only `share .. along AXIS` makes elements of one weight equal"


def _order(link: Link) -> tuple[str, float]:
    return (repr(link.map), link.factor)


def _full(map: Map | None, box: strided.Box) -> Map:
    return strided.identity(box) if map is None else strided.canonical(map)


def _times(a: Arith | None, b: Arith | None) -> Arith | None:
    if a is None or b is None:
        return a or b
    return Arith("*", (a, b))


def title_of(var: Var) -> str:
    path = show(var.owner)
    return f"{path}.{var.name}" if path else var.name
