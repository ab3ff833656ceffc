"""Which modules exist in the code, which applications each of them computes, and what they are handed from outside.

Every declared layer that owns a storage is a module at its own path. A layer whose weights are all another layer's, one
for one, does not exist: its calls go to that layer. What is left, layers that are partly their own and partly others',
are modules whose calls take the other owners as arguments, passed down by the nearest common ancestor.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from sharedsl.emit.applications import App, applications, step_of
from sharedsl.emit.lift import Lifted, Lifts, find_lifts
from sharedsl.emit.needs import Module, Need, Reach, Role, Tensor, Turn, leaf_reach
from sharedsl.emit.terms import literal_of
from sharedsl.model import weights as w
from sharedsl.model.sites import Path, Step
from sharedsl.model.tree import Model, Unit


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
    #: a leaf's own computation
    reach: Reach | None = None

    @property
    def leaf(self) -> bool:
        return self.unit.kind in ("primitive", "extern")

    def owned_shapes(self) -> tuple[tuple[int, ...], ...]:
        return tuple(storage.shape for storage in self.owned)


@dataclass(slots=True)
class Layout:
    """All modules by path, the root's at ()."""

    model: Model
    solved: w.Solved
    root: App
    hosts: dict[Path, Host]


def layout(model: Model, solved: w.Solved) -> Layout:
    return _Planner(model, solved).run()


