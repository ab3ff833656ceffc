"""Views: the right side of a tie as patches, boxes of the result that are boxes of weights under an index map."""

from __future__ import annotations

from math import prod

from sharedsl.comptime import Failure, Scope, evaluate
from sharedsl.diagnostics import Fix
from sharedsl.model import sizes
from sharedsl.model.sites import Axis
from sharedsl.model.sizes import Arith, Real, Size
from sharedsl.record import dataclass, replace
from sharedsl.sharing import strided
from sharedsl.sharing.report import suggestion
from sharedsl.sharing.strided import Box, Digit, Map
from sharedsl.source import Span
from sharedsl.syntax import ast


class ViewError(Exception):
    """A view that cannot be; `code`, `span` and the rest are for the diagnostic."""

    def __init__(self, code: str, message: str, span: Span, help: str = "", fixes: tuple[Fix, ...] = ()) -> None:
        super().__init__(message)
        self.code, self.span, self.help, self.fixes = code, span, help, fixes


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
        if found:
            raise ViewError("no-axis", f"{len(found)} axes are called `{name}`", span, "axes are counted from 0")
        help, fixes = suggestion(name, span, [axis.name for axis in axes if axis.name])
        help = help or ("" if fixes else "axes are counted from 0")
        raise ViewError("no-axis", f"no axis is called `{name}`", span, help, fixes)
    return found[0]
