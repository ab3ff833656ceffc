"""Expressions of `forward`: what is known when the spec is compiled is computed, the rest becomes dataflow."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sharedsl.analysis import calling, operations
from sharedsl.analysis.arguments import Poisoned
from sharedsl.analysis.flow_values import (
    BAD,
    CONDITIONS,
    RUNTIME,
    Both,
    Forwarding,
    Presence,
    Ref,
    V,
    described,
    is_runtime,
    is_static,
)
from sharedsl.analysis.indexing import index
from sharedsl.analysis.names import unknown
from sharedsl.analysis.scope import where_in_std
from sharedsl.comptime.evaluate import CONSTANTS, number
from sharedsl.comptime.values import Failure, arithmetic, compare
from sharedsl.model import dataflow as d
from sharedsl.model import sizes
from sharedsl.model.sizes import Named, Real, Size
from sharedsl.source import Span
from sharedsl.syntax import ast

if TYPE_CHECKING:
    from sharedsl.analysis.flow import Flow

_OPERATIONS = {
    "+": "add", "-": "sub", "*": "mul", "/": "div", "//": "floordiv", "%": "mod", "**": "pow", "@": "matmul",
    "==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge", "and": "and", "or": "or",
}  # fmt: skip
#: names of number formats, for `cast`
WORDS = frozenset((
    "float16", "bfloat16", "float32", "float64", "int8", "int16", "int32", "int64", "float", "int", "bool",
))  # fmt: skip
_COMPARISONS = frozenset(("==", "!=", "<", "<=", ">", ">=", "in"))


def value(flow: Flow, expr: ast.Expr) -> V:
    """What `expr` stands for. Raises Poisoned where it stands for nothing; that is reported then."""
    match expr:
        case ast.Number():
            return number(expr)
        case ast.String():
            return expr.value
        case ast.Name():
            return name(flow, expr)
        case ast.Unary(op="not"):
            return _not(flow, value(flow, expr.operand), expr)
        case ast.Unary():
            return _negative(flow, value(flow, expr.operand), expr)
        case ast.Binary(op="and" | "or"):
            return _logic(flow, expr)
        case ast.Binary():
            return _binary(flow, expr)
        case ast.Ternary():
            return _ternary(flow, expr)
        case ast.Pipe():
            return calling.pipe(flow, expr)
        case ast.Call():
            return calling.call(flow, expr, ())
        case ast.Attribute():
            return calling.attribute(flow, expr)
        case ast.Index():
            return index(flow, expr)
        case ast.List() | ast.Tuple():
            return _items(flow, expr)
        case ast.Comprehension():
            return _comprehension(flow, expr)
        case ast.At():
            raise flow.error("not-a-value", "`@` numbers applications in plans; it means nothing here", expr.span)
        case _:
            raise Poisoned


# ---------------------------------------------------------------------------- names


def name(flow: Flow, expr: ast.Name) -> V:
    """A local name, a member of the block, a size, or what the file can name."""
    found = find(flow, expr.name)
    if found is BAD:
        raise Poisoned
    if found is not None or expr.name == "none" or flow.names.get(expr.name, BAD) is None:
        return found
    if flow.draft is not None and flow.draft.names.get(expr.name, BAD) is None:
        return None
    if expr.name in flow.home.known:
        return flow.home.known[expr.name]
    if expr.name in WORDS:
        return expr.name
    raise nothing_called(flow, expr)


def nothing_called(flow: Flow, expr: ast.Name, more: Iterable[str] = ()) -> Poisoned:
    """Reports a name that stands for nothing: with the import that would bring it, or the nearest name in reach."""
    module = where_in_std(expr.name)
    help = f'`import "{module}" {{ {expr.name} }}` brings it in' if module else ""
    candidates = () if module else (*in_reach(flow), *more)
    message = f"nothing here is called `{expr.name}`"
    flow.shop.report.add(unknown("unknown-name", message, expr.name, expr.span, candidates, help))
    return Poisoned()


def find(flow: Flow, text: str) -> V:
    """What the block itself calls `text`; None for nothing (or for the value none)."""
    if text in flow.names:
        return flow.names[text]
    draft = flow.draft
    if draft is not None:
        unit = draft.unit
        if text in unit.children:
            child = unit.children[text]
            count = len(child.units)
            return Ref(text, tuple(range(count)), whole=True) if child.stacked else Ref(text)
        if text in unit.weights:
            spec = unit.weights[text]
            return d.Weight(text, d.Tensor("float", tuple(axis.size for axis in spec.axes)))
        if text in unit.buffers:
            return d.Buffer(text, unit.buffers[text].type)
        if text in draft.broken:
            return BAD
        if text in draft.names:
            return draft.names[text]
        if text in draft.forwards:
            return Forwarding(text)
    if text in flow.sizes:
        return flow.sizes[text]
    return CONSTANTS.get(text)


def in_reach(flow: Flow) -> list[str]:
    """Every name that could stand here, for suggestions."""
    names = [*flow.names, *flow.sizes]
    if flow.draft is not None:
        unit = flow.draft.unit
        names += [*unit.children, *unit.weights, *unit.buffers, *unit.states, *flow.draft.names]
        names += [each for each in flow.draft.forwards if each]
    return [*names, *flow.home.known]


# ---------------------------------------------------------------------------- arithmetic and logic


def _failed(flow: Flow, problem: Failure, span: Span) -> Poisoned:
    return flow.error("bad-value", str(problem), getattr(problem, "span", span))


def _negative(flow: Flow, operand: V, expr: ast.Unary) -> V:
    if isinstance(operand, Real):
        return sizes.real("neg", operand)
    if is_static(operand):
        try:
            return arithmetic("-", sizes.size(0), operand)
        except Failure as problem:
            raise _failed(flow, problem, expr.span) from None
    return operations.apply(flow, "neg", [operations.Argument(None, operand, expr.operand.span)], expr.span)


def _not(flow: Flow, operand: V, expr: ast.Unary) -> V:
    if isinstance(operand, bool):
        return not operand
    if isinstance(operand, CONDITIONS):
        return negated(operand)
    if isinstance(operand, RUNTIME):
        return operations.apply(flow, "not", [operations.Argument(None, operand, expr.operand.span)], expr.span)
    raise flow.error("wrong-kind", f"`not` wants true or false, not {described(operand)}", expr.span)


def negated(condition: V) -> V:
    match condition:
        case Presence():
            return Presence(condition.name, not condition.positive)
        case Both():
            return Both(negated(condition.left), negated(condition.right), not condition.either)
        case _:
            return not condition


def _logic(flow: Flow, expr: ast.Binary) -> V:
    """`and`, `or`: the right side is not looked at where the left one decides."""
    either = expr.op == "or"
    left = value(flow, expr.left)
    if isinstance(left, bool) and left == either:
        return left
    right = value(flow, expr.right)
    if isinstance(left, bool):
        return right
    if isinstance(left, CONDITIONS) and isinstance(right, bool):
        return right if right == either else left
    if isinstance(left, CONDITIONS) and isinstance(right, CONDITIONS):
        return Both(left, right, either)
    return _operation(flow, expr.op, left, right, expr)


def _binary(flow: Flow, expr: ast.Binary) -> V:
    left, right = _both(flow, expr)
    op = expr.op
    if op in ("==", "!=") and (left is None or right is None):
        return _presence(left if right is None else right, op)
    if op == "in" or (is_static(left) and is_static(right)):
        return _static(flow, expr, left, right)
    if op == "+" and isinstance(left, tuple) and isinstance(right, tuple):
        return left + right
    if op == "+" and (_many(left) or _many(right)):
        return _joined(flow, left, right, expr)
    if op == "*" and isinstance(left, tuple) and isinstance(right, Size) and right.value is not None:
        return left * right.value
    return _operation(flow, op, left, right, expr)


def _both(flow: Flow, expr: ast.Binary) -> tuple[V, V]:
    """Both sides; mistakes in either are reported."""
    try:
        left = value(flow, expr.left)
    except Poisoned:
        value(flow, expr.right)
        raise
    return left, value(flow, expr.right)


def _presence(other: V, op: str) -> V:
    if isinstance(other, d.Var) and isinstance(other.type, d.Tensor) and other.type.optional:
        return Presence(other.name, op == "!=")
    return (other is None) == (op == "==")


def _static(flow: Flow, expr: ast.Binary, left: V, right: V) -> V:
    """Both sides are known now. What needs run-time sizes beyond whole-number arithmetic becomes an operation."""
    try:
        if expr.op in _COMPARISONS:
            return compare(expr.op, left, right, flow.shop.trace)
        return arithmetic(expr.op, left, right)
    except Failure as problem:
        runtime = any(isinstance(side, Size) and side.value is None for side in (left, right))
        numbers = all(isinstance(side, Size | Real) for side in (left, right))
        if runtime and numbers and expr.op not in _COMPARISONS:
            return _operation(flow, expr.op, left, right, expr)
        raise _failed(flow, problem, expr.span) from None


def _many(side: V) -> bool:
    return isinstance(side, RUNTIME) and isinstance(side.type, d.Many)


def _joined(flow: Flow, left: V, right: V, expr: ast.Binary) -> V:
    """`past + [x]`: one list after the other."""
    for one, other in ((left, right), (right, left)):
        if _many(one) and not one.type.items and is_static(other):
            return other
    sides = flow.operand(left, expr.left.span), flow.operand(right, expr.right.span)
    if not all(isinstance(side.type, d.Many) for side in sides):
        raise flow.error("wrong-kind", f"`+` does not join {described(left)} and {described(right)}", expr.span)
    items = tuple(item for side in sides for item in side.type.items)  # type: ignore[union-attr]
    return d.Op("add", sides, (), d.Many(items), span=expr.span)


def _operation(flow: Flow, op: str, left: V, right: V, expr: ast.Binary) -> V:
    for side, part in ((left, expr.left), (right, expr.right)):
        if isinstance(side, CONDITIONS):
            help = "combine such tests with `and`, `or`, `not` only"
            raise flow.error("not-yet", "a test for `none` cannot be computed with", part.span, help=help)
    args = [operations.Argument(None, left, expr.left.span), operations.Argument(None, right, expr.right.span)]
    return operations.apply(flow, _OPERATIONS[op], args, expr.span, sign=op)


# ---------------------------------------------------------------------------- choices, lists


def condition(flow: Flow, expr: ast.Expr, checking: bool = False) -> V:
    """A condition: bool, Presence or Both. With `checking`, comparisons of run-time sizes as (left, op, right)."""
    if checking and isinstance(expr, ast.Binary) and expr.op == "and":
        left, right = condition(flow, expr.left, True), condition(flow, expr.right, True)
        if isinstance(left, tuple) and isinstance(right, tuple):
            return left + right
        return right if left is True else left if right is True else False
    if checking and isinstance(expr, ast.Binary) and expr.op in _COMPARISONS and expr.op != "in":
        left, right = _both(flow, expr)
        if isinstance(left, Size) and isinstance(right, Size) and (left.value is None or right.value is None):
            return ((left, expr.op, right),)
    found = value(flow, expr)
    if isinstance(found, bool | Presence | Both):
        return found
    if isinstance(found, RUNTIME):
        help = "`if` is decided when the spec is compiled; use `where(condition, a, b)`"
        raise flow.error("runtime-condition", "this is only known when the module runs", expr.span, help=help)
    raise flow.error("wrong-kind", f"a condition must be true or false, not {described(found)}", expr.span)


def _ternary(flow: Flow, expr: ast.Ternary) -> V:
    test = condition(flow, expr.condition)
    if isinstance(test, bool):
        return value(flow, expr.then if test else expr.other)
    if isinstance(test, Both):
        raise flow.error("not-yet", "write this as `if ... { } else { }` on one input at a time", expr.span)
    present, absent = (expr.then, expr.other) if test.positive else (expr.other, expr.then)
    return _if_present(flow, test.name, present, absent, expr.span)


def _if_present(flow: Flow, of: str, present: ast.Expr, absent: ast.Expr, span: Span) -> V:
    from sharedsl.analysis.flow import same_type

    before, counts = flow.names, flow.numbering.counts
    optional = before[of]
    given = d.Var(of, d.Tensor(optional.type.dtype, optional.type.dims), span=optional.span)
    flow.names, flow.numbering.counts = {**before, of: given}, counts.copy()
    then = value(flow, present)
    first = flow.numbering.counts
    flow.names, flow.numbering.counts = {**before, of: None}, counts.copy()
    other = value(flow, absent)
    flow.numbering.counts.merge(first)
    flow.names = before
    if is_static(then) and is_static(other) and then == other:
        return then
    if (then is None) != (other is None):
        known = flow.operand(other if then is None else then, span)
        if not isinstance(known.type, d.Tensor):
            raise flow.error("wrong-kind", "a list cannot be missing", span)
        type = d.Tensor(known.type.dtype, known.type.dims, optional=True)
        result = d.IfPresent(of, None if then is None else known, None if other is None else known, type, span=span)
        return result
    sides = flow.operand(then, present.span), flow.operand(other, absent.span)
    if not same_type(sides[0].type, sides[1].type):
        message = f"{sides[0].type} where `{of}` is given, and {sides[1].type} where it is not"
        raise flow.error("shape", message, span)
    return d.IfPresent(of, sides[0], sides[1], sides[0].type, span=span)


def _items(flow: Flow, expr: ast.List | ast.Tuple) -> V:
    found: list[V] = []
    failed = False
    for item in expr.items:
        try:
            found.append(value(flow, item))
        except Poisoned:
            failed = True
    if failed:
        raise Poisoned
    return tuple(found)


def _comprehension(flow: Flow, expr: ast.Comprehension) -> V:
    from sharedsl.analysis.loops import elements, turns

    items = turns(flow, value(flow, expr.source), len(expr.names), expr.source.span)
    before, found = flow.names, []
    try:
        for item in items:
            parts = (item,) if len(expr.names) == 1 else elements(item)
            if parts is None or len(parts) != len(expr.names):
                raise flow.error("wrong-count", f"{len(expr.names)} names do not fit these items", expr.source.span)
            flow.names = {**before, **dict(zip(expr.names, parts, strict=True))}
            if expr.condition is None or condition(flow, expr.condition) is True:
                found.append(value(flow, expr.value))
    finally:
        flow.names = before
    return tuple(found)


def static_only(flow: Flow, found: V, span: Span, what: str) -> V:
    """`found`, which must be known when the spec is compiled."""
    if is_runtime(found) or isinstance(found, Ref | Forwarding | Presence | Both):
        raise flow.error("wrong-kind", f"{what} must be known when the spec is compiled", span)
    return found


def is_named(found: V, kind: str) -> bool:
    return isinstance(found, Named) and found.kind == kind
