"""Values that every layer of a stack would compute alike are computed once, before the loop.

A call inside a block is such a value where it depends on nothing but sizes (`rel(arange(T), arange(T))`) and all
elements of the stack read the same weights for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sharedsl.emit.applications import App, operands, step_of
from sharedsl.model import dataflow as d
from sharedsl.model.sites import Path, Step
from sharedsl.record import dataclass


@dataclass(frozen=True, slots=True)
class Lifted:
    """`call` in the body of a stack's elements, computed by the module at `target`, handed on as argument `name`."""

    step: Step
    call: d.Call
    target: Path
    name: str
    body: str


#: what a stack's call lifts, by the uses of the call
Lifts = dict[tuple[d.Use, ...], tuple[Lifted, ...]]


def find_lifts(root: App, pure: Callable[[App], Path | None], hosted: Callable[[App], Path]) -> dict[Path, Lifts]:
    """By the parent's module. `pure` is the module that computes an application; `hosted` where a block's call goes."""
    found: dict[Path, Lifts] = {}
    covered: dict[int, None] = {}
    everyone: dict[Path, list[int]] = {}
    for app in _blocks(root):
        path = hosted(app)
        everyone.setdefault(path, []).append(id(app))
        for key in app.bodies:
            for call in _stack_calls(app.unit.bodies[key].statements):
                lifted = _of_call(app, call, pure)
                if lifted and all(each.target[: len(path)] == path for each in lifted):
                    found.setdefault(path, {})[call.uses] = lifted
                    covered |= dict.fromkeys(id(app.children[step_of(use)]) for use in call.uses)
    for app in _blocks(root):
        for uses in list(found.get(hosted(app), {})):
            elements = [app.children[step_of(use)] for use in uses if step_of(use) in app.children]
            if any(one not in covered for each in elements for one in everyone[hosted(each)]):
                del found[hosted(app)][uses]
    return found


def _blocks(app: App) -> Iterator[App]:
    if app.leaf:
        return
    yield app
    for child in app.different().values():
        yield from _blocks(child)


def _stack_calls(statements: tuple[d.Statement, ...]) -> Iterator[d.Call]:
    from sharedsl.emit.applications import calls

    for call in calls(statements):
        if isinstance(call, d.Call) and call.scan is None and len(call.uses) > 1:
            if len({use.body for use in call.uses}) == 1:
                yield call


def _of_call(app: App, call: d.Call, pure: Callable[[App], Path | None]) -> tuple[Lifted, ...]:
    elements = [app.children[step_of(use)] for use in call.uses]
    unit, key = elements[0].unit, call.uses[0].body
    if key is None or any(each.unit is not unit for each in elements) or any(len(e.bodies) != 1 for e in elements):
        return ()
    found: list[Lifted] = []
    for inner in _calls_of_sizes(unit.bodies[key].statements):
        step = step_of(inner.uses[0])
        targets = {pure(each.children[step]) for each in elements}
        target = targets.pop()
        if not targets and target is not None:
            found.append(Lifted(step, inner, target, step.name, key))
    return tuple(found)


def _calls_of_sizes(statements: tuple[d.Statement, ...]) -> Iterator[d.Call]:
    """Calls of blocks whose arguments are made of sizes alone."""
    from sharedsl.emit.applications import calls

    for call in calls(statements):
        if isinstance(call, d.Call) and len(call.uses) == 1 and call.uses[0].body is not None and call.args:
            if all(arg is not None and _of_sizes(arg) for arg in call.args):
                yield call


def _of_sizes(expr: d.Expr) -> bool:
    if isinstance(expr, d.Const):
        return True
    if isinstance(expr, d.Op):
        return expr.op not in ("dropout", "normal", "trunc_normal", "uniform") and all(
            arg is None or _of_sizes(arg) for arg in operands(expr)
        )
    return False
