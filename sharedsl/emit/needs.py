"""How one application of a leaf gets its weights: from its own module, through another owner's call, or as tensors."""

from __future__ import annotations

from collections.abc import Callable

from sharedsl.analysis import lowering as low
from sharedsl.emit.applications import App
from sharedsl.emit.gathers import has_gather
from sharedsl.emit.repeats import Repeated
from sharedsl.model import weights as w
from sharedsl.model.sites import Path
from sharedsl.model.sizes import Real
from sharedsl.record import dataclass


@dataclass(frozen=True, slots=True)
class Role:
    """A further use of an owner's weight, inside the owner's own forward: `form` reads only the owner's storages."""

    layer: str
    form: low.Form
    #: how many of the weight's axes are outputs
    split: int = 1
    #: with the owner's bias added
    bias: bool = False


@dataclass(frozen=True, slots=True)
class Module:
    """The module at `path`, called; with a role, called for that."""

    path: Path
    role: Role | None = None


@dataclass(frozen=True, slots=True)
class Tensor:
    """A storage of another module, got by calling the module without input."""

    path: Path
    name: str
    storage: int


@dataclass(frozen=True, slots=True)
class Turn:
    """Which of the applications of one module this is, where they do not all read the same."""

    number: int
    path: Path = ()


Need = Module | Tensor | Turn


@dataclass(frozen=True, slots=True)
class Reach:
    """How an application is computed where its parent calls it.

    "module": call `callee` with `needs` as further arguments. "role": call `callee` for a role of it, then `then` (a
    module of the reader's own parts) on the result, times `scale`. "functional": the operation itself, on `needs`.
    """

    kind: str
    callee: Module | None
    needs: tuple[Need, ...] = ()
    then: Module | None = None
    scale: Real | None = None
    #: how the result is still to be repeated
    repeated: Repeated | None = None


def by_tensors(reads: list[w.Expr], solved: w.Solved, path: Path) -> tuple[Need, ...]:
    """All that the expressions read of other owners, each tensor once."""
    numbers = dict.fromkeys(number for read in reads for number in w.storages_of(read))
    storages = [solved.storages[number] for number in sorted(numbers)]
    return tuple(Tensor(each.owner, each.name, each.index) for each in storages if each.owner != path)


def leaf_reach(
    app: App, solved: w.Solved, path: Path, plain: Callable[[Path], bool], leaf: Callable[[Path], bool]
) -> Reach:
    """The reach of a leaf whose weights are not simply another module's.

    `plain(path)`: calling it is `W x + b`. `leaf(path)`: it is a leaf, whose call can be given further uses.
    """
    reads = {name: solved.reads[site] for name, site in app.weights.items()}
    owners = {number: solved.storages[number].owner for read in reads.values() for number in w.storages_of(read)}
    own = {number for number, owner in owners.items() if owner == path}
    keeps = bool(own) or bool(app.unit.buffers)
    site = app.weights.get("weight")
    indexed = any(has_gather(read) for read in reads.values())
    chainable = site is not None and app.unit.name in low.CHAINABLE and not indexed
    if site is not None and chainable and all(leaf(owner) for owner in owners.values()):
        spec = solved.sites[site].spec
        form = low.lower(reads["weight"], app.unit.name, spec.axes)
        split = sum(axis.side == "out" for axis in spec.axes)
        found = _by_role(app, form, reads, owners, path, split)
        found = found or _by_terms(app, form, reads, owners, path, split, solved, plain)
        if found is not None:
            return found
    needs = tuple(
        Tensor(owner, solved.storages[number].name, number) for number, owner in owners.items() if owner != path
    )
    if keeps:
        return Reach("module", Module(path), needs, repeated=leaf_repeat(app, solved))
    return Reach("functional", None, needs)


