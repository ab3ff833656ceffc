"""The tree of applications: every reaching of every layer's call, with the weights that it reads."""

from __future__ import annotations

from collections.abc import Iterator

from sharedsl.model import dataflow as d
from sharedsl.model import weights as w
from sharedsl.model.sites import Path, Step, declared
from sharedsl.model.tree import Model, Unit
from sharedsl.record import dataclass, field


@dataclass(slots=True, eq=False)
class App:
    """Applications of one declared layer that nothing tells apart. `weights` are the unit's own, by name: site numbers.

    They are computed by the same code from the same weights, so that one stands for all: a fold of 64 is followed once.
    """

    path: Path
    unit: Unit
    bodies: dict[str, None] = field(default_factory=dict)
    weights: dict[str, int] = field(default_factory=dict)
    children: dict[Step, App] = field(default_factory=dict)
    #: the row of the step embedding that is added before it
    step: int | None = None
    #: every site of the subtree: declared path below this application (the weight's name last), site number
    sites: tuple[tuple[tuple[Step, ...], int], ...] = ()
    #: the first place for states of each child; of None: how many there are
    offsets: dict[Step | None, int] | None = None
    declared: Path = field(init=False)

    def __post_init__(self) -> None:
        self.declared = declared(self.path)

    @property
    def leaf(self) -> bool:
        """A primitive or the user's own layer: nothing of it is emitted but its call."""
        return self.unit.kind in ("primitive", "extern")

    def different(self) -> dict[Step, App]:
        """The children without those that stand for the same applications as an earlier one."""
        found = {id(child): step for step, child in reversed(self.children.items())}
        return {step: child for step, child in self.children.items() if found[id(child)] == step}


def step_of(use: d.Use) -> Step:
    return Step(use.child, use.index, use.app, use.run)


def applications(model: Model, solved: w.Solved) -> App:
    """The root's application; every entry point is followed."""
    tree = _Tree(model, solved)
    root = App((), model.root)
    for key in model.entries.values():
        tree.follow(root, key)
    _finish(root)
    return root


@dataclass(slots=True, eq=False)
class _Tree:
    model: Model
    solved: w.Solved
    #: a number for each step of a declared path: tuples of these are compared much faster than paths
    numbers: dict[Step, int] = field(default_factory=dict)
    #: by the weight's declared path: the first site
    loose: dict[tuple[int, ...], int] = field(default_factory=dict)
    exact: dict[Path, int] = field(default_factory=dict)
    #: declared layers whose applications do not all read the same
    varied: set[tuple[int, ...]] = field(default_factory=set)
    #: applications that may stand for others: by declared path, body, and whether a step is added
    known: dict[tuple[Path, str | None, bool], App] = field(default_factory=dict)

    def __post_init__(self) -> None:
        reads = self.solved.reads
        known: dict[int, int] = {}
        for site in self.model.sites:
            for step in site.path:
                if id(step) not in known:
                    known[id(step)] = self.numbers.setdefault(step.layer(), len(self.numbers))
            path = tuple([known[id(step)] for step in site.path])
            first = self.loose.setdefault(path, site.index)
            if reads[first] is not reads[site.index] and reads[first] != reads[site.index]:
                self.varied |= {path[:length] for length in range(1, len(path))}
        if self.varied:
            self.exact = {site.path: site.index for site in self.model.sites}

    def place(self, path: Path) -> tuple[int, ...]:
        """A declared path by its numbers."""
        return tuple([self.numbers.get(step, -1) for step in path])

    def follow(self, app: App, key: str) -> None:
        if key in app.bodies:
            return
        app.bodies[key] = None
        self._name_weights(app)
        for call in calls(app.unit.bodies[key].statements):
            if isinstance(call, d.CallSelf):
                self.follow(app, call.body)
                continue
            for use in call.uses:
                self._reach(app, use)

    def _reach(self, app: App, use: d.Use) -> None:
        step = step_of(use)
        child = app.children.get(step)
        if child is None:
            child = app.children[step] = self._child(app, step, use)
        child.step = use.step
        if use.body is not None:
            self.follow(child, use.body)

    def _child(self, app: App, step: Step, use: d.Use) -> App:
        """A new application, or one that nothing tells apart from it; with several entry points each is its own."""
        place = (*app.declared, step.layer())
        alike = (place, use.body, use.step is None)
        shared = len(self.model.entries) == 1 and self.place(place) not in self.varied
        if shared and alike in self.known:
            return self.known[alike]
        child = App((*app.path, step), app.unit.child(step))
        self._name_weights(child)
        if shared:
            self.known[alike] = child
        return child

    def _name_weights(self, app: App) -> None:
        for name in app.unit.weights:
            path = (*app.path, Step(name))
            site = self.exact.get(path)
            if site is None:
                site = self.loose.get(self.place(declared(path)))
            if site is not None:
                app.weights[name] = site


def _finish(app: App) -> None:
    found: list[tuple[tuple[Step, ...], int]] = [((Step(name),), site) for name, site in app.weights.items()]
    for step, child in app.different().items():
        if not child.sites:
            _finish(child)
        found.extend(((step.layer(), *rest), site) for rest, site in child.sites)
    app.sites = tuple(found)


# ---------------------------------------------------------------------------- walking the dataflow


def calls(statements: tuple[d.Statement, ...]) -> Iterator[d.Call | d.CallSelf]:
    """The calls of layers in the order in which they run."""
    for statement in statements:
        match statement:
            case d.Assign() | d.Keep():
                yield from _calls_in(statement.value)
            case d.Return():
                for value in statement.values:
                    yield from _calls_in(value)
            case d.Loop():
                for turn in statement.turns:
                    yield from calls(turn)
            case d.While():
                yield from _calls_in(statement.condition)
                yield from calls(statement.body)
            case d.Present():
                yield from calls(statement.then)
                yield from calls(statement.other)


def _calls_in(expr: d.Expr | None) -> Iterator[d.Call | d.CallSelf]:
    for child in operands(expr):
        yield from _calls_in(child)
    if isinstance(expr, d.Call | d.CallSelf):
        yield expr


def operands(expr: d.Expr | None) -> tuple[d.Expr | None, ...]:
    match expr:
        case d.Op() | d.Call() | d.CallSelf() | d.CallFunction():
            return expr.args
        case d.Once():
            return (expr.value,)
        case d.Pick():
            return (expr.of,)
        case d.Collect():
            return expr.items
        case d.IfPresent():
            return (expr.then, expr.other)
        case _:
            return ()
