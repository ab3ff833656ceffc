"""What a build comes to, by place in the text: shapes of values, counts of layers, owners of weights. All counts are
the budget's.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from sharedsl.analysis.budget.quantity import evaluate
from sharedsl.analysis.budget.readable import expression, storage_name
from sharedsl.analysis.budget.rows import ModuleRow, module_rows
from sharedsl.analysis.budget.totals import Totals
from sharedsl.analysis.pipeline import Compiled
from sharedsl.ide.anchors import fixed
from sharedsl.model import dataflow as d
from sharedsl.model.sites import Path, Step, declared, key
from sharedsl.model.tree import Child, Unit
from sharedsl.model.weights import Storage, storages_of
from sharedsl.record import dataclass
from sharedsl.source import Span

Slots = tuple[tuple[str, int | None], ...]


@dataclass(frozen=True, slots=True)
class Layer:
    """A declared layer (all elements of a stack together) under a plan."""

    stored: int
    applied: int
    flops: int | None
    #: the storages of others that it reads, and how
    borrowed: tuple[str, ...]
    #: how often each of its weights is applied, where that is one number
    times: int
    #: how many layers it is
    count: int


class Facts:
    """Of one build, or of one model at its defaults."""

    def __init__(self, compiled: Compiled) -> None:
        self.compiled, self.model, self.solved = compiled, compiled.model, compiled.solved
        self.totals = Totals(compiled.model, compiled.solved, compiled.dtype)
        self._total: dict[str, int | None] = {}
        self._layers: dict[object, Layer] = {}

    def same_as(self, compiled: Compiled) -> bool:
        """Whether a compilation of a later text came to the very same; then it is what these facts are of."""
        old = self.compiled
        # a trace belongs to what was made with it, which an edit that does not touch it leaves as it is
        if old.trace is not compiled.trace or (old.name, old.dtype) != (compiled.name, compiled.dtype):
            return False
        self.compiled = compiled
        return True

    def total(self, name: str) -> int | None:
        """A total of the budget; None where it depends on run-time sizes."""
        if name not in self._total:
            formula = self.totals.poly(name)
            self._total[name] = evaluate(formula, self.totals.assumed) if formula is not None else None
        return self._total[name]

    @property
    def title(self) -> str:
        return self.compiled.build.name if self.compiled.build is not None else self.compiled.name

    # ------------------------------------------------------------------ units

    @cached_property
    def paths(self) -> dict[int, Path]:
        """The first path that leads to each unit, by identity."""
        found: dict[int, Path] = {id(self.model.root): ()}
        todo: list[tuple[Unit, Path]] = [(self.model.root, ())]
        while todo:
            unit, path = todo.pop(0)
            for child in unit.children.values():
                for at, each in enumerate(child.units):
                    if id(each) not in found:
                        found[id(each)] = (*path, Step(child.name, at if child.stacked else None))
                        todo.append((each, found[id(each)]))
        return found

    @cached_property
    def _blocks(self) -> dict[object, list[tuple[Unit, Path]]]:
        """The units of each block that differ in what they are made of, the first of each kind."""
        found: dict[object, list[tuple[Unit, Path]]] = {}
        seen: set[object] = set()
        for unit in self._units():
            if unit.kind != "primitive":
                block = fixed(unit.span)
                kind = (block, tuple(unit.children), tuple(unit.weights), tuple(map(_shape_of, unit.bodies.values())))
                if kind not in seen:
                    seen.add(kind)
                    found.setdefault(block, []).append((unit, self.paths[id(unit)]))
        return found

    def unit(self, block: Span, member: str = "") -> tuple[Unit, Path] | None:
        """The first unit of a block, by the place of the block's name; the first that has a member, if one is named."""
        units = self._blocks.get(fixed(block), [])
        having = (each for each in units if member in each[0].children or member in each[0].weights)
        return next(having, None) or (units[0] if units else None)

    def _units(self) -> Iterator[Unit]:
        seen: set[int] = set()
        todo = [self.model.root]
        while todo:
            unit = todo.pop(0)
            if id(unit) in seen:
                continue
            seen.add(id(unit))
            yield unit
            for child in unit.children.values():
                todo += child.units

    # ------------------------------------------------------------------ shapes

    def types(self, block: Span) -> dict[tuple[int, int, str], d.Type]:
        """(start and end of a statement, name) -> what the name is then, in a block's forwards."""
        found: dict[tuple[int, int, str], d.Type] = {}
        for unit, _ in self._blocks.get(fixed(block), []):
            for body in unit.bodies.values():
                _types(body.statements, found)
        return found

    def function_types(self, path: str) -> dict[tuple[int, int, str], d.Type]:
        """The same of the weightless functions of a file."""
        found: dict[tuple[int, int, str], d.Type] = {}
        for body in self.model.functions.values():
            if body.span.path == path:
                _types(body.statements, found)
        return found

    # ------------------------------------------------------------------ layers

    @cached_property
    def rows(self) -> dict[str, ModuleRow]:
        return {row.path: row for row in module_rows(self.model, self.solved, self.totals.spent, self.totals.assumed)}

    def layer(self, block: Span, name: str) -> Layer | None:
        """A layer that a block declares, in the block's first unit that has it."""
        known = self.unit(block, name)
        child = known[0].children.get(name) if known is not None else None
        if known is None or child is None:
            return None
        key = (fixed(block), name)
        if key not in self._layers:
            self._layers[key] = self.child(known[1], child)
        return self._layers[key]

    def child(self, path: Path, child: Child) -> Layer:
        slots = [_slots((*path, Step(child.name, at if child.stacked else None))) for at in range(len(child.units))]
        rows = [self.rows[_label(each)] for each in slots if _label(each) in self.rows]
        flops = [row.flops for row in rows]
        known = [each for each in flops if each is not None]
        return Layer(
            sum(row.stored for row in rows),
            sum(row.applied for row in rows),
            sum(known) if len(known) == len(flops) else None,
            tuple(self._borrowed(slots)),
            self._times(slots),
            len(child.units),
        )

    @cached_property
    def _reads(self) -> list[tuple[Slots, tuple[int, ...], str]]:
        return [
            (_slots(site.path), storages_of(expr), expression(expr, self.solved.storages))
            for site, expr in zip(self.solved.sites, self.solved.reads, strict=True)
        ]

    def _borrowed(self, slots: list[Slots]) -> Iterator[str]:
        """What weights below these paths read of storages that are registered elsewhere, once each."""
        said: set[str] = set()
        for path, storages, text in self._reads:
            if text in said or not any(path[: len(each)] == each for each in slots):
                continue
            owners = [_slots(self.solved.storages[at].owner) for at in storages]
            if owners and not any(owner[: len(each)] == each for owner in owners for each in slots):
                said.add(text)
                yield text

    def _times(self, slots: list[Slots]) -> int:
        """How many applications read each storage below these paths; 0 where that differs."""
        counts: dict[int, int] = {}
        for path, storages, _ in self._reads:
            if any(path[: len(each)] == each for each in slots):
                for at in storages:
                    counts[at] = counts.get(at, 0) + 1
        found = set(counts.values())
        return found.pop() if len(found) == 1 else 0

    # ------------------------------------------------------------------ storages

    def weight(self, path: Path) -> list[tuple[str, Storage, list[str]]]:
        """For the sites of a declared weight: what is read, the storages, and every site that reads them."""
        wanted = _slots(path)
        found: list[tuple[str, Storage, list[str]]] = []
        for slots, storages, text in self._reads:
            if slots == wanted:
                for at in storages:
                    readers = [_label(other) for other, used, _ in self._reads if at in used]
                    found.append((text, self.solved.storages[at], list(dict.fromkeys(readers))))
        return found

    def readers(self, storage: Storage) -> list[str]:
        """Every weight that reads a storage."""
        found = [_label(slots) for slots, used, _ in self._reads if storage.index in used]
        return list(dict.fromkeys(found))

    def storage(self, name: str) -> Storage | None:
        return next((each for each in self.solved.storages if storage_name(each) == name), None)