@dataclass(slots=True)
class _Planner:
    model: Model
    solved: w.Solved
    hosts: dict[Path, Host] = field(default_factory=dict)
    first: dict[Path, App] = field(default_factory=dict)
    reaches: dict[int, Reach] = field(default_factory=dict)
    pure: dict[int, Path | None] = field(default_factory=dict)
    planned: dict[Path, dict[int, tuple[Need, ...]]] = field(default_factory=dict)

    def run(self) -> Layout:
        root = applications(self.model)
        self._index(root)
        self._place(root)
        for path, lifts in find_lifts(root, self._pure, self._hosted).items():
            self._lift(self.hosts[path], lifts)
        for storage in self.solved.storages:
            self._host(storage.owner).owned.append(storage)
        self._vary()
        for host in list(self.hosts.values()):
            self._plan(host)
        for path, host in self.hosts.items():
            if path:
                parent = self._host(path[:-1])
                parent.children.setdefault(path[-1].name, {})[path[-1].index] = host
        for host in self.hosts.values():
            self._order(host)
        return Layout(self.model, self.solved, root, self.hosts)

    def _hosted(self, app: App) -> Path:
        return self._pure(app) or app.declared if app.path else ()

    def _lift(self, host: Host, lifts: Lifts) -> None:
        for uses, lifted in lifts.items():
            host.lifts[uses] = lifted
            for app in host.apps:
                for use in uses:
                    element = self.hosts[self._hosted(app.children[step_of(use)])]
                    element.lifted |= {each.step: each for each in lifted}

    def _index(self, app: App) -> None:
        self.first.setdefault(app.declared, app)
        for child in app.children.values():
            self._index(child)

    def _host(self, path: Path) -> Host:
        """The module at `path`, which exists from now on, and the modules above it."""
        path = tuple(step.layer() for step in path)
        host = self.hosts.get(path)
        if host is None:
            host = self.hosts[path] = Host(path, self.model.unit_at(path))
            if path:
                self._host(path[:-1])
        return host

    def _order(self, host: Host) -> None:
        """Children in the order in which they are declared, elements of stacks by index."""
        ordered = {name: host.children[name] for name in host.unit.children if name in host.children}
        host.children = {
            name: dict(sorted(elements.items(), key=lambda item: -1 if item[0] is None else item[0]))
            for name, elements in ordered.items()
        }

    # ------------------------------------------------------------------------ which application is computed where

    def _place(self, app: App) -> None:
        target = self._pure(app)
        if target is not None:
            host = self._host(target)
            if any(self._pure(each) == target and each.bodies.keys() >= app.bodies.keys() for each in host.apps):
                return
            host.apps.append(app)
        elif app.leaf:
            reach = leaf_reach(app, self.solved, app.declared, self._plain)
            self.reaches[id(app)] = reach
            self._announce(reach)
            if reach.kind == "module":
                host = self._host(app.declared)
                host.apps.append(app)
                host.reach = reach
            return
        else:
            self._host(app.declared).apps.append(app)
        for child in app.children.values():
            self._place(child)

    def _announce(self, reach: Reach) -> None:
        """Owners learn what else they are used for."""
        for need in (reach.callee, reach.then, *reach.needs):
            if isinstance(need, Module):
                host = self._host(need.path)
                if need.role is not None:
                    host.roles.setdefault(need.role)
            elif isinstance(need, Tensor):
                self._host(need.path).exports.setdefault(need.name)

    def _plain(self, path: Path) -> bool:
        app = self.first.get(path)
        return app is not None and self._pure(app) == path

    def _pure(self, app: App) -> Path | None:
        """The module whose weights all of this application's are, one for one; None if there is no such module."""
        if id(app) not in self.pure:
            self.pure[id(app)] = self._find_pure(app)
        return self.pure[id(app)]

    def _find_pure(self, app: App) -> Path | None:
        own = app.declared
        if not app.sites:
            return own
        target: Path | None = None
        for below, site in app.sites:
            read = self.solved.reads[site]
            if not isinstance(read, w.Read):
                return None
            storage = self.solved.storages[read.storage]
            depth = len(below) - 1
            owner = tuple(step.layer() for step in storage.owner)
            at = len(owner) - depth
            if storage.name != below[-1].name or at < 0 or owner[at:] != below[:-1]:
                return None
            if target not in (None, owner[:at]):
                return None
            target = owner[:at]
        assert target is not None
        if target == own:
            return own
        if _buffers(app.unit) or not same_unit(self.model.unit_at(target), app.unit):
            return None
        owner_app = self.first.get(target)
        return target if owner_app is not None and self._pure(owner_app) == target else None

    # ------------------------------------------------------------------------ what is handed down

    def _reach(self, app: App) -> Reach:
        """How `app` is called, with all that it has to be given."""
        known = self.reaches.get(id(app))
        if known is not None:
            return known
        target = self._pure(app)
        if target is not None:
            host = self._host(target)
            given: tuple[Need, ...] = self._turn(host, app) if host.leaf else self._given(host, app)
            reach = Reach("module", Module(target), given)
        else:
            host = self._host(app.declared)
            reach = Reach("module", Module(app.declared), self._plan(host)[id(app)])
        self.reaches[id(app)] = reach
        return reach

    def _given(self, host: Host, app: App) -> tuple[Need, ...]:
        """What a block's call is given where all of its weights are the block's own."""
        plan = self._plan(host)
        like = next(each for each in host.apps if each is app or self._pure(each) == host.path)
        return plan[id(like)]

    def _turn(self, host: Host, app: App) -> tuple[Need, ...]:
        if len(host.variants) < 2:
            return ()
        reads = tuple(self.solved.reads[site] for _, site in app.sites)
        return (Turn(host.variants.index(reads)),)

    def _vary(self) -> None:
        """Leaves whose applications read different storages of theirs are told which application it is."""
        for host in self.hosts.values():
            if not host.leaf:
                continue
            found = {tuple(self.solved.reads[site] for _, site in app.sites): app for app in reversed(host.apps)}
            host.variants = list(dict.fromkeys(tuple(self.solved.reads[s] for _, s in app.sites) for app in host.apps))
            if len(found) < 2:
                continue
            for app in host.apps:
                reach = self.reaches.get(id(app))
                if reach is not None:
                    self.reaches[id(app)] = replace(reach, needs=(*reach.needs, *self._turn(host, app)))
                    host.reach = self.reaches[id(app)]

    def _plan(self, host: Host) -> dict[int, tuple[Need, ...]]:
        """What each application of `host` has to be given; fills in the host's slots and bindings."""
        if host.path in self.planned:
            return self.planned[host.path]
        self.planned[host.path] = {id(app): () for app in host.apps}
        if host.leaf:
            return self.planned[host.path]
        book = _Slots(host)
        steps: dict[Step, None] = {}
        for app in host.apps:
            steps |= dict.fromkeys(step for step in app.children if step not in host.lifted)
        pending: dict[Step, tuple[Reach, list[list[Need | None]]]] = {}
        for step in steps:
            reaches = [self._reach(app.children[step]) for app in host.apps if step in app.children]
            parts = [[*_parts(reach)] for reach in reaches]
            pending[step] = (reaches[0], [list(column) for column in zip(*parts, strict=True)])
        for step, (reach, columns) in pending.items():
            for column in columns:
                book.see(step, column)
        own = self._own_weights(host)
        for name, columns in own.items():
            for column in columns:
                book.see(Step(name), column)
        book.settle()
        for name, columns in own.items():
            expr = self.solved.reads[host.apps[0].weights[name]]
            found: dict[int, Ref] = {}
            for column in columns:
                ref = book.ref(column)
                if ref is not None and isinstance(column[0], Tensor):
                    found[column[0].storage] = ref
            host.weights[name] = (expr, found)
        for step, (reach, columns) in pending.items():
            refs = [book.ref(column) for column in columns]
            host.bindings[step] = Binding(reach, refs[0], tuple(r for r in refs[2:] if r is not None), refs[1])
        host.slots = book.slots()
        self.planned[host.path] = {id(app): book.given(number) for number, app in enumerate(host.apps)}
        return self.planned[host.path]


    def _own_weights(self, host: Host) -> dict[str, list[list[Need | None]]]:
        """Per weight that the block declares itself, and per storage of it: what each application reads."""
        found: dict[str, list[list[Need | None]]] = {}
        for name in host.unit.weights:
            rows: list[list[Need | None]] = []
            for app in host.apps:
                if name in app.weights:
                    numbers = w.storages_of(self.solved.reads[app.weights[name]])
                    storages = [self.solved.storages[number] for number in numbers]
                    rows.append([Tensor(_layers(each.owner), each.name, each.index) for each in storages])
            found[name] = [list(column) for column in zip(*rows, strict=True)]
        return found


