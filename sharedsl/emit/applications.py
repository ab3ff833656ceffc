"""The tree of applications: every reaching of every layer's call, with the weights that it reads."""

from __future__ import annotations

from collections.abc import Iterator

from sharedsl.model import dataflow as d
from sharedsl.model.sites import Path, Step, declared
from sharedsl.model.tree import Model, Unit
from sharedsl.record import dataclass, field


@dataclass(slots=True, eq=False)
class App:
    """One application of one declared layer. `weights` are the unit's own, by name: site numbers."""

    path: Path
    unit: Unit
    bodies: dict[str, None] = field(default_factory=dict)
    weights: dict[str, int] = field(default_factory=dict)
    children: dict[Step, App] = field(default_factory=dict)
    #: the row of the step embedding that is added before it
    step: int | None = None
    #: every site of the subtree: declared path below this application (the weight's name last), site number
    sites: tuple[tuple[tuple[Step, ...], int], ...] = ()
    declared: Path = field(init=False)

    def __post_init__(self) -> None:
        self.declared = declared(self.path)

    @property
    def leaf(self) -> bool:
        """A primitive or the user's own layer: nothing of it is emitted but its call."""
        return self.unit.kind in ("primitive", "extern")


def step_of(use: d.Use) -> Step:
    return Step(use.child, use.index, use.app, use.run)


def applications(model: Model) -> App:
    """The root's application; every entry point is followed."""
    exact = {site.path: site.index for site in model.sites}
    loose: dict[Path, int] = {}
    for site in model.sites:
        loose.setdefault(declared(site.path), site.index)
    root = App((), model.root)
    for key in model.entries.values():
        _follow(root, key, exact, loose)
    _finish(root)
    return root


def _follow(app: App, key: str, exact: dict[Path, int], loose: dict[Path, int]) -> None:
    if key in app.bodies:
        return
    app.bodies[key] = None
    _name_weights(app, exact, loose)
    for call in calls(app.unit.bodies[key].statements):
        if isinstance(call, d.CallSelf):
            _follow(app, call.body, exact, loose)
            continue
        for use in call.uses:
            step = step_of(use)
            child = app.children.get(step)
            if child is None:
                child = App((*app.path, step), app.unit.child(step))
                app.children[step] = child
                _name_weights(child, exact, loose)
            child.step = use.step
            if use.body is not None:
                _follow(child, use.body, exact, loose)


def _name_weights(app: App, exact: dict[Path, int], loose: dict[Path, int]) -> None:
    for name in app.unit.weights:
        path = (*app.path, Step(name))
        site = exact.get(path)
        if site is None:
            site = loose.get(declared(path))
        if site is not None:
            app.weights[name] = site


def _finish(app: App) -> None:
    found: list[tuple[tuple[Step, ...], int]] = [((Step(name),), site) for name, site in app.weights.items()]
    for step, child in app.children.items():
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
        case d.Pick():
            return (expr.of,)
        case d.Collect():
            return expr.items
        case d.IfPresent():
            return (expr.then, expr.other)
        case _:
            return ()
