"""Evaluates the expressions of parameters, conditions, plans and loops to compile-time values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sharedsl.comptime.builtins import FUNCTIONS
from sharedsl.comptime.values import Failure, Trace, arithmetic, compare, kind_of, truth
from sharedsl.diagnostics import Edit, Fix
from sharedsl.model import sizes
from sharedsl.model.sizes import Named, Real, Size, Value
from sharedsl.record import dataclass, field
from sharedsl.source import Span
from sharedsl.syntax import ast

CONSTANTS: dict[str, Value] = {"true": True, "false": False, "none": None}


@dataclass(frozen=True, slots=True)
class Scope:
    """Names in reach, and the guards met on the way. `known`: functions and layers that may be passed on by name."""

    names: Mapping[str, Value]
    trace: Trace = field(default_factory=Trace)
    known: Mapping[str, Named] = field(default_factory=dict)

    def with_names(self, more: Mapping[str, Value]) -> Scope:
        return Scope({**self.names, **more}, self.trace, self.known)


class Unknown(Failure):
    """A name nobody defined; `name` and `span` let the reporter suggest another."""

    def __init__(self, name: str, span: Span) -> None:
        super().__init__(f"`{name}` is not defined here")
        self.name, self.span = name, span


def evaluate(expr: ast.Expr, scope: Scope) -> Value:
    """The value of `expr`; Failure (with `span` of the guilty part where known) if it has none."""
    try:
        return _evaluate(expr, scope)
    except Failure as failure:
        if not hasattr(failure, "span"):
            failure.span = expr.span  # type: ignore[attr-defined]
        raise


def _evaluate(expr: ast.Expr, scope: Scope) -> Value:
    match expr:
        case ast.Number():
            return number(expr)
        case ast.String():
            return expr.value
        case ast.Name():
            return lookup(expr, scope)
        case ast.Unary(op="-"):
            return (
                arithmetic("-", sizes.size(0), evaluate(expr.operand, scope))
                if not _real(expr, scope)
                else _minus(evaluate(expr.operand, scope))
            )
        case ast.Unary():
            return not truth(evaluate(expr.operand, scope))
        case ast.Binary(op="and"):
            return truth(evaluate(expr.left, scope)) and truth(evaluate(expr.right, scope))
        case ast.Binary(op="or"):
            return truth(evaluate(expr.left, scope)) or truth(evaluate(expr.right, scope))
        case ast.Binary(op="==" | "!=" | "<" | "<=" | ">" | ">=" | "in"):
            return compare(expr.op, evaluate(expr.left, scope), evaluate(expr.right, scope), scope.trace)
        case ast.Binary():
            return arithmetic(expr.op, evaluate(expr.left, scope), evaluate(expr.right, scope))
        case ast.Ternary():
            chosen = expr.then if truth(evaluate(expr.condition, scope)) else expr.other
            return evaluate(chosen, scope)
        case ast.List() | ast.Tuple():
            return tuple(evaluate(item, scope) for item in expr.items)
        case ast.Comprehension():
            return tuple(evaluate(expr.value, inner) for inner in _bindings(expr, scope))
        case ast.Call():
            return _call(expr, scope)
        case ast.Index():
            return _index(expr, scope)
        case ast.Pipe():
            return _evaluate(ast.Call(expr.into, (ast.Arg(expr.value),), span=expr.span), scope)
    raise Failure("this has no value at compile time")


def number(expr: ast.Number) -> Value:
    if isinstance(expr.value, int):
        return sizes.size(expr.value)
    return Real(expr.value, sizes.literal(expr.value))


def lookup(expr: ast.Name, scope: Scope) -> Value:
    if expr.name in scope.names:
        return scope.names[expr.name]
    if expr.name in CONSTANTS:
        return CONSTANTS[expr.name]
    if expr.name in scope.known:
        return scope.known[expr.name]
    raise Unknown(expr.name, expr.span)


def _real(expr: ast.Unary, scope: Scope) -> bool:
    return isinstance(evaluate(expr.operand, scope), Real)


def _minus(value: Value) -> Value:
    assert isinstance(value, Real)
    return sizes.real("neg", value)


def _call(expr: ast.Call, scope: Scope) -> Value:
    if not isinstance(expr.function, ast.Name):
        raise Failure("only a named function can be called at compile time")
    function = FUNCTIONS.get(expr.function.name)
    if function is None:
        raise Unknown(expr.function.name, expr.function.span)
    if any(arg.name for arg in expr.args):
        raise Failure(f"`{expr.function.name}` takes no named arguments")
    args = [evaluate(arg.value, scope) for arg in expr.args]
    try:
        return function(scope.trace, *args)
    except TypeError:
        raise Failure(f"`{expr.function.name}` does not take {len(args)} arguments") from None


def items_of(value: Value) -> tuple[Value, ...]:
    if isinstance(value, tuple):
        return value
    raise Failure(f"a list is wanted here, not {kind_of(value)}")


def bind(names: tuple[str, ...], item: Value) -> dict[str, Value]:
    """Loop variables to the parts of one item."""
    if len(names) == 1:
        return {names[0]: item}
    if not isinstance(item, tuple) or len(item) != len(names):
        raise Failure(f"{len(names)} names for {len(item) if isinstance(item, tuple) else 1} values")
    return dict(zip(names, item, strict=True))


def _bindings(expr: ast.Comprehension, scope: Scope) -> Iterator[Scope]:
    items = items_of(evaluate(expr.source, scope))
    if len(expr.names) == 2 and items and not isinstance(items[0], tuple):
        items = tuple((sizes.size(at), item) for at, item in enumerate(items))
    for item in items:
        scope.trace.turn()
        inner = scope.with_names(bind(expr.names, item))
        if expr.condition is None or truth(evaluate(expr.condition, inner)):
            yield inner


def position(value: Value, count: int, trace: Trace) -> int:
    """An index into `count` things, from the end where negative."""
    if not isinstance(value, Size):
        raise Failure(f"an index must be a whole number, not {kind_of(value)}")
    at = trace.fixed(value)
    if not -count <= at < count:
        raise Failure(f"index {at} is outside of 0..{count - 1}" if count else "there is nothing to index")
    return at % count


def slice_of(expr: ast.Slice, count: int, scope: Scope) -> range:
    """The positions that `a:b:c` names among `count`, as Python counts them; no bound lies beyond them."""
    bounds: list[int | None] = []
    for part in (expr.start, expr.stop, expr.step):
        value = None if part is None else evaluate(part, scope)
        if value is not None and not isinstance(value, Size):
            raise Failure(f"a bound of a slice must be a whole number, not {kind_of(value)}")
        bounds.append(None if value is None else scope.trace.fixed(value))
    start, stop, step = bounds
    if step == 0:
        raise Failure("the step of a slice is zero")
    for part, bound in ((expr.start, start), (expr.stop, stop)):
        if part is not None and bound is not None and not -count <= bound <= count:
            raise _beyond(part, bound, count, bound < 0 if part is expr.start else bound > 0)
    return range(*slice(start, stop, step).indices(count))


def _beyond(part: ast.Expr, bound: int, count: int, to_the_end: bool) -> Failure:
    """A bound that lies outside; where it meant "as far as there are", it can be left out."""
    failure = Failure(f"the bound {bound} of a slice lies beyond what there is, {count} in all")
    failure.span = part.span  # type: ignore[attr-defined]
    if to_the_end:
        failure.fixes = (Fix("leave the bound out", (Edit(part.span, ""),)),)
    return failure


def _index(expr: ast.Index, scope: Scope) -> Value:
    items = items_of(evaluate(expr.value, scope))
    if len(expr.subs) != 1 or expr.subs[0].axis or expr.subs[0].value is None:
        raise Failure("a list takes one index")
    sub = expr.subs[0].value
    if isinstance(sub, ast.Slice):
        return tuple(items[at] for at in slice_of(sub, len(items), scope))
    return items[position(evaluate(sub, scope), len(items), scope.trace)]
