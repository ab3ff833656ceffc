"""What elaboration of one model shares: the scope, the findings, and every unit made so far."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sharedsl.analysis.report import Reporter
from sharedsl.analysis.scope import Definition, FileScope, Scope
from sharedsl.comptime import Scope as Names
from sharedsl.comptime import Trace
from sharedsl.model.dataflow import Body
from sharedsl.model.sizes import Size, Value
from sharedsl.model.tree import Unit
from sharedsl.record import dataclass, field
from sharedsl.source import Span
from sharedsl.syntax import ast

if TYPE_CHECKING:
    from sharedsl.layers import Layer
    from sharedsl.model.folds import DataflowEdit, FoldEdit

#: sites of one model, elements of one stack, turns of one loop
LIMIT = 200_000
#: turns of the loops of one model's forwards, which are unrolled
MAX_TURNS = 20_000
#: blocks inside blocks
MAX_DEPTH = 100


@dataclass(slots=True, eq=False)
class Draft:
    """A unit while its forwards are still to be read: the unit, and what only elaboration needs to know of it."""

    unit: Unit
    home: FileScope | None = None
    item: ast.Block | ast.Extern | None = None
    layer: Layer | None = None
    #: the unit's parameters in its own terms
    names: Mapping[str, Value] = field(default_factory=dict)
    forwards: dict[str | None, ast.Forward] = field(default_factory=dict)
    #: declared names -> where
    places: dict[str, Span] = field(default_factory=dict)
    #: declared, but wrong: using them says nothing more
    broken: set[str] = field(default_factory=set)
    #: children that some forward applies
    applied: set[str] = field(default_factory=set)
    #: bodies by what they were read for
    bodies: dict[object, Body | None] = field(default_factory=dict)
    #: the forwards that are being read right now
    reading: list[object] = field(default_factory=list)
    #: folds of this unit's children and of what is below them
    folds: tuple[DataflowEdit, ...] = ()
    #: names of what `once` keeps: the forward, and which of its `once` it is
    onces: dict[str, object] = field(default_factory=dict)
    #: init lines of the block, in order
    inits: list[ast.InitDecl] = field(default_factory=list)


#: an entry point, None for the main one, and the name that it gives a run-time size
EntrySize = tuple[str | None, str]


class Inferred(Exception):
    """Run-time sizes of an entry point turned out to be others: all is read again with these."""

    def __init__(self, sizes: dict[EntrySize, Size]) -> None:
        super().__init__(*sizes)
        self.sizes = sizes


def _says(size: Size, name: str) -> bool:
    return not isinstance(size.ground, int) and name in size.ground.names()


@dataclass(slots=True, eq=False)
class Shop:
    """The workshop of one elaboration."""

    scope: Scope
    report: Reporter
    trace: Trace
    incremental: bool = False
    folds: tuple[DataflowEdit, ...] = ()
    units: dict[object, Draft | None] = field(default_factory=dict)
    drafts: dict[int, Draft] = field(default_factory=dict)
    functions: dict[str, Body] = field(default_factory=dict)
    function_keys: dict[object, str] = field(default_factory=dict)
    #: functions that are being read right now
    reading: list[object] = field(default_factory=list)
    #: folds that found what they fold
    folded: set[FoldEdit] = field(default_factory=set)
    #: whether the root's optional inputs are given; None: known when the module runs
    presence: bool | None = None
    #: the forward of the root that is being read, the run-time sizes that it binds, and those of the ones before it
    entry: str | None = None
    own: set[str] = field(default_factory=set)
    earlier: set[str] = field(default_factory=set)
    #: those of its sizes that an earlier entry has under the same name, in the same place
    settled: set[str] = field(default_factory=set)
    #: run-time sizes that only optional inputs of an entry bind: what they must be is inferred from their use
    free: Mapping[str | None, set[str]] = field(default_factory=dict)
    inferred: dict[EntrySize, Size] = field(default_factory=dict)
    #: the run-time size that stands for how long growing states are; None: each by its own name
    grown: str | None = None
    #: whether forwards are now being read whose states are the caller's; in incremental builds always
    keeps: bool = False
    turns: int = 0
    #: loops that stay loops when the module runs, so far
    loops: int = 0
    #: parameters whose very value decides what some forward does
    decided: set[str] = field(default_factory=set)
    #: blocks that are being elaborated, outermost first
    inside: list[Definition] = field(default_factory=list)

    def draft(self, unit: Unit) -> Draft:
        return self.drafts[id(unit)]

    def names(self, values: Mapping[str, Value], home: FileScope) -> Names:
        """For compile-time expressions of `home`'s text."""
        return Names(values, self.trace, home.known)

    def infer(self, a: Size, b: Size) -> None:
        """If one of two sizes that must be equal is free, it is the other one: raises Inferred to begin again so."""
        for one, other in ((a, b), (b, a)):
            name = str(one.ground)
            mine = (self.entry, name)
            if name in self.free.get(self.entry, ()) and mine not in self.inferred and not _says(other, name):
                raise Inferred({mine: other})

    def text(self, span: Span) -> str:
        """The spec's own words at a place, on one line."""
        file = self.scope.files.get(span.path)
        return " ".join(file.source.slice(span).split()) if file else ""
