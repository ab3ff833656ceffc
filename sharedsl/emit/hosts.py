"""Which modules exist in the code, which applications each of them computes, and what they are handed from outside.

Every declared layer that owns a storage is a module at its own path. A layer whose weights are all another layer's, one
for one, does not exist: its calls go to that layer. What is left, layers that are partly their own and partly others',
are modules whose calls take the other owners as arguments, passed down by the nearest common ancestor.
"""

from __future__ import annotations

from sharedsl.analysis.applied import Applied
from sharedsl.emit.applications import App
from sharedsl.emit.gathers import Tables
from sharedsl.emit.lift import Lifted, Lifts
from sharedsl.emit.needs import Reach, Role
from sharedsl.model import weights as w
from sharedsl.model.sites import Path, Step
from sharedsl.model.tree import Model, Unit
from sharedsl.record import dataclass, field


@dataclass(frozen=True, slots=True)
class Own:
    """A module below the one at hand, or (with `name`) a storage of it."""

    below: Path
    role: Role | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """Argument number `slot` of the call, or the module below it."""

    slot: int
    below: Path = ()
    role: Role | None = None


@dataclass(frozen=True, slots=True)
class Constant:
    """A number that the parent knows: which application this is."""

    number: int
    role: None = None


Ref = Own | Given | Constant


@dataclass(frozen=True, slots=True)
class Binding:
    """A `Reach` seen from inside the parent's class."""

    reach: Reach
    callee: Ref | None
    needs: tuple[Ref, ...]
    then: Ref | None


@dataclass(frozen=True, slots=True)
class Slot:
    """A further argument of a module's call: another owner module (`tensor` false) or a weight."""

    name: str
    tensor: bool


@dataclass(slots=True, eq=False)
class Host:
    """A module of the emitted file: every application in `apps` is one call of it."""

    path: Path
    unit: Unit
    apps: list[App] = field(default_factory=list)
    owned: list[w.Storage] = field(default_factory=list)
    slots: tuple[Slot, ...] = ()
    bindings: dict[Step, Binding] = field(default_factory=dict)
    roles: dict[Role, None] = field(default_factory=dict)
    #: own storages that other modules are given as tensors
    exports: dict[str, None] = field(default_factory=dict)
    children: dict[str, dict[int | None, Host]] = field(default_factory=dict)
    #: values that the parent computes once for all elements of a stack: the calls that they stand for
    lifted: dict[Step, Lifted] = field(default_factory=dict)
    #: what the stacks' calls of this module compute before their loops
    lifts: Lifts = field(default_factory=dict)
    #: weights that a block declares itself: what they read, and where each storage is found
    weights: dict[str, tuple[w.Expr, dict[int, Ref]]] = field(default_factory=dict)
    #: the different ways in which a leaf's applications read their weights
    variants: list[tuple[w.Expr, ...]] = field(default_factory=list)
    #: how many applications it has, where it keeps buffers: each has a row of them
    rows: int = 1
    #: a leaf's own computation
    reach: Reach | None = None
    #: the indices of gathers that its code reads weights through
    tables: Tables = field(default_factory=Tables)

    @property
    def leaf(self) -> bool:
        return self.unit.kind in ("primitive", "extern")

    @property
    def stepped(self) -> bool:
        """Whether its calls are told the row of its step embedding."""
        return any(app.step is not None for app in self.apps)

    @property
    def always_stepped(self) -> bool:
        return all(app.step is not None for app in self.apps)

    def owned_shapes(self) -> tuple[tuple[int, ...], ...]:
        return tuple(storage.shape for storage in self.owned)


@dataclass(slots=True)
class Layout:
    """All modules by path, the root's at ()."""

    model: Model
    solved: w.Solved
    root: App
    hosts: dict[Path, Host]
    applied: Applied
    #: prefixes of names that stand for the owner's, once they are asked for
    aliases: dict[str, str] | None = None
