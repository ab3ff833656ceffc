"""`x[..]` in forward: elements of lists and stacks, and parts of tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sharedsl.analysis import expressions
from sharedsl.analysis.arguments import Poisoned
from sharedsl.analysis.flow_values import RUNTIME, Ref, V, described
from sharedsl.comptime import Failure
from sharedsl.comptime.evaluate import position
from sharedsl.model import dataflow as d
from sharedsl.model.sizes import Size
from sharedsl.ops import OPS, ShapeError
from sharedsl.syntax import ast

if TYPE_CHECKING:
    from sharedsl.analysis.flow import Flow


def index(flow: Flow, expr: ast.Index) -> V:
    """One element, a slice, or a part of a tensor."""
    found = expressions.value(flow, expr.value)
    if isinstance(found, Ref):
        return _layers(flow, found, expr)
    if isinstance(found, tuple):
        return _listed(flow, found, expr)
    if isinstance(found, RUNTIME):
        if isinstance(found.type, d.Many):
            return _many(flow, found, expr)
        return _tensor(flow, found, expr)
    raise flow.error("wrong-kind", f"{described(found)} has no elements", expr.span)


def _one_sub(flow: Flow, expr: ast.Index) -> ast.Expr | ast.Slice:
    sub = expr.subs[0]
    if len(expr.subs) != 1 or sub.axis or sub.value is None:
        raise flow.error("wrong-count", "this takes one index or one slice", expr.span)
    return sub.value


def positions(flow: Flow, sub: ast.Expr | ast.Slice, count: int) -> int | range:
    """A place among `count`, or the places of a slice; negative ones count from the end."""
    try:
        if isinstance(sub, ast.Slice):
            bounds = [
                None if part is None else expressions.value(flow, part) for part in (sub.start, sub.stop, sub.step)
            ]
            return _range(flow, bounds, count, sub)
        return position(expressions.value(flow, sub), count, flow.shop.trace)
    except Failure as problem:
        raise flow.error("bad-index", str(problem), sub.span) from None


def _range(flow: Flow, bounds: list[V], count: int, sub: ast.Slice) -> range:
    fixed: list[int | None] = []
    for bound in bounds:
        if bound is not None and not isinstance(bound, Size):
            raise Failure(f"a bound of a slice must be a whole number, not {described(bound)}")
        fixed.append(None if bound is None else flow.shop.trace.fixed(bound))
    if fixed[2] == 0:
        raise Failure("the step of a slice is zero")
    return range(*slice(*fixed).indices(count))


def _layers(flow: Flow, ref: Ref, expr: ast.Index) -> V:
    if ref.indices is None or ref.element:
        raise flow.error("wrong-kind", f"`{ref.child}` is one layer, not a stack", expr.span)
    _refuse_running(flow, ref, expr)
    chosen = positions(flow, _one_sub(flow, expr), len(ref.indices))
    if isinstance(chosen, int):
        return Ref(ref.child, (ref.indices[chosen],), element=True, method=ref.method)
    if not chosen:
        raise flow.error("bad-index", f"this slice of `{ref.child}` is empty", expr.span)
    indices = tuple(ref.indices[at] for at in chosen)
    return Ref(ref.child, indices, whole=ref.whole and indices == ref.indices, method=ref.method)


def _refuse_running(flow: Flow, ref: Ref, expr: ast.Index) -> None:
    """Which layer runs is part of the model: a number that only the caller knows cannot choose it."""
    sub = expr.subs[0].value
    at = expressions.value(flow, sub) if sub is not None and not isinstance(sub, ast.Slice) else None
    if isinstance(at, Size) and at.value is None:
        message = f"which of `{ref.child}` is applied must be known when the spec is compiled"
        help = "a loop whose length is known may choose layers; rows of a `weight` can be chosen at run time"
        raise flow.error("bad-index", message, sub.span if sub is not None else expr.span, help=help)


def _listed(flow: Flow, items: tuple[V, ...], expr: ast.Index) -> V:
    chosen = positions(flow, _one_sub(flow, expr), len(items))
    return items[chosen] if isinstance(chosen, int) else tuple(items[at] for at in chosen)


def _many(flow: Flow, found: V, expr: ast.Index) -> V:
    types = found.type.items
    chosen = positions(flow, _one_sub(flow, expr), len(types))
    if isinstance(chosen, int):
        return d.Pick(found, chosen, types[chosen], span=expr.span)
    items = tuple(d.Pick(found, at, types[at], span=expr.span) for at in chosen)
    return d.Collect(items, d.Many(tuple(item.type for item in items)), span=expr.span)


def _tensor(flow: Flow, found: V, expr: ast.Index) -> V:
    """`x[i]`, `x[:, 0:n]` axis by axis from the first; an index may be a tensor of whole numbers, once."""
    args: list[d.Expr] = [found]
    subs: list[d.Setting] = []
    for sub in expr.subs:
        if sub.axis:
            help = "count the axes instead: `x[:, 0:8]`"
            raise flow.error("not-yet", "naming an axis of a value is not supported yet", sub.span, help=help)
        if sub.value is None:
            subs.append((None, None, None))
        elif isinstance(sub.value, ast.Slice):
            subs.append(tuple(_bound(flow, part) for part in (sub.value.start, sub.value.stop, sub.value.step)))
        else:
            subs.append(_entry(flow, expressions.value(flow, sub.value), sub, args))
    try:
        result = OPS["index"].result(tuple(arg.type for arg in args), {"subs": tuple(subs)})
    except ShapeError as problem:
        flow.shop.report.error("shape", str(problem), expr.span)
        raise Poisoned from None
    return d.Op("index", tuple(args), (("subs", tuple(subs)),), result, span=expr.span)


def _bound(flow: Flow, part: ast.Expr | None) -> Size | None:
    if part is None:
        return None
    bound = expressions.value(flow, part)
    if not isinstance(bound, Size):
        raise flow.error("wrong-kind", f"a bound of a slice is a whole number, not {described(bound)}", part.span)
    return bound


def _entry(flow: Flow, at: V, sub: ast.Sub, args: list[d.Expr]) -> d.Setting:
    if isinstance(at, Size):
        return at
    if not isinstance(at, RUNTIME) or not isinstance(at.type, d.Tensor):
        raise flow.error("wrong-kind", f"an index is a whole number or a tensor of them, not {described(at)}", sub.span)
    if len(args) > 1:
        raise flow.error("not-yet", "only one index can be a tensor yet", sub.span)
    args.append(at)
    return "at"