def leaf_repeat(app: App, solved: w.Solved) -> Repeated | None:
    """Where every weight is repeated along its outputs alike, the small result is computed and repeated."""
    found: set[Repeated | None] = set()
    for site in app.weights.values():
        read = solved.reads[site]
        found.add(repeated_by(read, solved) if isinstance(read, w.Repeat) else None)
    only = found.pop() if len(found) == 1 else None
    return only if app.unit.name == "Linear" else None


def repeated_by(read: w.Repeat, solved: w.Solved) -> Repeated:
    """A plan says how many are left where these are a number, or one."""
    left = read.of.shape[read.axis]
    said = isinstance(read.of, w.Read) and not solved.storages[read.of.storage].axes[read.axis].size.code.names()
    return Repeated(read.axis, read.times, left if said or left == 1 else None)


def _by_role(
    app: App, form: low.Form, reads: dict[str, w.Expr], owners: dict[int, Path], path: Path, split: int
) -> Reach | None:
    """The whole weight is one other module's: that module computes the product."""
    scale = None
    if isinstance(form, low.Scaled):
        scale, form = Real(form.factor, form.code), form.of
    used = {owners[number] for expr in expressions(form) for number in w.storages_of(expr)}
    if len(used) != 1 or path in used:
        return None
    others = {owners[number] for name, read in reads.items() if name != "weight" for number in w.storages_of(read)}
    if others - {path}:
        return None
    then = Module(path) if others else None
    return Reach("role", Module(used.pop(), Role(app.unit.name, form, split)), then=then, scale=scale)


def _by_terms(
    app: App,
    form: low.Form,
    reads: dict[str, w.Expr],
    owners: dict[int, Path],
    path: Path,
    split: int,
    solved: w.Solved,
    plain: Callable[[Path], bool],
) -> Reach | None:
    """Own parts beside another module's product: `base(x) + self.lora(x)`, `up(basis(x))`."""
    parts = form.parts if isinstance(form, low.Sum) else (form,)
    if app.unit.name != "Linear":
        return None
    needs: list[Need] = []
    for part in parts:
        used = {owners[number] for expr in expressions(part) for number in w.storages_of(expr)}
        if used == {path}:
            continue
        if len(used) == 1:
            needs.append(Module(used.pop(), Role(app.unit.name, part, split)))
            continue
        if isinstance(part, low.Chain):
            left = {owners[number] for number in w.storages_of(part.left)}
            right = {owners[number] for number in w.storages_of(part.right)}
            if left == {path} and len(right) == 1:
                needs.append(Module(right.pop(), Role(app.unit.name, low.Whole(part.right), 1)))
                continue
        return None
    bias = reads.get("bias")
    if bias is not None and not _joined(bias, needs, owners, solved, plain):
        for number in w.storages_of(bias):
            if owners[number] != path:
                needs.append(Tensor(owners[number], solved.storages[number].name, number))
    return Reach("module", Module(path), tuple(needs), repeated=leaf_repeat(app, solved))


def _joined(
    bias: w.Expr, needs: list[Need], owners: dict[int, Path], solved: w.Solved, plain: Callable[[Path], bool]
) -> bool:
    """Whether the bias comes with the call of the module that the weight is taken from."""
    if not isinstance(bias, w.Read) or solved.storages[bias.storage].name != "bias":
        return False
    for at, need in enumerate(needs):
        if isinstance(need, Module) and need.path == owners[bias.storage] and need.role is not None:
            form = need.role.form
            if isinstance(form, low.Whole) and isinstance(form.expr, w.Read):
                role = None if plain(need.path) else Role(need.role.layer, form, need.role.split, bias=True)
                needs[at] = Module(need.path, role)
                return True
    return False


def expressions(form: low.Form) -> tuple[w.Expr, ...]:
    """The weight expressions in a form."""
    match form:
        case low.Whole() | low.Digits():
            return (form.expr,)
        case low.Chain():
            return (form.left, form.right)
        case low.Sum():
            return tuple(expr for part in form.parts for expr in expressions(part))
        case _:
            return expressions(form.of)
