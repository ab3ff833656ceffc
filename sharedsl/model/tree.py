"""The elaborated model: units (a block with its arguments), their children, and what the root computes."""

from __future__ import annotations

from sharedsl.model.dataflow import Body, Expr, Tensor, Type
from sharedsl.model.sites import Init, Path, Site, Step, WeightSpec
from sharedsl.model.sizes import Arith, Size, Value
from sharedsl.record import dataclass, field
from sharedsl.source import NOWHERE, Span


@dataclass(slots=True)
class BufferSpec:
    """Belongs to the module: saved (unless not persistent), not trained, one per application."""

    name: str
    type: Tensor
    value: Value
    persistent: bool = True
    span: Span = NOWHERE


@dataclass(slots=True)
class StateSpec:
    """Belongs to a sequence: passed in and out. `growing` is the axis whose length starts at 0 (None: fixed size).

    A plain `int` state has type None and counts.
    """

    name: str
    type: Tensor | None
    value: Value
    growing: int | None = None
    size_name: str | None = None
    span: Span = NOWHERE


@dataclass(slots=True)
class Child:
    """A declared layer of a unit: one unit, or a stack of them.

    `arguments[i]` are the arguments that element i is made with, in the parent's own terms (their `code` is what the
    parent's constructor prints). `count` is the stack's length in the parent's terms, None for a single layer.
    """

    name: str
    units: tuple[Unit, ...]
    arguments: tuple[dict[str, Value], ...]
    count: Size | None = None
    span: Span = NOWHERE

    @property
    def stacked(self) -> bool:
        return self.count is not None


@dataclass(slots=True)
class Unit:
    """A block, model, primitive or extern layer with its arguments bound. Equal ones are one object.

    `arguments` are in the unit's own terms: each number's `code` is the parameter's own name.
    """

    name: str
    kind: str  # "model", "block", "primitive", "extern"
    arguments: dict[str, Value]
    children: dict[str, Child] = field(default_factory=dict)
    weights: dict[str, WeightSpec] = field(default_factory=dict)
    buffers: dict[str, BufferSpec] = field(default_factory=dict)
    states: dict[str, StateSpec] = field(default_factory=dict)
    #: what `once` keeps where states are kept, by name
    onces: dict[str, Type] = field(default_factory=dict)
    #: forwards by key; a primitive has none
    bodies: dict[str, Body] = field(default_factory=dict)
    #: `require` lines: the spec's words and their code, for the constructor
    requires: tuple[tuple[str, Arith], ...] = ()
    doc: str = ""
    #: extern layers: the module that the class is imported from
    module: str | None = None
    #: what a plan's `reuse` made of it: a "Reader" of other layers' values, or a "Writer" of its own
    variant: str = ""
    #: the states that are another layer's since then
    borrowed: tuple[str, ...] = ()
    span: Span = NOWHERE

    def child(self, step: Step) -> Unit:
        child = self.children[step.name]
        return child.units[step.index or 0]


@dataclass(slots=True)
class InitLine:
    """An `init` line of the model: the sites it names, and the initialiser with its code in the model's terms."""

    sites: tuple[int, ...]
    init: Init
    span: Span = NOWHERE


@dataclass(slots=True)
class Model:
    """A model at given arguments, with the folds of a plan applied.

    `entries` are the root's forwards by the spec's names (None: the main one) -> body key, with every optional input
    given; `bare` the same with every optional input left out. `sites` are all weights as every application of the
    main forward sees them, in the model's text order (then stack index, then application), each with its declared
    path and steps. `functions` are the weightless helpers by key.
    """

    name: str
    root: Unit
    parameters: dict[str, Value]
    entries: dict[str | None, str]
    sites: tuple[Site, ...]
    functions: dict[str, Body] = field(default_factory=dict)
    inits: tuple[InitLine, ...] = ()
    defaults: dict[str, Expr] = field(default_factory=dict)
    #: parameters whose very value decides what some forward does: how often a loop turns, which element is meant
    decided: frozenset[str] = frozenset()
    span: Span = NOWHERE

    def unit_at(self, path: Path) -> Unit:
        """The unit that a path of layers leads to."""
        unit = self.root
        for step in path:
            unit = unit.child(step)
        return unit
