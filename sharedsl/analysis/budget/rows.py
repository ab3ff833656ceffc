"""The budget in detail: a row for each declared layer, and one for each storage with everything that reads it."""

from __future__ import annotations

from collections.abc import Mapping

from sharedsl.analysis.budget import flops
from sharedsl.analysis.budget.counts import spec_numel
from sharedsl.analysis.budget.quantity import ZERO, evaluate, numel
from sharedsl.analysis.budget.readable import expression, storage_name
from sharedsl.model.poly import Poly
from sharedsl.model.sites import Path, Step, show
from sharedsl.model.tree import Model, Unit
from sharedsl.model.weights import Solved, storages_of
from sharedsl.record import dataclass
from sharedsl.source import NOWHERE, Span


@dataclass(frozen=True, slots=True)
class ModuleRow:
    """A declared layer: what is registered in it, what all its applications see, what they compute."""

    path: str
    depth: int
    layer: str
    stored: int
    applied: int
    flops: int | None
    span: Span = NOWHERE


@dataclass(frozen=True, slots=True)
class Reader:
    site: str
    expression: str


@dataclass(frozen=True, slots=True)
class StorageRow:
    """A storage, its owner's checkpoint key, and every application that reads it."""

    owner: str
    shape: tuple[int, ...]
    numel: int
    trainable: bool
    span: Span
    readers: tuple[Reader, ...]
    because: tuple[Span, ...] = ()


def module_rows(model: Model, solved: Solved, spent: flops.Spent | None, sizes: Mapping[str, int]) -> list[ModuleRow]:
    """One row for each declared layer, parents before their parts, in the order of the text."""
    stored = _up({}, [(_slots(s.owner), numel(s.axes)) for s in solved.storages], sizes)
    sites = [(_slots(site.path[:-1]), spec_numel(site.spec)) for site in solved.sites]
    parts = [
        (_slots(solved.sites[at].path[:-1]), numel(solved.storages[part].axes))
        for at, private in solved.private.items()
        for part in private
    ]
    applied = _up({}, sites + parts, sizes)
    costs = flops.by_path(spent) if spent is not None else {}
    rows: list[ModuleRow] = []

    def descend(unit: Unit, path: tuple[flops.Slot, ...]) -> None:
        for child in unit.children.values():
            for at, each in enumerate(child.units):
                here = (*path, (child.name, at if child.stacked else None))
                cost = evaluate(costs.get(here, ZERO), sizes) if spent is not None else None
                label = show(tuple(Step(name, index) for name, index in here))
                amounts = (stored.get(here, 0), applied.get(here, 0), cost)
                rows.append(ModuleRow(label, len(path), each.name, *amounts, child.span))
                descend(each, here)

    descend(model.root, ())
    return rows


def _slots(path: Path) -> tuple[flops.Slot, ...]:
    return tuple((step.name, step.index) for step in path)


def _up(
    found: dict[tuple[flops.Slot, ...], int],
    parts: list[tuple[tuple[flops.Slot, ...], Poly]],
    sizes: Mapping[str, int],
) -> dict[tuple[flops.Slot, ...], int]:
    """Each amount added to its layer and to all layers around it."""
    known: dict[int, int] = {}
    for path, amount in parts:
        value = known.get(id(amount))
        if value is None:
            value = known[id(amount)] = amount.evaluate(sizes)
        for end in range(1, len(path) + 1):
            found[path[:end]] = found.get(path[:end], 0) + value
    return found


def storage_rows(model: Model, solved: Solved, spec: str) -> list[StorageRow]:
    readers: dict[int, list[Reader]] = {}
    for site in solved.sites:
        expr = solved.reads[site.index]
        reader = Reader(show(site.path), expression(expr, solved.storages))
        for at in storages_of(expr):
            readers.setdefault(at, []).append(reader)
    rows = []
    for storage in solved.storages:
        count = 1
        for each in storage.shape:
            count *= each
        rows.append(
            StorageRow(
                storage_name(storage),
                storage.shape,
                count,
                storage.trainable,
                _declared_at(model, storage.owner, storage.span, spec),
                tuple(readers.get(storage.index, ())),
                storage.because,
            )
        )
    return rows


def _declared_at(model: Model, owner: Path, span: Span | None, spec: str) -> Span:
    """The line of the spec that declares a weight; for weights of imported layers, the layer's line."""
    if span is not None and span.path == spec:
        return span
    found = NOWHERE
    unit = model.root
    for step in owner:
        child = unit.children[step.name]
        if child.span.path == spec:
            found = child.span
        unit = child.units[step.index or 0]
    return found if found is not NOWHERE else span or NOWHERE
