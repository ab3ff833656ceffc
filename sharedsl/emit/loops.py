"""`for t in range(n):` and `if not ..: break`: the loops that a forward keeps when it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sharedsl import pytree as py
from sharedsl.emit.names import names_in, reads_in
from sharedsl.model import dataflow as d
from sharedsl.model.sizes import named
from sharedsl.record import replace

if TYPE_CHECKING:
    from sharedsl.emit.forward import Forward


def running_loop(forward: Forward, loop: d.While) -> None:
    """The loop, whose variables hold whole values: a repeat that is still to come cannot cross a turn."""
    _make_whole(forward, loop)
    around, handed_on, cache = forward.around, forward.handed_on, forward.cache
    name = forward.name(loop.name)
    forward.around = replace(around, env={**around.env, loop.name: named(name)})
    forward.handed_on = handed_on | frozenset(loop.carried)
    outer, forward.out = forward.out, []
    again = names_in(loop.body) | frozenset(reads_in(loop.condition))
    after = forward.later | again | frozenset(loop.carried)
    if loop.condition is not None:
        _leave(forward, loop, after)
    _enter_cache(forward, loop)
    forward.block(loop.body, after)
    body, forward.out = tuple(forward.out), outer
    forward.around, forward.handed_on, forward.cache = around, handed_on, cache
    if not body:
        return
    bounds = [forward.number(each) for each in (loop.start, loop.stop)]
    if loop.start.value == 0:
        del bounds[0]
    variable = name if any(_reads(each, name) for each in body) else "_"
    forward.out.append(py.For(py.Name(variable), py.call("range", *bounds), body))


def _make_whole(forward: Forward, loop: d.While) -> None:
    for name in loop.carried:
        if name in forward.repeats:
            target = py.Name(forward.name(name))
            value = forward.forced(d.Var(name, d.Tensor("float", ())))
            del forward.repeats[name]
            forward.out.append(py.Assign((target,), value))


def _leave(forward: Forward, loop: d.While, after: frozenset[str]) -> None:
    """`if not condition: break`."""
    assert loop.condition is not None
    forward.later, forward.statement = after, None
    test = py.Unary("not", forward.forced(loop.condition))
    forward.out.append(py.If(test, (py.Simple("break", forward.around.line(loop.condition.span)),)))


def _enter_cache(forward: Forward, loop: d.While) -> None:
    """Each turn keeps the states of what it calls in a place of its own: its layers see another sequence every turn."""
    place = forward.around.turn_place(loop, forward)
    if place is None:
        return
    turn = py.TupleExpr((place, py.Name(forward.name(loop.name))))
    made = py.method(py.Name(forward.cache), "setdefault", turn, py.DictExpr(()))
    forward.cache = forward.fresh("turn_cache")
    forward.names.setdefault(forward.cache, forward.cache)
    forward.out.append(py.Assign((py.Name(forward.cache),), made))


def _reads(node: py.Stmt, name: str) -> bool:
    return any(isinstance(each, py.Name) and each.id == name for each in py.walk(node))
