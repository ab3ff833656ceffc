"""What the tensors of a stage are made of when training enters it: expressions over the storages of a plan before."""

from __future__ import annotations

from sharedsl.model.sites import Path, declared, key
from sharedsl.model.weights import (
    Concat,
    Detach,
    Expr,
    Flip,
    Permute,
    Read,
    Repeat,
    Reshape,
    Roll,
    Rot90,
    Scale,
    Slice,
    Solved,
    Storage,
    children,
)
from sharedsl.record import dataclass, replace

#: storages that begin afresh where they are new: what they add is nothing at first
PRIVATE = ("lora", "diagonal", "scale", "step")
_VIEWS = (Read, Permute, Reshape, Slice, Concat, Flip, Rot90, Roll, Repeat, Scale, Detach)


@dataclass(frozen=True, slots=True)
class Migration:
    """`origins[i]` for storage i of the new plan: it begins as their mean, each a formula over the old storages.

    Without origins it begins as its initialiser says.
    """

    old: Solved
    new: Solved
    origins: tuple[tuple[Expr, ...], ...]

    @property
    def missing(self) -> tuple[Storage, ...]:
        """Storages that need a value of the plan before, and get none."""
        found = zip(self.new.storages, self.origins, strict=True)
        return tuple(each for each, origins in found if not origins and each.role not in PRIVATE)


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of a build: from when on, and what its tensors are made of by the stage before (None: the build)."""

    name: str
    step: int
    entries: tuple[tuple[str | None, Migration], ...]


def storage_key(storage: Storage) -> str:
    """Its name in a checkpoint."""
    return f"{key(storage.owner)}.{storage.name}" if storage.owner else storage.name


def linear(expr: Expr, inside: bool = False) -> bool:
    """Whether each element is one constant times one element, so that an optimizer's moments go the same way."""
    if isinstance(expr, Scale) and inside:
        return False
    inside = inside or isinstance(expr, Concat)
    return isinstance(expr, _VIEWS) and all(linear(child, inside) for child in children(expr))


def without_scale(expr: Expr) -> tuple[float, Expr]:
    """The constant of a linear expression, and the expression without it."""
    if isinstance(expr, Read | Concat):
        return 1.0, expr
    (of,) = children(expr)
    factor, bare = without_scale(of)
    if isinstance(expr, Scale):
        return factor * expr.factor, bare
    return factor, replace(expr, of=bare)  # type: ignore[arg-type]


def readings(solved: Solved) -> tuple[dict[Path, Expr], dict[Path, Expr]]:
    """What each site reads, by its path; and by the path of its declared layer, of the first application."""
    exact: dict[Path, Expr] = {}
    loose: dict[Path, Expr] = {}
    for site, read in zip(solved.sites, solved.reads, strict=True):
        exact[site.path] = read
        loose.setdefault(declared(site.path), read)
    return exact, loose