def _layers(path: Path) -> Path:
    return tuple(step.layer() for step in path)


def _parts(reach: Reach) -> tuple[Need | None, ...]:
    return (reach.callee, reach.then, *reach.needs)


def _buffers(unit: Unit) -> bool:
    return bool(unit.buffers) or any(_buffers(each) for child in unit.children.values() for each in set_of(child.units))


def set_of(units: tuple[Unit, ...]) -> tuple[Unit, ...]:
    """Each unit once."""
    return tuple({id(unit): unit for unit in units}.values())


def same_unit(one: Unit, other: Unit) -> bool:
    """Whether they compute the same from the same weights; how these begin is no part of it."""
    if one is other:
        return True
    if one.name != other.name or one.kind != other.kind or _plain(one) != _plain(other):
        return False
    return one.children.keys() == other.children.keys() and all(
        len(child.units) == len(other.children[name].units)
        and all(same_unit(a, b) for a, b in zip(child.units, other.children[name].units, strict=True))
        for name, child in one.children.items()
    )


def _plain(unit: Unit) -> str:
    return repr([(name, literal_of(value)) for name, value in unit.arguments.items()])


@dataclass(slots=True)
class _Slots:
    """The further arguments of one host's calls, found from what its children need in each application."""

    host: Host
    found: list[tuple[list[Need], str, Path]] = field(default_factory=list)
    bases: dict[int, tuple[Path, ...]] = field(default_factory=dict)
    final: list[tuple[tuple[Need, ...], Slot]] = field(default_factory=list)

    def _inside(self, column: list[Need | None]) -> bool:
        first = column[0]
        if first is None or any(need != first for need in column):
            return first is None
        return isinstance(first, Turn) or first.path[: len(self.host.path)] == self.host.path

    def see(self, step: Step, column: list[Need | None]) -> None:
        if self._inside(column):
            return
        needs = [_bare(need) for need in column if need is not None]
        if any(known == needs for known, _, _ in self.found):
            return
        last = needs[0].path[-1].name if needs[0].path else "base"
        hint = needs[0].name if isinstance(needs[0], Tensor) else "turn" if isinstance(needs[0], Turn) else last
        self.found.append((needs, hint, (step.layer(),)))

    def settle(self) -> None:
        """Modules that stand at the same places in one other module are given as that module."""
        roots: dict[tuple[Path, ...], list[int]] = {}
        for number, (needs, _, place) in enumerate(self.found):
            bases = tuple(_base(need, place) for need in needs)
            if all(base is not None for base in bases):
                roots.setdefault(tuple(base for base in bases if base is not None), []).append(number)
        for bases, numbers in roots.items():
            if len(numbers) > 1:
                self.bases |= dict.fromkeys(numbers, bases)
        names: dict[str, None] = {}
        for number, (needs, hint, _) in enumerate(self.found):
            group = self.bases.get(number)
            given: tuple[Need, ...] = tuple(Module(base) for base in group) if group else tuple(needs)
            if all(known != given for known, _ in self.final):
                name = _unique("base" if group else hint, names)
                self.final.append((given, Slot(name, isinstance(given[0], Tensor))))

    def ref(self, column: list[Need | None]) -> Ref | None:
        first = column[0]
        if first is None:
            return None
        role = first.role if isinstance(first, Module) else None
        if isinstance(first, Turn) and self._inside(column):
            return Constant(first.number)
        if self._inside(column):
            below = first.path[len(self.host.path) :]
            return Own(below, role, first.name if isinstance(first, Tensor) else None)
        needs = [_bare(need) for need in column if need is not None]
        number = next(at for at, (known, _, _) in enumerate(self.found) if known == needs)
        group = self.bases.get(number)
        if group:
            given: tuple[Need, ...] = tuple(Module(base) for base in group)
            below = first.path[len(group[0]) :]
        else:
            given, below = tuple(needs), ()
        slot = next(at for at, (known, _) in enumerate(self.final) if known == given)
        return Given(slot, below, role)

    def slots(self) -> tuple[Slot, ...]:
        return tuple(slot for _, slot in self.final)

    def given(self, number: int) -> tuple[Need, ...]:
        return tuple(needs[number] for needs, _ in self.final)


def _bare(need: Need) -> Need:
    """What is handed on; what it is called for is the caller's business."""
    return Module(need.path) if isinstance(need, Module) else need


def _base(need: Need, place: Path) -> Path | None:
    """The module in which `need` stands at `place`."""
    if not isinstance(need, Module) or len(need.path) <= len(place):
        return None
    at = len(need.path) - len(place)
    return need.path[:at] if need.path[at:] == place else None


def _unique(name: str, taken: dict[str, None]) -> str:
    base, number = name, 2
    while name in taken:
        name, number = f"{base}_{number}", number + 1
    taken[name] = None
    return name
