"""What a build comes to, by place in the text: shapes of values, counts of layers, owners of weights.

The build that decides the sizes of a model is the first of the file that uses it, else the model's defaults. All counts
are the budget's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property

from sharedsl.analysis.budget.quantity import evaluate
from sharedsl.analysis.budget.readable import expression, storage_name
from sharedsl.analysis.budget.rows import ModuleRow, module_rows
from sharedsl.analysis.budget.totals import Totals
from sharedsl.analysis.pipeline import Analysis, Broken, Compiled, compile_build, compile_plan
from sharedsl.model import dataflow as d
from sharedsl.model.sites import Path, Step, declared, key
from sharedsl.model.tree import Child, Unit
from sharedsl.model.weights import Storage, storages_of
from sharedsl.record import dataclass, replace
from sharedsl.source import Span
from sharedsl.syntax import ast

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

    def total(self, name: str) -> int | None:
        """A total of the budget; None where it depends on run-time sizes."""
        formula = self.totals.poly(name)
        return evaluate(formula, self.totals.assumed) if formula is not None else None

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
    def units(self) -> dict[Span, tuple[Unit, Path]]:
        """The first unit of every block, by the place of the block's name."""
        found: dict[Span, tuple[Unit, Path]] = {}
        for unit in self._units():
            if unit.kind != "primitive":
                found.setdefault(unit.span, (unit, self.paths[id(unit)]))
        return found

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
        known = self.units.get(block)
        for body in known[0].bodies.values() if known is not None else ():
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
        """A layer that a block declares, in the block's first unit."""
        known = self.units.get(block)
        child = known[0].children.get(name) if known is not None else None
        return self.child(known[1], child) if known is not None and child is not None else None

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
                for turn in each.turns[:1]:
                    _types(turn, found)
            case d.While():
                _types(each.body, found)
            case d.Present():
                _types(each.then, found)
                _types(each.other, found)
            case _:
                pass


def _slots(path: Path) -> Slots:
    return tuple((step.name, step.index) for step in declared(path))


def _label(slots: Slots) -> str:
    return ".".join(name if at is None else f"{name}[{at}]" for name, at in slots)


def owner_of(storage: Storage) -> str:
    """The layer that a storage is registered in, as a checkpoint names it."""
    return key(storage.owner)


# ---------------------------------------------------------------------------- which build


class Deciding:
    """The facts of one version of a file, made when they are asked for."""

    def __init__(self, analysis: Analysis) -> None:
        #: a text that is being typed is often not whole; what is said of it is not compiled
        self.analysis = replace(analysis, misread=())
        self._known: dict[str, Facts | None] = {}

    def of_build(self, name: str) -> Facts | None:
        return self._made(f"build {name}", lambda: compile_build(self.analysis, name))

    def of_model(self, name: str) -> Facts | None:
        """By the first build that uses it, or by its defaults."""
        for build in self.analysis.builds.values():
            if build.model == name:
                found = self.of_build(build.name)
                if found is not None:
                    return found
        return self.plain(name)

    def plain(self, name: str) -> Facts | None:
        """A model at its defaults, without a plan."""
        return self._made(f"model {name}", lambda: compile_plan(self.analysis, name))

    def of_plan(self, plan: ast.Plan) -> Facts | None:
        """By the first build that takes it, or on the model's defaults."""
        for build in self.analysis.builds.values():
            if build.model == plan.model and any(ref.name == plan.name for ref in build.plans):
                return self.of_build(build.name)
        if any(param.default is None for param in plan.params):
            return None
        key = f"plan {plan.model} {plan.name}"
        return self._made(key, lambda: compile_plan(self.analysis, plan.model, (plan.name,)))

    def of_block(self, item: ast.Block | ast.Function) -> Facts | None:
        """By the first model of the file that reaches it."""
        if isinstance(item, ast.Block) and item.kind == "model":
            return self.of_model(item.name)
        for name in self._models():
            facts = self.of_model(name)
            if facts is not None and (isinstance(item, ast.Function) or item.name_span in facts.units):
                return facts
        return None

    def _models(self) -> list[str]:
        """Those of builds first, in the text's order."""
        built = [build.model for build in self.analysis.builds.values()]
        items = self.analysis.file.items
        models = [item.name for item in items if isinstance(item, ast.Block) and item.kind == "model"]
        return list(dict.fromkeys((*built, *models)))

    def _made(self, key: str, make: Callable[[], Compiled]) -> Facts | None:
        if key not in self._known:
            try:
                self._known[key] = Facts(make())
            except Broken:
                self._known[key] = None
        return self._known[key]
