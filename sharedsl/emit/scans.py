"""`scan` and `once` as Python: a loop over the positions of an axis, and values that are computed at the first step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sharedsl import pytree as py
from sharedsl.emit.applications import operands
from sharedsl.emit.carries import body_of, results, starts
from sharedsl.emit.repeats import Value, whole
from sharedsl.emit.reroll import reroll
from sharedsl.model import dataflow as d

if TYPE_CHECKING:
    from sharedsl.emit.forward import Forward


def scan(forward: Forward, call: d.Call, values: list[Value | None]) -> Value:
    """The layers at every position, their states handed from step to step; the results stacked."""
    how = call.scan
    assert how is not None
    outer = (forward.cache, forward.first, forward.carried)
    if forward.around.carries:
        forward.carried = starts(forward, call, values)
    elif not how.keeps:
        forward.cache, forward.first = forward.fresh("carry"), call.uses[0]
        forward.out.append(py.Assign((py.Name(forward.cache),), py.DictExpr(())))
    target, source, inputs = _walked(forward, how, values)
    step, inside = _carried_step(forward, call, inputs) if forward.carried else _step(forward, call, inputs)
    forward.cache, forward.first, forward.carried = outer
    steps = py.Name(_free(forward, "steps", "outputs", "results"))
    if inside:
        append = py.ExprStmt(py.method(steps, "append", step))
        forward.out.append(py.Assign((steps,), py.ListExpr(())))
        forward.out.append(py.For(target, source, (*inside, append)))
    else:
        forward.out.append(py.Assign((steps,), py.ListComp(step, target, source)))
    result = _stacked(forward, call, how, steps)
    if _stands_alone(forward.statement, call):
        return Value(result)
    held = py.Name(forward.fresh(_name(forward, call)))
    forward.out.append(py.Assign((held,), result))
    return Value(held)


def _free(forward: Forward, *wanted: str) -> str:
    return next((name for name in wanted if forward.fresh(name) == name), forward.fresh(wanted[0]))


def _carried_step(forward: Forward, call: d.Call, inputs: list[Value | None]) -> tuple[py.Expr, tuple[py.Stmt, ...]]:
    """One step whose states are variables: `y, h = cell(x_t, h)`."""
    made = whole(forward.around.apply(call.uses[0], inputs, call, forward))
    body = body_of(forward, call)
    words = [name or "y" for name in body.output_names] or ["y"]
    found: list[py.Expr] = []
    own: list[py.Expr] = []
    for word, place in zip(words, results(body), strict=True):
        if place is None:
            name, more = forward.fresh(f"{word}_t"), 2
            while py.Name(name) in own or py.Name(name) in forward.carried:
                name, more = forward.fresh(f"{word}_t{more}"), more + 1
            own.append(py.Name(name))
        found.append(own[-1] if place is None else forward.carried[place])
    targets = py.tuple_of(*own, *forward.carried) if len(own) + len(forward.carried) > 1 else forward.carried[0]
    return (found[0] if len(found) == 1 else py.TupleExpr(tuple(found))), (py.Assign((targets,), made),)


def _walked(
    forward: Forward, how: d.Scanned, values: list[Value | None]
) -> tuple[py.Expr, py.Expr, list[Value | None]]:
    """What the loop's variables are, what they go over, and what each step is given."""
    names: list[py.Expr] = []
    sources: list[py.Expr] = []
    inputs: list[Value | None] = []
    for value, axis in zip(values, how.axes, strict=True):
        if value is None:
            inputs.append(None)
            continue
        code = whole(value)
        if axis is None:
            taken = {one.code for one in inputs if one is not None}
            inputs.append(Value(_held(forward, code, taken)))
            continue
        hint = code.id if isinstance(code, py.Name) else "x"
        name, more = forward.fresh(f"{hint}_t"), 2
        while py.Name(name) in names:
            name, more = forward.fresh(f"{hint}_t{more}"), more + 1
        names.append(py.Name(name))
        sources.append(py.method(code, "unbind", py.Const(axis)))
        inputs.append(Value(names[-1]))
    if how.reverse:
        sources = [py.call("reversed", each) for each in sources]
    if len(names) == 1:
        return names[0], sources[0], inputs
    return py.TupleExpr(tuple(names)), py.call("zip", *sources), inputs


