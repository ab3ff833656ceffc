"""Classes to tensors: the cells that a weight owns become one tensor, and every weight is put together from pieces."""

from __future__ import annotations

from sharedsl.model import sizes
from sharedsl.model.sites import Axis
from sharedsl.model.sizes import Arith, Size
from sharedsl.record import dataclass, replace
from sharedsl.sharing import strided
from sharedsl.sharing.classes import Classes
from sharedsl.sharing.merging import Piece, merged
from sharedsl.sharing.readings import Reading
from sharedsl.sharing.strided import Box, Map
from sharedsl.sharing.variables import Var


@dataclass(frozen=True, slots=True)
class Place:
    """Where the cells of an owner went: tensor `var`, its positions less `shift`."""

    var: Var
    shift: tuple[int, ...]


class Pieces:
    """`of(var)` are the pieces of a weight; `made` the new tensors, for weights of which only a part is stored."""

    def __init__(self, classes: Classes, unstored: set[int], next_index: int) -> None:
        self.classes, self.cells = classes, classes.cells
        self.made: list[Var] = []
        self.next_index = next_index
        self.places: dict[int, Place] = {}
        self._unstored = unstored
        self._memo: dict[int, Piece | None] = {}
        self._wholes: dict[int, Piece | None] = {}
        for var in sorted(self.cells.of):
            if var not in unstored:
                self._place(self.cells.vars[var])

    # ------------------------------------------------------------------ what is stored

    def _place(self, var: Var) -> None:
        cells = self.cells.of[var.index]
        owned = {box: number for box, number in cells.items() if self._stands(number)}
        if not owned:
            return
        zero = (0,) * len(var.shape)
        if len(owned) == len(cells):
            for number in owned.values():
                self.places[number] = Place(var, zero)
            return
        axis = _slab(owned, cells)
        if axis is None:
            for at, group in enumerate(_boxes(list(owned))):
                self._part(var, group, {b: owned[b] for b in owned if _inside(b, group)}, f"{var.name}_part_{at}")
            return
        self._slices(var, axis, owned)

    def _stands(self, cell: int) -> bool:
        return self.classes.owner_of(cell) == cell and cell not in self.classes.views

    def _slices(self, var: Var, axis: int, owned: dict[Box, int]) -> None:
        """The slices of one axis that are the weight's own, one after the other in one tensor."""
        spans = sorted({box[axis] for box in owned})
        runs: list[tuple[int, int]] = []
        for lo, hi in spans:
            if runs and runs[-1][1] == lo:
                runs[-1] = (runs[-1][0], hi)
            else:
                runs.append((lo, hi))
        size = _sum([self._length(var, axis, lo, hi) for lo, hi in runs])
        axes = tuple(replace(each, size=size) if at == axis else each for at, each in enumerate(var.axes))
        made = self._new(var, axes, var.name)
        for box, number in owned.items():
            start, before = box[axis][0], 0
            for lo, hi in runs:
                if lo <= start < hi:
                    break
                before += hi - lo
            shift = tuple(lo - before if at == axis else 0 for at in range(len(axes)))
            self.places[number] = Place(made, shift)

    def _part(self, var: Var, box: Box, owned: dict[Box, int], name: str) -> None:
        axes = tuple(
            replace(axis, size=self._length(var, at, lo, hi))
            for at, (axis, (lo, hi)) in enumerate(zip(var.axes, box, strict=True))
        )
        made = self._new(var, axes, name)
        for number in owned.values():
            self.places[number] = Place(made, tuple(lo for lo, _ in box))

    def _length(self, var: Var, axis: int, lo: int, hi: int) -> Size:
        low, high = self._position(var, axis, lo), self._position(var, axis, hi)
        return high if lo == 0 else sizes.combine("-", high, low)

    def _position(self, var: Var, axis: int, at: int) -> Size:
        if at == 0:
            return sizes.size(0)
        return var.axes[axis].size if at == var.shape[axis] else self.cells.cuts[var.index][axis][at]

    def _new(self, var: Var, axes: tuple[Axis, ...], name: str) -> Var:
        shape = tuple(int(axis.size.value or 0) for axis in axes)
        made = replace(var, index=self.next_index, axes=axes, shape=shape, name=name, because=dict(var.because))
        self.next_index += 1
        self.made.append(made)
        return made

    # ------------------------------------------------------------------ who reads what

    def whole(self, var: int) -> Piece | None:
        """The piece of a weight that reads a whole storage just as it is, one for all such readers; None for others."""
        if var in self.cells.of:
            return None
        reading = self.classes.readings.get(var)
        if reading is None or reading.map is not None or reading.factor != 1.0 or reading.code is not None:
            return None
        root = reading.root
        if root not in self._wholes:
            cut = self.cells.owner[root] in self.cells.of
            self._wholes[root] = None if cut or root in self.classes.views else self.piece(root)
        return self._wholes[root]

    def of(self, var: Var) -> list[Piece]:
        """The pieces of a weight, neighbours that read on in one tensor put together."""
        found = [self.piece(cell) for cell in self.cells.within(var.index, None)]
        kept = [piece for piece in found if piece is not None]
        return kept if len(kept) == 1 else merged(kept, len(var.shape))

    def piece(self, cell: int) -> Piece | None:
        if cell not in self._memo:
            self._memo[cell] = None
            self._memo[cell] = self._read(cell)
        return self._memo[cell]

    def _read(self, cell: int) -> Piece | None:
        reading = self.classes.readings.get(cell) or Reading(cell)
        box = self.cells.box(cell)
        map = strided.identity(box) if reading.map is None else reading.map
        view = self.classes.views.get(reading.root)
        if view is None:
            var, shift = self._home(reading.root)
            if not any(shift):
                return Piece(box, var, strided.canonical(map), reading.factor, reading.code)
            moved = Map(map.digits, tuple(at - by for at, by in zip(map.offset, shift, strict=True)))
            return Piece(box, var, strided.canonical(moved), reading.factor, reading.code)
        return self._through(cell, map, reading)

    def _home(self, root: int) -> tuple[Var, tuple[int, ...]]:
        place = self.places.get(root)
        if place is not None:
            return place.var, place.shift
        var = self.cells.vars[self.cells.owner[root]]
        return var, (0,) * len(var.shape)

    def _through(self, cell: int, map: Map, reading: Reading) -> Piece | None:
        """A cell of a class that is read from another class, one way."""
        view = self.classes.views[reading.root]
        known = self.classes.readings.get(view.cell) or Reading(view.cell)
        boxes = self.cells
        box = boxes.box(cell)
        across: Map | None = map
        if view.cell != cell:
            back = strided.identity(boxes.box(view.cell)) if known.map is None else known.map
            root_to_view = strided.inverse(back, boxes.box(view.cell))
            across = strided.compose(map, root_to_view, boxes.box(reading.root))
            factor = reading.factor / known.factor
            code = reading.code if known.factor == 1.0 else _quotient(reading.code, known.code, factor)
        else:
            across, factor, code = strided.identity(box), 1.0, None
        step = strided.identity(boxes.box(view.to)) if view.map is None else view.map
        if across is not None:
            across = strided.compose(across, step, boxes.box(view.cell))
        inner = self.piece(view.to)
        if across is None or inner is None:
            return None
        across = strided.compose(across, inner.map, inner.box)
        if across is None:
            return None
        factors = _times(_times(code, view.code), inner.code)
        total = factor * view.factor * inner.factor
        return Piece(box, inner.var, strided.canonical(across), total, factors, view.detached or inner.detached)


