"""Loops that stay loops when the module runs: `for t in range(n)` of a run-time n, or with a `while`.

The body is read once, for a turn of any number. What one turn hands to the next must have one type throughout, and
every call of a layer is one application however many turns there are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sharedsl.analysis import expressions
from sharedsl.analysis.collect import calls
from sharedsl.analysis.flow_values import BAD, RUNTIME, V, described, is_static, same_type
from sharedsl.diagnostics import Label
from sharedsl.model import dataflow as d
from sharedsl.model import poly, sizes
from sharedsl.model.sizes import Size
from sharedsl.model.tree import Unit
from sharedsl.source import Span
from sharedsl.syntax import ast

if TYPE_CHECKING:
    from sharedsl.analysis.flow import Flow

Bounds = tuple[Size, Size]


def bounds(flow: Flow, statement: ast.For) -> Bounds | None:
    """From where to where a loop counts that stays one; None for a loop that is unrolled."""
    source = statement.source
    if not (isinstance(source, ast.Call) and isinstance(source.function, ast.Name) and source.function.name == "range"):
        if statement.condition is None:
            return None
        help = "write `for i in range(n) while ..`, or let every turn run and choose with `where`"
        message = "`while` stops a loop over `range(..)`; over a stack or a list it is not supported yet"
        raise flow.error("not-yet", message, statement.condition.span, help=help)
    found = tuple(_bound(flow, arg) for arg in source.args)
    if statement.condition is None and all(each.value is not None for each in found):
        return None
    if not 1 <= len(found) <= 2:
        help = "count from 0 and compute with the loop's variable"
        raise flow.error("not-yet", "such a loop counts in steps of 1: `range(stop)`", source.span, help=help)
    if len(statement.names) != 1:
        raise flow.error("wrong-count", f"{len(statement.names)} names for one number", source.span)
    return (sizes.size(0), found[0]) if len(found) == 1 else (found[0], found[1])


def _bound(flow: Flow, arg: ast.Arg) -> Size:
    value = expressions.value(flow, arg.value)
    if isinstance(value, Size):
        return value
    message = f"a bound of `range` is a whole number, and this is {described(value)}"
    help = ""
    if isinstance(value, RUNTIME):
        help = "an input `steps: int` is a number of turns; to stop by a tensor, add `while any(..)`"
    raise flow.error("wrong-kind", message, arg.span, help=help)


def run_loop(flow: Flow, statement: ast.For, start: Size, stop: Size) -> None:
    """Reads the body once, for the turn that the loop's variable stands for."""
    name, span = statement.names[0], statement.span
    flow.refuse(name, Span(span.path, span.start + len("for "), span.end))
    assigned = flow.assigned_in(statement)
    _refuse_states(flow, assigned, statement)
    before = dict(flow.names)
    carried = _carried(flow, assigned, statement)
    turn = _turn(flow, name)
    flow.names[name] = turn
    condition = None if statement.condition is None else _condition(flow, statement.condition)
    outer, flow.out = flow.out, []
    flow.in_loop += 1
    flow.run(statement.body)
    flow.in_loop -= 1
    broken = {each for each in carried if not _returns_alike(flow, each, carried[each], before[each], statement)}
    body, flow.out = tuple(flow.out), outer
    if condition is not None:
        _refuse_kept(flow, body, statement)
    flow.names = {**before, **carried, **dict.fromkeys(broken, BAD)}
    flow.ended |= {each: _place(statement, each) for each in assigned if each not in flow.names}
    flow.out.append(d.While(name, turn, start, stop, tuple(carried), body, condition, span=span))


def _turn(flow: Flow, name: str) -> Size:
    """The number of a turn: a run-time size of its own, whatever other loops call theirs."""
    flow.shop.loops += 1
    own = poly.name(f"turn {name}" if flow.shop.loops == 1 else f"turn {name} {flow.shop.loops}")
    return Size(own, own, sizes.named(name))


def _refuse_states(flow: Flow, assigned: list[str], statement: ast.For) -> None:
    states = flow.draft.unit.states if flow.draft is not None else {}
    for each in assigned:
        if each in states:
            message = f"the state `{each}` changes in a loop whose number of turns only the caller knows"
            help = "keep the value in a plain name, and assign the state after the loop"
            flow.shop.report.error(
                "loop-state", message, _place(statement, each), "", Label(states[each].span, "declared here"), help=help
            )
            flow.failed = True


