"""What a plan is read in: the model's parameters, the plans in scope, the declared layers; and expanded plans."""

from __future__ import annotations

from collections.abc import Mapping

from sharedsl.comptime import Scope, Trace
from sharedsl.model.sites import Path, Step
from sharedsl.model.sizes import Value
from sharedsl.model.tree import Unit
from sharedsl.record import dataclass, field
from sharedsl.source import Span
from sharedsl.syntax import ast


@dataclass(frozen=True, slots=True)
class LayerTree:
    """The declared structure below a unit, without applications: children, stack lengths, weights, input names."""

    unit: Unit

    def children(self) -> tuple[str, ...]:
        return tuple(self.unit.children)

    def stacked(self, name: str) -> bool:
        return self.unit.children[name].stacked

    def length(self, name: str) -> int:
        return len(self.unit.children[name].units)

    def child(self, name: str, index: int = 0) -> LayerTree:
        return LayerTree(self.unit.children[name].units[index])

    def weights(self) -> tuple[str, ...]:
        return tuple(self.unit.weights)

    def inputs(self) -> tuple[str, ...]:
        """The names of the inputs of its forwards."""
        names = {each.name: None for body in self.unit.bodies.values() for each in body.inputs}
        return tuple(names)

    def at(self, path: Path) -> LayerTree:
        unit = self.unit
        for step in path:
            unit = unit.child(Step(step.name, step.index))
        return LayerTree(unit)


@dataclass(slots=True)
class PlanContext:
    """`model` is the model's name, `parameters` its bound parameters, `plans` those in scope by name."""

    model: str
    parameters: Mapping[str, Value]
    plans: Mapping[str, ast.Plan]
    layers: LayerTree
    trace: Trace = field(default_factory=Trace)
    #: layers that the plan puts into the model: patterns do not name them
    added: frozenset[Path] = frozenset()
    #: the weights, as paths of (name, index), that a `reuse` has taken away
    gone: frozenset[tuple[tuple[str, int | None], ...]] = frozenset()


@dataclass(frozen=True, slots=True)
class Line:
    """One relation with the names in its reach. Two lines are one when both are equal: a plan is a set."""

    relation: ast.Relation
    scope: Scope = field(compare=False, repr=False)
    #: the values of the names that the relation could see beyond the model's parameters
    bound: tuple[tuple[str, object], ...] = ()
    plan: str = field(default="", compare=False)

    @property
    def span(self) -> Span:
        return self.relation.span


@dataclass(frozen=True, slots=True)
class Level:
    """One plan: what it extends, solved first, and its own lines."""

    name: str
    parents: tuple[Level, ...] = ()
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class StagePlan:
    """A stage of a plan: from when on, and its own lines. `place` is where its name stands."""

    name: str
    step: int
    lines: tuple[Line, ...]
    place: Span


@dataclass(frozen=True, slots=True)
class ExpandedPlans:
    """The union of the plans of a build; `names` are those that took part, in order of first mention.

    The stages are in the order in which training comes to them. None of them is part of `top`.
    """

    top: Level
    names: tuple[str, ...] = ()
    stages: tuple[StagePlan, ...] = ()

    def at(self, stage: str) -> ExpandedPlans:
        """The plan of a stage: it extends what stands outside the stages by its own lines."""
        found = next(each for each in self.stages if each.name == stage)
        return ExpandedPlans(Level(stage, (self.top,), found.lines), (*self.names, stage), self.stages)

    def lines(self) -> tuple[Line, ...]:
        """Every line of every plan, once each."""
        found: dict[Line, None] = {}
        _gather(self.top, found, set())
        return tuple(found)


def _gather(level: Level, found: dict[Line, None], seen: set[int]) -> None:
    if id(level) in seen:
        return
    seen.add(id(level))
    for parent in level.parents:
        _gather(parent, found, seen)
    for line in level.lines:
        found.setdefault(line)