def _types(statements: tuple[d.Statement, ...], found: dict[tuple[int, int, str], d.Type]) -> None:
    for each in statements:
        match each:
            case d.Assign():
                types = [each.value.type]
                if len(each.targets) > 1 and isinstance(each.value.type, d.Many):
                    types = list(each.value.type.items)
                for name, type in zip(each.targets, types, strict=False):
                    found.setdefault((each.span.start, each.span.end, name), type)
            case d.Keep():
                found.setdefault((each.span.start, each.span.end, each.state), each.value.type)
            case d.Return() if each.values:
                found.setdefault((each.span.start, each.span.end, ""), each.values[0].type)
            case d.Loop():
                for turn in each.turns:
                    _types(turn, found)
            case d.While():
                _types(each.body, found)
            case d.Present():
                _types(each.then, found)
                _types(each.other, found)
            case _:
                pass


def _shape_of(body: d.Body) -> tuple[object, ...]:
    """Which statements a body has: a condition on a parameter leaves some out."""
    return tuple((type(each), fixed(each.span)) for each in body.statements)


def _slots(path: Path) -> Slots:
    return tuple((step.name, step.index) for step in declared(path))


def _label(slots: Slots) -> str:
    return ".".join(name if at is None else f"{name}[{at}]" for name, at in slots)


def owner_of(storage: Storage) -> str:
    """The layer that a storage is registered in, as a checkpoint names it."""
    return key(storage.owner)
