"""A stack that is called: a loop over a variable that holds what is threaded through."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sharedsl import pytree as py
from sharedsl.emit.names import reads_in, reads_of, variables
from sharedsl.emit.repeats import Value, whole
from sharedsl.emit.reroll import reroll
from sharedsl.model import dataflow as d

if TYPE_CHECKING:
    from sharedsl.emit.forward import Forward


def stack(forward: Forward, call: d.Call, values: list[Value | None]) -> Value:
    """Several uses in a row: a loop over a variable that holds what is threaded through."""
    first = values[0]
    assert first is not None and call.args[0] is not None
    code = whole(first)
    name = _threaded(forward, call, code)
    if code != py.Name(name):
        forward.out.append(py.Assign((py.Name(name),), code))
    for at, value in enumerate(values[1:], 1):
        if value is not None and not isinstance(value.code, py.Name | py.Const):
            held = forward.fresh(_hint(value.code))
            forward.out.append(py.Assign((py.Name(held),), whole(value)))
            forward.names.setdefault(held, held)
            values[at] = Value(py.Name(held))
    forward.around.lift(call, forward)
    turns: list[tuple[py.Stmt, ...]] = []
    comment = forward.around.line(call.span)
    for use in call.uses:
        outer, forward.out = forward.out, []
        result = forward.around.apply(use, [Value(py.Name(name)), *values[1:]], call, forward)
        forward.out.append(py.Assign((py.Name(name),), whole(result), comment))
        turns.append(tuple(forward.out))
        forward.out = outer
    children = {use.child for use in call.uses}
    loop_name = forward.fresh("layer")
    length, count = forward.around.counts.get(children.pop(), (0, None)) if len(children) == 1 else (0, None)
    count = count if length == len(call.uses) else None
    forward.out.extend(reroll(turns, dict(forward.around.containers), (loop_name,), count, forward.around.orders))
    return Value(py.Name(name))


def _threaded(forward: Forward, call: d.Call, code: py.Expr) -> str:
    """A variable for what a stack threads: the target, or one that nothing reads any more."""
    inside = reads_in(call.args[0])
    every = reads_of(forward.statement)
    sizes = {name for name, _ in forward.body.sizes}
    target = None
    if isinstance(forward.statement, d.Assign) and len(forward.statement.targets) == 1:
        target = forward.statement.targets[0]
    wanted = [target, code.id if isinstance(code, py.Name) else None, *inside, "x", "h", "y"]
    for each in wanted:
        if each is None or each in sizes or each in forward.around.reserved:
            continue
        if every.get(each, 0) > inside.get(each, 0):
            continue
        optional = {one.name for one in forward.body.inputs if one.type is None or _number_input(one)}
        if each == target or (each not in forward.later and each not in optional and _is_float(call, each, inside)):
            return forward.name(each)
    return forward.fresh("h")


def _is_float(call: d.Call, name: str, inside: Mapping[str, int]) -> bool:
    """A name that held integers (tokens) reads badly for features."""
    for each in variables(call.args[0]):
        if each.name == name:
            return isinstance(each.type, d.Tensor) and each.type.dtype == "float"
    return True


def _number_input(one: d.Input) -> bool:
    return one.size is not None


def _hint(code: py.Expr) -> str:
    """A name for a value by what made it."""
    while isinstance(code, py.Call | py.Attr | py.Index):
        if isinstance(code, py.Attr):
            return code.name.lower()
        code = code.func if isinstance(code, py.Call) else code.value
    return "value"
