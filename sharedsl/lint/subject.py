"""What rules look at: a file, and each build or plan of it solved, with who reads what and which line says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from math import prod
from typing import Any, TypeVar

from sharedsl.analysis.pipeline import Analysis, Compiled
from sharedsl.lint.settings import Limits
from sharedsl.model.sites import Path, Site, Step, declared, show
from sharedsl.model.tree import Model, Unit
from sharedsl.model.weights import Expr, Solved, Storage, children, storages_of
from sharedsl.record import dataclass
from sharedsl.source import SourceFile, Span
from sharedsl.syntax import ast

#: what a function said of an item: an editor keeps it while the item is as it was
Said = dict[tuple[int, Callable[[Any], Any]], tuple[ast.Item, Any]]
T = TypeVar("T")


class File:
    """A file by itself. `before` is what was said of its items, as `said` of a file before."""

    def __init__(self, analysis: Analysis, limits: Limits, before: Said | None = None) -> None:
        self.analysis, self.limits = analysis, limits
        self.source: SourceFile = analysis.source
        self.tree: ast.File = analysis.file
        self.said: Said = {}
        self._before = before or {}

    def once(self, function: Callable[[Any], T], item: ast.Item) -> T:
        """What a function says of an item, which depends on nothing but the item."""
        key = (id(item), function)
        known = self.said.get(key) or self._before.get(key)
        if known is None or known[0] is not item:
            known = (item, function(item))
        self.said[key] = known
        return known[1]

    @cached_property
    def given(self) -> dict[str, list[ast.Plan | ast.Build]]:
        """The plans and builds of each model by its name."""
        found: dict[str, list[ast.Plan | ast.Build]] = {}
        for each in self.items(ast.Plan, ast.Build):
            assert isinstance(each, ast.Plan | ast.Build)
            found.setdefault(each.model, []).append(each)
        return found

    def items(self, *kinds: type) -> Iterator[ast.Item]:
        return (item for item in self.tree.items if isinstance(item, kinds))


@dataclass(slots=True)
class Stack:
    """A declared stack: the path of its parent, its name, its elements, the sites of each weight that these have."""

    parent: Path
    name: str
    elements: tuple[Unit, ...]
    sites: dict[tuple[str, ...], list[Site]]

    @property
    def shown(self) -> str:
        return f"{show(self.parent)}.{self.name}" if self.parent else self.name


class Subject:
    """A build, or a model under plans. `place` is its name in the text, where what has no line of its own is told."""

    def __init__(self, analysis: Analysis, compiled: Compiled, refs: tuple[ast.PlanRef, ...], place: Span) -> None:
        self.analysis, self.compiled, self.refs, self.place = analysis, compiled, refs, place
        self.limits = Limits()
        self._memory: dict[object, object] = {}
        self.path = analysis.source.path
        self.model: Model = compiled.model
        self.solved: Solved = compiled.solved

    @property
    def name(self) -> str:
        return self.compiled.name

    # ------------------------------------------------------------------ the plan's lines

    @cached_property
    def plan_items(self) -> list[ast.Plan]:
        """The plans that take part, those that they extend included, that stand in this file."""
        found: dict[str, ast.Plan] = {}
        queue = [ref.name for ref in self.refs]
        while queue:
            name = queue.pop()
            known = self.analysis.scope.plan(self.model.name, name)
            if known is not None and name not in found:
                found[name] = known.plan
                queue += [ref.name for ref in known.plan.extends]
        return [plan for plan in found.values() if plan.span.path == self.path]

    @cached_property
    def relations(self) -> dict[Span, ast.Relation]:
        """The relations of this file's plans by where they stand, those inside of `for` and `if` included."""
        found: dict[Span, ast.Relation] = {}
        for plan in self.plan_items:
            for each in relations(plan.body):
                found[each.span] = each
        return found

    # ------------------------------------------------------------------ who reads what

    @cached_property
    def storages(self) -> list[tuple[int, ...]]:
        """site -> the storages that it reads."""
        return [storages_of(read) for read in self.solved.reads]

    @cached_property
    def declared(self) -> list[Path]:
        """site -> the path of the declared weight."""
        return [declared(site.path) for site in self.solved.sites]

    @cached_property
    def readers(self) -> dict[int, list[Site]]:
        """storage -> the sites that read it, in order."""
        found: dict[int, list[Site]] = {}
        for site in self.solved.sites:
            for storage in self.storages[site.index]:
                found.setdefault(storage, []).append(site)
        return found

    def declared_readers(self, storage: Storage) -> dict[Path, Site]:
        """The declared weights that read a storage, each with its first application."""
        return self._declared_readers.get(storage.index, {})

    @cached_property
    def _declared_readers(self) -> dict[int, dict[Path, Site]]:
        found: dict[int, dict[Path, Site]] = {}
        for storage, sites in self.readers.items():
            own = found[storage] = {}
            for site in sites:
                own.setdefault(self.declared[site.index], site)
        return found

    @cached_property
    def stored(self) -> int:
        return sum(prod(each.shape) for each in self.solved.storages)

    def lines_of(self, storage: Storage) -> list[Span]:
        """The lines of this file that joined or defined a storage."""
        return [span for span in storage.because if span.path == self.path]

    # ------------------------------------------------------------------ the declared layers

    def layer_span(self, path: Path) -> Span | None:
        """Where this file declares the layer that a path leads to, or the one around it that it does declare."""
        found = None
        unit = self.model.root
        for step in path:
            child = unit.children.get(step.name)
            if child is None:
                break
            if child.span.path == self.path:
                found = child.span
            unit = child.units[step.index or 0]
        return found

    @cached_property
    def stacks(self) -> list[Stack]:
        """Every declared stack."""
        found = [Stack(*each, {}) for each in _stacks(self.model.root, ())]
        steps = [tuple(map(str, path)) for path in self.declared]
        for stack in found:
            at, parent = len(stack.parent), tuple(map(str, stack.parent))
            for site in self.solved.sites:
                own = steps[site.index]
                if len(own) > at and own[:at] == parent and self.declared[site.index][at].name == stack.name:
                    stack.sites.setdefault(own[at + 1 :], []).append(site)
        return found

    def memory(self, function: Callable[[Subject], T]) -> T:
        """What a function says of the subject, worked out once."""
        if function not in self._memory:
            self._memory[function] = function(self)
        return self._memory[function]  # type: ignore[return-value]