def _times(a: Arith | None, b: Arith | None) -> Arith | None:
    return a or b if a is None or b is None else Arith("*", (a, b))


def _quotient(a: Arith | None, b: Arith | None, factor: float) -> Arith | None:
    if factor == 1.0:
        return None
    return Arith("/", (a or sizes.literal(1), b or sizes.literal(1)))


def _sum(parts: list[Size]) -> Size:
    total = parts[0]
    for part in parts[1:]:
        total = sizes.combine("+", total, part)
    return total


def _inside(box: Box, outer: Box) -> bool:
    return all(lo <= a and b <= hi for (a, b), (lo, hi) in zip(box, outer, strict=True))


def _slab(owned: dict[Box, int], cells: dict[Box, int]) -> int | None:
    """The axis along which whole slices are owned, if there is one."""
    rank = len(next(iter(cells)))
    for axis in range(rank):
        kept = {box[axis] for box in owned}
        if all((box in owned) == (box[axis] in kept) for box in cells):
            return axis
    return None


def _boxes(cells: list[Box]) -> list[Box]:
    """Cells of a grid put together to larger boxes, last axis first."""
    boxes = sorted(cells)
    for axis in reversed(range(len(boxes[0]))):
        grouped: dict[Box, list[tuple[int, int]]] = {}
        for box in boxes:
            grouped.setdefault((*box[:axis], (0, 0), *box[axis + 1 :]), []).append(box[axis])
        boxes = []
        for rest, spans in grouped.items():
            runs: list[tuple[int, int]] = []
            for lo, hi in sorted(spans):
                if runs and runs[-1][1] == lo:
                    runs[-1] = (runs[-1][0], hi)
                else:
                    runs.append((lo, hi))
            boxes += [(*rest[:axis], run, *rest[axis + 1 :]) for run in runs]
        boxes.sort()
    return boxes