def _held(forward: Forward, code: py.Expr, taken: set[py.Expr]) -> py.Expr:
    """What every step is given whole is computed before the loop."""
    if isinstance(code, py.Name | py.Const):
        return code
    held, more = py.Name(forward.fresh("given")), 2
    while held in taken:
        held, more = py.Name(forward.fresh(f"given_{more}")), more + 1
    forward.out.append(py.Assign((held,), code))
    return held


def _step(forward: Forward, call: d.Call, inputs: list[Value | None]) -> tuple[py.Expr, tuple[py.Stmt, ...]]:
    """One step: its result, and the statements before that."""
    outer, forward.out = forward.out, []
    if len(call.uses) == 1:
        result = whole(forward.around.apply(call.uses[0], inputs, call, forward))
    else:
        assert inputs[0] is not None
        result = whole(inputs[0])
        if not isinstance(result, py.Name):
            result = py.Name(forward.fresh("x_t"))
        turns = []
        for use in call.uses:
            before, forward.out = forward.out, []
            given = forward.around.apply(use, [Value(result), *inputs[1:]], call, forward)
            forward.out.append(py.Assign((result,), whole(given)))
            turns.append(tuple(forward.out))
            forward.out = before
        containers = dict(forward.around.containers)
        forward.out += reroll(turns, containers, (forward.fresh("layer"),), None, forward.around.orders)
    inside, forward.out = tuple(forward.out), outer
    return result, inside


def _stacked(forward: Forward, call: d.Call, how: d.Scanned, steps: py.Expr) -> py.Expr:
    """The results of all steps side by side, in the order of the positions."""
    forward.around.cx.use("torch")
    if how.reverse:
        steps = py.Index(steps, py.SliceExpr(None, None, py.integer(-1)))
    if not isinstance(call.type, d.Many):
        return py.call("torch.stack", steps, py.Const(how.axis))
    each = py.Name("each")
    stack = py.call("torch.stack", each, py.Const(how.axis))
    return py.ListComp(stack, each, py.Call(py.Name("zip"), (py.Starred(steps),)))


def _stands_alone(statement: d.Statement | None, call: d.Call) -> bool:
    """Whether nothing else is computed between the loop and the use of its results."""
    if isinstance(statement, d.Assign | d.Keep):
        return statement.value is call
    return isinstance(statement, d.Return) and len(statement.values) == 1 and statement.values[0] is call


def _name(forward: Forward, call: d.Call) -> str:
    """A name for the results: the layer's; of several scans of one layer in a statement, with a number."""
    statement = forward.statement
    values = statement.values if isinstance(statement, d.Return) else (getattr(statement, "value", None),)
    child = call.uses[0].child
    alike = [each for value in values for each in _scans(value) if each.uses[0].child == child]
    number = next((at for at, each in enumerate(alike) if each is call), 0)
    return child if number == 0 else f"{child}_{number + 1}"


def _scans(expr: d.Expr | None) -> list[d.Call]:
    found = [each for part in operands(expr) for each in _scans(part)]
    return [*found, expr] if isinstance(expr, d.Call) and expr.scan is not None else found


def once(forward: Forward, expr: d.Once) -> Value:
    """What the first step computed, kept beside the states."""
    state, name = py.Name("state"), py.Const(expr.name)
    place = py.Index(state, name)
    outer, forward.out = forward.out, []
    value = forward.lower(expr.value)
    inside, forward.out = (*forward.out, py.Assign((place,), value.code)), outer
    forward.out.append(py.If(py.Compare(name, "not in", state), inside))
    return Value(place, value.repeat)