def _refuse_kept(flow: Flow, body: tuple[d.Statement, ...], statement: ast.For) -> None:
    """A sequence in pieces may stop each piece at another turn: later turns would miss the states of earlier pieces."""
    draft = flow.draft
    if draft is None or not flow.shop.incremental or statement.condition is None:
        return
    for call in calls(body):
        uses = call.uses if isinstance(call, d.Call) else ()
        for use in uses:
            child = draft.unit.children[use.child]
            if _keeps(child.units[use.index or 0]):
                message = f"`{child.name}` keeps states, and the turns of this loop depend on what is computed"
                help = "leave out the `while`, or the build's `incremental`"
                also = Label(call.span, "applied here")
                flow.shop.report.error("loop-state", message, statement.condition.span, "", also, help=help)
                flow.failed = True
                return


def _keeps(unit: Unit) -> bool:
    return bool(unit.states) or any(_keeps(each) for child in unit.children.values() for each in child.units[:1])


def _carried(flow: Flow, assigned: list[str], statement: ast.For) -> dict[str, d.Var]:
    """The names from before the loop that its body gives new values, as what they are in any turn."""
    found: dict[str, d.Var] = {}
    for each in assigned:
        if each not in flow.names or flow.names[each] is BAD:
            continue
        value = flow.names[each]
        if isinstance(value, d.Var) and value.name == each:
            found[each] = value
            continue
        place = _place(statement, each)
        if not (isinstance(value, RUNTIME) or (is_static(value) and isinstance(value, sizes.Size | sizes.Real | bool))):
            message = f"`{each}` is {described(value)} before the loop, and each turn makes it something else"
            raise flow.error("loop-type", message, place, help="give the value of a turn another name")
        expr = flow.operand(value, place)
        flow.out.append(d.Assign((each,), expr, span=statement.span))
        found[each] = d.Var(each, expr.type, span=statement.span)
    flow.names |= found
    return found


def _returns_alike(flow: Flow, name: str, was: d.Var, before: V, statement: ast.For) -> bool:
    """Whether a turn leaves `name` of the type that it found; if not, that is said."""
    value = flow.names.get(name, BAD)
    if value is BAD:
        return False
    place = _place(statement, name)
    expr = flow.operand(value, place)
    if not (isinstance(expr, d.Var) and expr.name == name):
        flow.out.append(d.Assign((name,), expr, span=place))
    if same_type(was.type, expr.type):
        return True
    message = f"`{name}` is {_type(was.type)} when the loop begins, and after a turn it is {_type(expr.type)}"
    at = was.span if isinstance(before, d.Var) else statement.span
    also = Label(at, f"{_type(was.type)} here" if isinstance(before, d.Var) else "round this loop")
    flow.shop.report.error("loop-type", message, expr.span or place, "", also, help=_mended(was.type, expr.type))
    flow.failed = True
    return False


def _type(type: d.Type) -> str:
    return str(type) if isinstance(type, d.Tensor) else "a list of values"


def _mended(was: d.Type, now: d.Type) -> str:
    """What would make both the same."""
    if not (isinstance(was, d.Tensor) and isinstance(now, d.Tensor)):
        return "what a turn hands to the next has one type in all turns"
    if was.dtype != now.dtype and not was.dims and not now.dims:
        return "start with `0.0` for a float, with `0` for a whole number"
    if now.dims and not was.dims and now.dtype == "float":
        return f"start with `zeros({', '.join(map(str, now.dims))})`"
    if was.dtype != now.dtype:
        word = {"float": "float32", "int": "int64"}.get(was.dtype, "bool")
        return f"`cast(.., {word})` makes it {was.dtype} again"
    return "what a turn hands to the next has one shape in all turns"


def _condition(flow: Flow, condition: ast.Expr) -> d.Expr | None:
    value = expressions.value(flow, condition)
    if value is True:
        return None
    if isinstance(value, RUNTIME) and value.type == d.Tensor("bool", ()):
        return value
    message = f"a loop goes on while one truth value holds, and this is {described(value)}"
    help = ""
    if isinstance(value, RUNTIME) and isinstance(value.type, d.Tensor) and value.type.dtype == "bool":
        help = "`any(..)` goes on while some entry is true, `all(..)` while all are"
    raise flow.error("loop-condition", message, condition.span, help=help)


def _place(statement: ast.For, name: str) -> Span:
    """Where the body first assigns to `name`."""
    stack: list[object] = [*statement.body]
    while stack:
        match stack.pop(0):
            case ast.Assign() as each if name in each.targets:
                return each.span
            case ast.For() as each:
                stack = [*each.body, *stack]
            case ast.If() as each:
                stack = [*each.then, *each.other, *stack]
    return statement.span
