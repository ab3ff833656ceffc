"""The right side of a tie as a view: its expression walked, weights read, calls of view functions carried out."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from sharedsl.comptime import Failure, Scope, evaluate
from sharedsl.model import sizes
from sharedsl.model.sites import Axis
from sharedsl.model.sizes import Real, Size
from sharedsl.sharing import gathers
from sharedsl.sharing.views import (
    View,
    ViewError,
    axis_named,
    concat,
    detach,
    flip,
    permute,
    repeat,
    reshape,
    roll,
    rot90,
    scale,
    take,
)
from sharedsl.source import Span
from sharedsl.syntax import ast

Leaf = Callable[[ast.Expr], View | None]
#: makes a weight that is gathered, and gives the view of the whole of it
Define = Callable[[gathers.Request], View]
#: `a * b` of two weights and the like
NO_VIEW = (
    "this is not a view of a weight: use permute, reshape, slices, concat, flip, rot90, roll, repeat, `c * S`, detach"
)


class Builder:
    """A view from the expression of a tie. `leaf` gives the view of a path, None where the expression is no path."""

    def __init__(self, scope: Scope, leaf: Leaf, define: Define) -> None:
        self.scope, self.leaf, self.define = scope, leaf, define

    def view(self, expr: ast.Expr) -> View:
        built = self.build(expr)
        if not isinstance(built, View):
            raise ViewError("shape", "a weight is tied to a weight, and this is a number", expr.span)
        return built

    def build(self, expr: ast.Expr) -> View | Size | Real:
        found = self.leaf(expr)
        if found is not None:
            return found
        match expr:
            case ast.Attribute(name="T"):
                view = self.view(expr.value)
                return permute(view, tuple(reversed(range(len(view.axes)))))
            case ast.Index() if self._is_view(expr.value):
                return take(self.view(expr.value), expr.subs, self.scope, expr.span)
            case ast.Binary(op="*" | "/") if self._is_view(expr.left) or self._is_view(expr.right):
                return self._product(expr)
            case ast.Unary(op="-") if self._is_view(expr.operand):
                return scale(self.view(expr.operand), sizes.size(-1))
            case ast.Pipe():
                into = expr.into
                call = ast.Call(into, (), span=into.span) if not isinstance(into, ast.Call) else into
                args = (ast.Arg(expr.value, span=expr.value.span), *call.args)
                return self.build(ast.Call(call.function, args, span=expr.span))
            case ast.Call(function=ast.Name(name=name)) if name in CALLS:
                return CALLS[name](self, expr)
            case ast.Binary() if self._is_view(expr.left) or self._is_view(expr.right):
                raise ViewError("not-yet", NO_VIEW, expr.span)
        value = evaluate(expr, self.scope)
        if not isinstance(value, Size | Real) or value.value is None:
            raise ViewError("shape", NO_VIEW, expr.span)
        return value

    def _is_view(self, expr: ast.Expr) -> bool:
        """Whether a weight stands in the expression."""
        if self.leaf(expr) is not None:
            return True
        match expr:
            case ast.Attribute() | ast.Index():
                return self._is_view(expr.value)
            case ast.Binary():
                return self._is_view(expr.left) or self._is_view(expr.right)
            case ast.Unary():
                return self._is_view(expr.operand)
            case ast.Pipe():
                return self._is_view(expr.value)
            case ast.Call():
                return any(self._is_view(arg.value) for arg in expr.args)
        return False

    def _product(self, expr: ast.Binary) -> View:
        if self._is_view(expr.left) and self._is_view(expr.right):
            raise ViewError("not-yet", NO_VIEW, expr.span)
        if expr.op == "/":
            if not self._is_view(expr.left):
                raise ViewError("not-yet", NO_VIEW, expr.span)
            below = self._number(expr.right)
            if below.value == 0:
                raise ViewError(
                    "cycle-scale", "a weight divided by 0 has no value", expr.span, "write the scale that is meant"
                )
            return scale(self.view(expr.left), sizes.real("/", sizes.size(1), below))
        number, of = (expr.right, expr.left) if self._is_view(expr.left) else (expr.left, expr.right)
        factor = self._number(number)
        if factor.value == 0:
            raise ViewError(
                "cycle-scale", "0 times a weight says nothing about the weight", expr.span, "freeze it at zeros instead"
            )
        return scale(self.view(of), factor)

    def _number(self, expr: ast.Expr) -> Size | Real:
        value = self.build(expr)
        assert not isinstance(value, View)
        return value

    # ------------------------------------------------------------------ calls

    def axis(self, expr: ast.Expr | None, view: View, default: int, span: Span) -> int:
        if expr is None:
            return default % len(view.axes)
        if isinstance(expr, ast.Name) and any(axis.name == expr.name for axis in view.axes):
            return axis_named(view.axes, expr.name, expr.span)
        at = self.scope.trace.fixed(self.whole(expr))
        if not -len(view.axes) <= at < len(view.axes):
            raise ViewError("shape", f"there is no axis {at}: the weight has {len(view.axes)}", expr.span)
        return at % len(view.axes)

    def whole(self, expr: ast.Expr) -> Size:
        value = evaluate(expr, self.scope)
        if not isinstance(value, Size):
            raise Failure("a whole number is wanted here")
        return value

    def arguments(self, call: ast.Call, names: tuple[str, ...]) -> dict[str, ast.Expr]:
        """Arguments by name; the first one is the weight."""
        given: dict[str, ast.Expr] = {}
        for at, arg in enumerate(call.args):
            name = arg.name or (names[at] if at < len(names) else None)
            if name is None or name not in names or name in given:
                assert isinstance(call.function, ast.Name)
                takes = ", ".join(names)
                raise ViewError("shape", f"`{call.function.name}` takes {takes}", arg.value.span)
            given[name] = arg.value
        if "w" not in given:
            raise ViewError("shape", "the first argument is the weight", call.span)
        return given


def _detach(b: Builder, call: ast.Call) -> View:
    return detach(b.view(b.arguments(call, ("w",))["w"]))


def _flip(b: Builder, call: ast.Call) -> View:
    given = b.arguments(call, ("w", "axis"))
    view = b.view(given["w"])
    return flip(view, b.axis(given.get("axis"), view, -1, call.span))


def _roll(b: Builder, call: ast.Call) -> View:
    given = b.arguments(call, ("w", "by", "axis"))
    view = b.view(given["w"])
    by = b.scope.trace.fixed(b.whole(given["by"])) if "by" in given else 1
    return roll(view, by, b.axis(given.get("axis"), view, -1, call.span), call.span)


def _repeat(b: Builder, call: ast.Call) -> View:
    given = b.arguments(call, ("w", "times", "axis"))
    view = b.view(given["w"])
    if "times" not in given:
        raise ViewError("shape", "`repeat` takes w, times, axis", call.span)
    count = b.whole(given["times"])
    if b.scope.trace.fixed(count) < 1:
        raise ViewError("shape", "a weight is repeated at least once", call.span)
    return repeat(view, b.scope.trace.fixed(count), b.axis(given.get("axis"), view, 0, call.span), count)


def _rot90(b: Builder, call: ast.Call) -> View:
    given = b.arguments(call, ("w", "times", "axes"))
    view = b.view(given["w"])
    axes = given.get("axes")
    pair = axes.items if isinstance(axes, ast.List | ast.Tuple) else ()
    if len(view.axes) < 2 or (axes is not None and len(pair) != 2):
        raise ViewError("shape", "`rot90` turns two axes: rot90(w, times, axes = [2, 3])", call.span)
    first = b.axis(pair[0] if pair else None, view, -2, call.span)
    second = b.axis(pair[1] if pair else None, view, -1, call.span)
    if first == second:
        raise ViewError("shape", "`rot90` turns two different axes", call.span)
    return rot90(view, b.scope.trace.fixed(b.whole(given["times"])) if "times" in given else 1, first, second)


def _concat(b: Builder, call: ast.Call) -> View:
    named = {arg.name: arg.value for arg in call.args if arg.name}
    parts = [b.view(arg.value) for arg in call.args if not arg.name]
    if not parts or named.keys() - {"axis"}:
        raise ViewError("shape", "`concat` takes weights and `axis = ..`", call.span)
    axis = b.axis(named.get("axis"), parts[0], 0, call.span)
    for part in parts[1:]:
        one, other = list(parts[0].shape), list(part.shape)
        if len(one) != len(other) or any(
            x != y for at, (x, y) in enumerate(zip(one, other, strict=True)) if at != axis
        ):
            raise ViewError("shape", f"{one} and {other} cannot be put together along axis {axis}", call.span)
    return concat(parts, axis)


def _numbers(b: Builder, call: ast.Call) -> list[ast.Expr]:
    rest = [arg.value for arg in call.args[1:] if arg.name is None]
    if len(rest) == 1 and isinstance(rest[0], ast.List | ast.Tuple):
        return list(rest[0].items)
    return rest


def _permute(b: Builder, call: ast.Call) -> View:
    if not call.args:
        raise ViewError("shape", "`permute` takes a weight and the order of its axes", call.span)
    view = b.view(call.args[0].value)
    order = tuple(b.axis(item, view, 0, call.span) for item in _numbers(b, call))
    if sorted(order) != list(range(len(view.axes))):
        raise ViewError("shape", f"`permute` names each of the {len(view.axes)} axes once", call.span)
    return permute(view, order)


def _reshape(b: Builder, call: ast.Call) -> View:
    if not call.args:
        raise ViewError("shape", "`reshape` takes a weight and its new sizes", call.span)
    view = b.view(call.args[0].value)
    new = [b.whole(item) for item in _numbers(b, call)]
    known = prod(size.value or 1 for size in new if size.value != -1)
    rest = [size for size in new if size.value == -1]
    if len(rest) > 1 or (rest and (known == 0 or prod(view.shape) % known)):
        raise ViewError("shape", f"{list(view.shape)} does not reshape like this", call.span)
    total = sizes.product([axis.size for axis in view.axes])
    filled = sizes.combine("//", total, sizes.product([s for s in new if s.value != -1])) if rest else total
    axes = tuple(Axis(filled if size.value == -1 else size) for size in new)
    if any((axis.size.value or 0) < 1 for axis in axes):
        raise ViewError("shape", "sizes are at least 1", call.span)
    return reshape(view, axes, call.span)


def _gather(b: Builder, call: ast.Call) -> View:
    named = {arg.name: arg.value for arg in call.args if arg.name}
    plain = [arg.value for arg in call.args if not arg.name]
    if len(plain) < 3 or named.keys() - {"sign"}:
        message = "`gather` takes a weight, its positions and a formula for each axis of the weight"
        raise ViewError("shape", message, call.span, "such as `gather(t, [i in rows, j in columns], (i - j) % rows)`")
    of = b.view(plain[0])
    return b.define(gathers.request(of, plain[1], plain[2:], named.get("sign"), b.scope, call.span))


def _vector(b: Builder, given: dict[str, ast.Expr], call: ast.Call, length: int | None = None) -> View:
    """The numbers that a builder spreads over a matrix."""
    view = b.view(given["w"])
    if len(view.axes) != 1 or (length is not None and view.shape[0] != length):
        assert isinstance(call.function, ast.Name)
        wanted = "a vector" if length is None else f"a vector of {length}"
        message = f"`{call.function.name}` spreads {wanted}, and this is {list(view.shape)}"
        raise ViewError("shape", message, given["w"].span)
    return view


def _circulant(b: Builder, call: ast.Call) -> View:
    given = b.arguments(call, ("w",))
    view = _vector(b, given, call)
    length = b.scope.trace.fixed(view.axes[0].size)
    size = ast.Number(str(length), length, span=call.span)
    index = gathers.circulant(length, call.span)
    return b.define(gathers.request(view, gathers.over(size, size, call.span), [index], None, b.scope, call.span))


def _sides(b: Builder, given: dict[str, ast.Expr], call: ast.Call) -> tuple[int, int]:
    """How many rows and columns a builder is asked for."""
    if "rows" not in given or "columns" not in given:
        assert isinstance(call.function, ast.Name)
        name = call.function.name
        help = f"such as `{name}(t, rows, columns)`"
        raise ViewError("shape", f"`{name}` takes a vector and the two sides of what it makes", call.span, help)
    return b.scope.trace.fixed(b.whole(given["rows"])), b.scope.trace.fixed(b.whole(given["columns"]))


def _toeplitz(b: Builder, call: ast.Call) -> View:
    given = b.arguments(call, ("w", "rows", "columns"))
    rows, columns = _sides(b, given, call)
    view = _vector(b, given, call, rows + columns - 1)
    rising = isinstance(call.function, ast.Name) and call.function.name == "hankel"
    index = gathers.hankel(call.span) if rising else gathers.toeplitz(columns, call.span)
    over = gathers.over(given["rows"], given["columns"], call.span)
    return b.define(gathers.request(view, over, [index], None, b.scope, call.span))


def _hashed(b: Builder, call: ast.Call) -> View:
    given = b.arguments(call, ("w", "rows", "columns", "seed"))
    _sides(b, given, call)
    view = _vector(b, given, call)
    seed = b.scope.trace.fixed(b.whole(given["seed"])) if "seed" in given else 0
    if seed < 0:
        raise ViewError("shape", "a seed is a whole number from 0 up", given["seed"].span)
    index, sign = gathers.hashed(b.scope.trace.fixed(view.axes[0].size), seed, call.span)
    over = gathers.over(given["rows"], given["columns"], call.span)
    return b.define(gathers.request(view, over, [index], sign, b.scope, call.span))


CALLS: dict[str, Callable[[Builder, ast.Call], View]] = {
    "gather": _gather,
    "circulant": _circulant,
    "toeplitz": _toeplitz,
    "hankel": _toeplitz,
    "hashed": _hashed,
    "detach": _detach,
    "flip": _flip,
    "roll": _roll,
    "repeat": _repeat,
    "rot90": _rot90,
    "concat": _concat,
    "permute": _permute,
    "reshape": _reshape,
}
