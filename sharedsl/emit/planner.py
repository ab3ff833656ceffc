"""Plans the modules of the file: who computes which application, and what is handed down to whom."""

from __future__ import annotations

from sharedsl.analysis.applied import Applied
from sharedsl.emit.applications import App, applications, step_of
from sharedsl.emit.equal import same_unit
from sharedsl.emit.hosts import Binding, Host, Layout, Ref
from sharedsl.emit.lift import Lifts, find_lifts
from sharedsl.emit.needs import Module, Need, Reach, Tensor, Turn, by_tensors, leaf_reach, leaf_repeat
from sharedsl.emit.slots import Slots
from sharedsl.model import weights as w
from sharedsl.model.sites import Path, Step, declared
from sharedsl.model.tree import Model
from sharedsl.record import dataclass, field


def layout(model: Model, solved: w.Solved) -> Layout:
    return Planner(model, solved).run()


@dataclass(slots=True)
class Planner:
    model: Model
    solved: w.Solved
    hosts: dict[Path, Host] = field(default_factory=dict)
    first: dict[Path, App] = field(default_factory=dict)
    reaches: dict[int, Reach] = field(default_factory=dict)
    leaves: dict[Path, list[App]] = field(default_factory=dict)
    pure: dict[int, Path | None] = field(default_factory=dict)
    planned: dict[Path, dict[int, tuple[Need, ...]]] = field(default_factory=dict)
    applied: Applied = field(init=False)

    def __post_init__(self) -> None:
        self.applied = Applied(self.model)

    def run(self) -> Layout:
        root = applications(self.model, self.solved)
        self._index(root)
        self._place(root)
        self._place_leaves()
        for path, lifts in find_lifts(root, self._pure, self._hosted).items():
            self._lift(self.hosts[path], lifts)
        for storage in self.solved.storages:
            self._host(storage.owner).owned.append(storage)
        for host in list(self.hosts.values()):
            self._plan(host)
        for path, host in self.hosts.items():
            if path:
                parent = self._host(path[:-1])
                parent.children.setdefault(path[-1].name, {})[path[-1].index] = host
        for host in self.hosts.values():
            self._order(host)
        for path, host in self.hosts.items():
            host.rows = self.applied.count(path) if self.applied.keeps(host.unit) else 1
        return Layout(self.model, self.solved, root, self.hosts, self.applied)

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
        for child in app.different().values():
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
        """Blocks are computed by their own module, or by the one that all their weights are of."""
        if app.leaf:
            self.leaves.setdefault(app.declared, []).append(app)
            return
        target = self._pure(app)
        host = self._host(target if target is not None else app.declared)
        if target is not None:
            if any(self._covers(each, app, target) for each in host.apps):
                return
        host.apps.append(app)
        for child in app.different().values():
            self._place(child)

    def _covers(self, known: App, app: App, target: Path) -> bool:
        """Whether a call that is known already says all about another one."""
        same = known.bodies.keys() >= app.bodies.keys() and (known.step is None) == (app.step is None)
        return same and self._pure(known) == target

    def _place_leaves(self) -> None:
        several = {path for path, apps in self.leaves.items() if len({self._reads(app) for app in apps}) > 1}
        for path in several:
            self._varied(path)
        for path, apps in self.leaves.items():
            if path in several:
                continue
            for app in apps:
                self._leaf(app, path)
        for reach in self.reaches.values():
            self._announce(reach)

    def _reads(self, app: App) -> tuple[w.Expr, ...]:
        return tuple(self.solved.reads[site] for _, site in app.sites)

    def _varied(self, path: Path) -> None:
        """A leaf whose applications read different weights: it is told which application it is."""
        host, apps = self._host(path), self.leaves[path]
        host.variants = list(dict.fromkeys(self._reads(app) for app in apps))
        needs = by_tensors([read for reads in host.variants for read in reads], self.solved, path)
        for app in apps:
            host.apps.append(app)
            turn = Turn(host.variants.index(self._reads(app)))
            repeats = {leaf_repeat(each, self.solved) for each in apps}
            repeated = repeats.pop() if len(repeats) == 1 else None
            self.reaches[id(app)] = host.reach = Reach("module", Module(path), (*needs, turn), repeated=repeated)

    def _leaf(self, app: App, path: Path) -> None:
        target = self._pure(app)
        if target is not None:
            host = self._host(target)
            if len(host.variants) > 1:
                like = next(each for each in host.apps if self._reads(each) == self._reads(app))
                self.reaches[id(app)] = self.reaches[id(like)]
            else:
                self.reaches[id(app)] = Reach("module", Module(target))
                host.apps.append(app)
            return
        reach = self.reaches[id(app)] = leaf_reach(app, self.solved, path, self._plain, self._is_leaf)
        if reach.kind == "module":
            host = self._host(path)
            host.apps.append(app)
            host.reach = reach
        elif reach.then is not None:
            self._host(reach.then.path)

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

    def _is_leaf(self, path: Path) -> bool:
        """Whether the owner is a leaf of whose applications none differ."""
        path = _layers(path)
        if self.model.unit_at(path).kind != "primitive":
            return False
        apps = self.leaves.get(path, [])
        return len({self._reads(app) for app in apps}) < 2

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
            owner = _layers(storage.owner)
            at = len(owner) - depth
            if storage.name != below[-1].name or at < 0 or owner[at:] != below[:-1]:
                return None
            if target not in (None, owner[:at]):
                return None
            target = owner[:at]
        assert target is not None
        if target == own:
            return own
        if self.applied.keeps(app.unit) or not same_unit(self.model.unit_at(target), app.unit):
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
            reach = Reach("module", Module(target), self._given(host, app))
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

    def _plan(self, host: Host) -> dict[int, tuple[Need, ...]]:
        """What each application of `host` has to be given; fills in the host's slots and bindings."""
        if host.path in self.planned:
            return self.planned[host.path]
        self.planned[host.path] = {id(app): () for app in host.apps}
        if host.leaf:
            return self.planned[host.path]
        book = Slots(host)
        steps: dict[Step, None] = {}
        for app in host.apps:
            steps |= dict.fromkeys(step for step in app.children if step not in host.lifted)
        pending: dict[Step, tuple[Reach, list[list[Need | None]]]] = {}
        for step in steps:
            reaches = [self._reach(app.children[step]) for app in host.apps if step in app.children]
            parts = [[*_parts(reach)] for reach in reaches]
            pending[step] = (reaches[0], [list(column) for column in zip(*parts, strict=True)])
        for step, (_, columns) in pending.items():
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
    return declared(path)


def _parts(reach: Reach) -> tuple[Need | None, ...]:
    return (reach.callee, reach.then, *reach.needs)
