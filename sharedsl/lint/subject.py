"""What rules look at: a file, and each build or plan of it solved, with who reads what and which line says so."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from math import prod

from sharedsl.analysis.pipeline import Analysis, Compiled
from sharedsl.lint.settings import Limits
from sharedsl.model.sites import Path, Site, Step, declared
from sharedsl.model.tree import Model, Unit
from sharedsl.model.weights import Expr, Solved, Storage, children, storages_of
from sharedsl.source import SourceFile, Span
from sharedsl.syntax import ast


class File:
    """A file by itself."""

    def __init__(self, analysis: Analysis, limits: Limits) -> None:
        self.analysis, self.limits = analysis, limits
        self.source: SourceFile = analysis.source
        self.tree: ast.File = analysis.file

    def items(self, *kinds: type) -> Iterator[ast.Item]:
        return (item for item in self.tree.items if isinstance(item, kinds))


class Subject:
    """A build, or a model under plans. `place` is its name in the text, where what has no line of its own is told."""

    def __init__(self, analysis: Analysis, compiled: Compiled, refs: tuple[ast.PlanRef, ...], place: Span) -> None:
        self.analysis, self.compiled, self.refs, self.place = analysis, compiled, refs, place
        self.limits = Limits()
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
    def readers(self) -> dict[int, list[Site]]:
        """storage -> the sites that read it, in order."""
        found: dict[int, list[Site]] = {}
        for site in self.solved.sites:
            for storage in storages_of(self.solved.reads[site.index]):
                found.setdefault(storage, []).append(site)
        return found

    def declared_readers(self, storage: Storage) -> dict[Path, Site]:
        """The declared weights that read a storage, each with its first application."""
        found: dict[Path, Site] = {}
        for site in self.readers.get(storage.index, ()):
            found.setdefault(declared(site.path), site)
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

    def stacks(self) -> Iterator[tuple[Path, str, tuple[Unit, ...]]]:
        """Every declared stack: the path of its parent, its name, its elements."""
        yield from _stacks(self.model.root, ())


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