def _stacks(unit: Unit, path: Path) -> Iterator[tuple[Path, str, tuple[Unit, ...]]]:
    for name, child in unit.children.items():
        if child.stacked:
            yield path, name, child.units
        seen: set[int] = set()
        for index, each in enumerate(child.units):
            if id(each) not in seen:  # equal elements have equal stacks
                seen.add(id(each))
                yield from _stacks(each, (*path, Step(name, index if child.stacked else None)))


def relations(body: tuple[ast.Relation, ...]) -> Iterator[ast.Relation]:
    """The relations of a plan, those inside of `for` and `if` and stages included."""
    for each in body:
        match each:
            case ast.PlanFor() | ast.Stage():
                yield from relations(each.body)
            case ast.PlanIf():
                yield from relations(each.then)
                yield from relations(each.other)
            case _:
                yield each


def nodes(expr: Expr) -> Iterator[Expr]:
    """A weight expression and all its parts."""
    yield expr
    for each in children(expr):
        yield from nodes(each)


def units(unit: Unit) -> Iterator[Unit]:
    """A unit and all below it, equal ones once."""
    seen: set[int] = set()
    todo = [unit]
    while todo:
        here = todo.pop()
        if id(here) in seen:
            continue
        seen.add(id(here))
        yield here
        for child in here.children.values():
            todo += child.units
