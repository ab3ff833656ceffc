"""Views: the right side of a tie as patches, boxes of the result that are boxes of weights under an index map."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import prod

from sharedsl.comptime import Failure, Scope, evaluate
from sharedsl.model import sizes
from sharedsl.model.sites import Axis
from sharedsl.model.sizes import Arith, Real, Size
from sharedsl.sharing import strided
from sharedsl.sharing.strided import Box, Digit, Map
from sharedsl.source import Span
from sharedsl.syntax import ast


class ViewError(Exception):
    """A view that cannot be; `code` and `span` are for the diagnostic."""

    def __init__(self, code: str, message: str, span: Span, help: str = "") -> None:
        super().__init__(message)
        self.code, self.span, self.help = code, span, help


@dataclass(frozen=True, slots=True)
class Patch:
    """`box` of the result is `factor` times the elements of `var` that `map` leads to."""

    box: Box
    map: Map
    var: int
    factor: float = 1.0
    code: Arith | None = None
    detached: bool = False


#: (var, axis, position) -> the size that the position is, in the model's parameters
Hints = dict[tuple[int, int, int], Size]


@dataclass(frozen=True, slots=True)
class View:
    """`own` are sizes of cuts in the view's own axes: (axis, position) -> size."""

    axes: tuple[Axis, ...]
    patches: tuple[Patch, ...]
    hints: tuple[tuple[tuple[int, int, int], Size], ...] = ()
    own: tuple[tuple[tuple[int, int], Size], ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(int(axis.size.value or 0) for axis in self.axes)


def read(var: int, axes: tuple[Axis, ...]) -> View:
    """The whole of a weight."""
    box = strided.whole(tuple(int(axis.size.value or 0) for axis in axes))
    return View(axes, (Patch(box, strided.identity(box), var),))


def scale(view: View, number: Size | Real) -> View:
    factor = float(number.value or 0)
    patches = tuple(
        replace(p, factor=p.factor * factor, code=number.code if p.code is None else Arith("*", (number.code, p.code)))
        for p in view.patches
    )
    return replace(view, patches=patches)


def detach(view: View) -> View:
    return replace(view, patches=tuple(replace(p, detached=True) for p in view.patches))


def permute(view: View, order: tuple[int, ...]) -> View:
    patches = tuple(
        replace(p, box=tuple(p.box[a] for a in order), map=Map(tuple(p.map.digits[a] for a in order), p.map.offset))
        for p in view.patches
    )
    back = {a: at for at, a in enumerate(order)}
    own = tuple(((back[axis], at), size) for (axis, at), size in view.own)
    axes = tuple(view.axes[a] for a in order)
    if any(axis.side == "in" for axis in axes):
        axes = _sides(axes)
    return replace(view, axes=axes, patches=patches, own=own)


def _sides(axes: tuple[Axis, ...]) -> tuple[Axis, ...]:
    """After a transposition the inputs stand first: then the sides change places."""
    sides = [axis.side for axis in axes]
    if sides[0] == "in" and sides == sorted(sides, key=lambda side: side == "out"):
        return tuple(replace(axis, side="out" if axis.side == "in" else "in") for axis in axes)
    return axes


def cut(view: View, axis: int, lo: int, hi: int, low: Size, high: Size, span: Span) -> View:
    """Positions lo .. hi of one axis."""
    patches: list[Patch] = []
    hints = list(view.hints)
    for p in view.patches:
        a, b = max(lo, p.box[axis][0]), min(hi, p.box[axis][1])
        if a >= b:
            continue
        part = (*p.box[:axis], (a, b), *p.box[axis + 1 :])
        kept = strided.restrict(p.map, p.box, part)
        if kept is None:
            message = "this slice cuts through an axis that was reshaped, and is not a box"
            raise ViewError("not-a-box", message, span, "slice before reshaping, or where the reshaped axis begins")
        hints += _source_hints(p, axis, ((lo, low), (hi, high)))
        patches.append(replace(p, box=_shifted(part, axis, -lo), map=kept))
    size = high if lo == 0 else sizes.combine("-", high, low)
    axes = tuple(replace(each, size=size) if at == axis else each for at, each in enumerate(view.axes))
    own = tuple(item for item in view.own if item[0][0] != axis)
    return View(axes, tuple(patches), tuple(hints), own)


def _source_hints(p: Patch, axis: int, bounds: tuple[tuple[int, Size], ...]) -> list[tuple[tuple[int, int, int], Size]]:
    digits = p.map.digits[axis]
    if len(digits) != 1 or digits[0][2] != 1 or p.map.offset[digits[0][1]] != p.box[axis][0]:
        return []
    return [((p.var, digits[0][1], at), size) for at, size in bounds]


def _shifted(box: Box, axis: int, by: int) -> Box:
    return tuple((lo + by, hi + by) if at == axis else (lo, hi) for at, (lo, hi) in enumerate(box))


def concat(views: list[View], axis: int) -> View:
    patches: list[Patch] = []
    hints = [hint for view in views for hint in view.hints]
    own: list[tuple[tuple[int, int], Size]] = []
    start, total = 0, sizes.size(0)
    for view in views:
        patches += [replace(p, box=_shifted(p.box, axis, start)) for p in view.patches]
        if start:
            own.append(((axis, start), total))
        start += view.shape[axis]
        total = view.axes[axis].size if total.ground == 0 else sizes.combine("+", total, view.axes[axis].size)
    axes = tuple(replace(each, size=total) if at == axis else each for at, each in enumerate(views[0].axes))
    return View(axes, tuple(patches), tuple(hints), tuple(own))


def replaced(view: View, var: int, by: View, span: Span) -> View:
    """The view with `var` read through `by`, which must be one patch."""
    if len(by.patches) != 1:
        raise ViewError("not-whole-storage", "this weight is put together from several storages", span)
    inner = by.patches[0]
    patches: list[Patch] = []
    for p in view.patches:
        if p.var != var:
            patches.append(p)
            continue
        part = strided.image(p.map)
        kept = strided.restrict(inner.map, inner.box, part)
        map = None if kept is None else strided.compose(p.map, kept, part)
        if map is None:
            raise ViewError("not-a-box", "these views compose to something that is not made of boxes", span)
        code = p.code if inner.code is None else inner.code if p.code is None else Arith("*", (p.code, inner.code))
        detached = p.detached or inner.detached
        patches.append(Patch(p.box, map, inner.var, p.factor * inner.factor, code, detached))
    return replace(view, patches=tuple(patches))


def flip(view: View, axis: int) -> View:
    size = view.shape[axis]
    patches: list[Patch] = []
    for p in view.patches:
        lo, hi = p.box[axis]
        offset = list(p.map.offset)
        turned: list[Digit] = []
        for n, k, t in p.map.digits[axis]:
            if k >= 0:
                offset[k] += t * (n - 1)
            turned.append((n, k, -t))
        digits = tuple(tuple(turned) if at == axis else each for at, each in enumerate(p.map.digits))
        box = (*p.box[:axis], (size - hi, size - lo), *p.box[axis + 1 :])
        patches.append(replace(p, box=box, map=Map(digits, tuple(offset))))
    return replace(view, patches=tuple(patches), own=())


def rot90(view: View, times: int, first: int, second: int) -> View:
    """As numpy.rot90: from axis `first` towards axis `second`."""
    for _ in range(times % 4):
        order = list(range(len(view.axes)))
        order[first], order[second] = order[second], order[first]
        view = flip(permute(view, tuple(order)), first)
    return view


def roll(view: View, by: int, axis: int, span: Span) -> View:
    n = view.shape[axis]
    by %= n
    if by == 0:
        return view
    size = view.axes[axis].size
    at = sizes.combine("-", size, sizes.size(by))
    tail = cut(view, axis, n - by, n, at, size, span)
    return concat([tail, cut(view, axis, 0, n - by, sizes.size(0), at, span)], axis)


def repeat(view: View, times: int, axis: int, count: Size) -> View:
    patches = []
    for p in view.patches:
        lo, hi = p.box[axis]
        box = (*p.box[:axis], (lo * times, hi * times), *p.box[axis + 1 :])
        digits = tuple(
            strided.simplified((*each, (times, -1, 0))) if at == axis else each for at, each in enumerate(p.map.digits)
        )
        patches.append(replace(p, box=box, map=Map(digits, p.map.offset)))
    axes = tuple(
        replace(each, size=sizes.combine("*", each.size, count)) if at == axis else each
        for at, each in enumerate(view.axes)
    )
    return replace(view, axes=axes, patches=tuple(patches), own=())


def reshape(view: View, axes: tuple[Axis, ...], span: Span) -> View:
    shape = tuple(int(axis.size.value or 0) for axis in axes)
    if prod(shape) != prod(view.shape):
        message = (
            f"{list(view.shape)} does not reshape to {list(shape)}: {prod(view.shape):,} elements, not {prod(shape):,}"
        )
        raise ViewError("shape", message, span)
    if len(view.patches) != 1:
        raise ViewError("not-a-box", "a weight that is put together from pieces cannot be reshaped", span)
    p = view.patches[0]
    flat = [digit for axis in p.map.digits for digit in axis]
    grouped: list[tuple[Digit, ...]] = []
    for size in reversed(shape):
        taken: list[Digit] = []
        while size > 1:
            n, k, t = flat.pop()
            if size % n == 0:
                taken.append((n, k, t))
                size //= n
            elif n % size == 0:
                taken.append((size, k, t))
                flat.append((n // size, k, t * size))
                size = 1
            else:
                message = f"{list(view.shape)} reshaped to {list(shape)} is not made of boxes: their axes do not divide"
                raise ViewError("not-a-box", message, span)
        grouped.append(strided.simplified(tuple(reversed(taken))))
    grouped.reverse()
    patch = replace(p, box=strided.whole(shape), map=Map(tuple(grouped), p.map.offset))
    return View(axes, (patch,), view.hints)


def take(view: View, subs: tuple[ast.Sub, ...], scope: Scope, span: Span) -> View:
    """`[heads = 0:8]`, `[0:128]`, `[heads = h]`: an index keeps its axis, of size 1."""
    for at, sub in enumerate(subs):
        if sub.value is None:
            continue
        where = sub.span if sub.span.end else span
        axis = at if sub.axis is None else axis_named(view.axes, sub.axis, where)
        if axis >= len(view.axes):
            raise ViewError("shape", f"this weight has {len(view.axes)} axes, and {axis + 1} are indexed", where)
        low, high = _bounds(sub.value, view.axes[axis].size, scope, where)
        lo, hi = scope.trace.fixed(low), scope.trace.fixed(high)
        if (lo, hi) != (0, view.shape[axis]):
            scope.trace.decided(high, "<=", view.axes[axis].size, True)
            view = cut(view, axis, lo, hi, low, high, where)
    return view


def _bounds(value: ast.Expr | ast.Slice, size: Size, scope: Scope, span: Span) -> tuple[Size, Size]:
    if isinstance(value, ast.Slice):
        if value.step is not None:
            step = evaluate(value.step, scope)
            if not isinstance(step, Size) or step.value != 1:
                raise ViewError("not-a-box", "a slice with a step is not a box; slice each part by itself", span)
        low = sizes.size(0) if value.start is None else _position(value.start, size, scope)
        high = size if value.stop is None else _position(value.stop, size, scope)
    else:
        low = _position(value, size, scope)
        high = sizes.combine("+", low, sizes.size(1))
    lo, hi, n = low.value, high.value, size.value
    if lo is None or hi is None or n is None or not 0 <= lo < hi <= n:
        raise ViewError("shape", f"the slice {low}:{high} is not inside of 0:{size}, or is empty", span)
    return low, high


def _position(expr: ast.Expr, size: Size, scope: Scope) -> Size:
    value = evaluate(expr, scope)
    if not isinstance(value, Size):
        raise Failure("a bound of a slice must be a whole number")
    if value.value is not None and value.value < 0:
        return sizes.combine("+", size, value)
    return value


def axis_named(axes: tuple[Axis, ...], name: str, span: Span) -> int:
    found = [at for at, axis in enumerate(axes) if axis.name == name]
    if len(found) != 1:
        known = ", ".join(f"`{axis.name}`" for axis in axes if axis.name)
        what = f"no axis is called `{name}`" if not found else f"{len(found)} axes are called `{name}`"
        raise ViewError("no-axis", what, span, f"there is {known}" if known else "axes are counted from 0")
    return found[0]


# ---------------------------------------------------------------------------- expressions


Leaf = Callable[[ast.Expr], View | None]
#: `a * b` of two weights and the like
NO_VIEW = (
    "this is not a view of a weight: use permute, reshape, slices, concat, flip, rot90, roll, repeat, `c * S`, detach"
)


class Builder:
    """A view from the expression of a tie. `leaf` gives the view of a path, None where the expression is no path."""

    def __init__(self, scope: Scope, leaf: Leaf) -> None:
        self.scope, self.leaf = scope, leaf

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


CALLS: dict[str, Callable[[Builder, ast.Call], View]] = {
    "detach": _detach,
    "flip": _flip,
    "roll": _roll,
    "repeat": _repeat,
    "rot90": _rot90,
    "concat": _concat,
    "permute": _permute,
    "reshape": _reshape,
}
