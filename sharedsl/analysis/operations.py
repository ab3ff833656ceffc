"""Operations in `forward`: their arguments sorted into operands and settings, their result's shape found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sharedsl.analysis.arguments import Poisoned
from sharedsl.analysis.flow_values import RUNTIME, V, described, is_static, operand
from sharedsl.analysis.inputs import Argument
from sharedsl.analysis.names import unknown
from sharedsl.diagnostics import Label
from sharedsl.model import dataflow as d
from sharedsl.model.sizes import Named, Size
from sharedsl.ops import OPS, Operation, OpParam, ShapeError
from sharedsl.ops.patterns import wanted
from sharedsl.record import dataclass, field
from sharedsl.source import Span

if TYPE_CHECKING:
    from sharedsl.analysis.flow import Flow

__all__ = ["Argument", "apply"]

_OPERANDS = ("tensor", "tensors")
#: operations that leave out operands without elements: what a sequence's state is before its first step
_JOINS = frozenset(("concat",))


@dataclass(slots=True)
class _Sorted:
    """The arguments of one operation by what they are."""

    operands: dict[str, list[Argument | None]] = field(default_factory=dict)
    settings: dict[str, Argument] = field(default_factory=dict)
    sizes: dict[str, list[Argument]] = field(default_factory=dict)
    #: sizes by the names of a pattern
    named: dict[str, Argument] = field(default_factory=dict)


def apply(flow: Flow, name: str, args: list[Argument], span: Span, sign: str = "") -> d.Expr:
    """The operation as dataflow. `sign` is how the spec writes it, where that is no name."""
    op = OPS[name]
    what = f"`{sign or name}`"
    sorted_ = _sort(flow, op, args, what, span)
    operands, places = _operands(flow, op, sorted_, what)
    settings = _settings(flow, op, sorted_, what, span)
    if name in _JOINS:
        kept = [at for at, each in enumerate(operands) if not _empty(each, settings)]
        only = operands[kept[0]] if len(kept) == 1 else None
        if only is not None and isinstance(only.type, d.Tensor):
            return only
        if kept:
            operands, places = [operands[at] for at in kept], [places[at] for at in kept]
    try:
        result = op.result(tuple(None if each is None else each.type for each in operands), settings)
    except ShapeError as problem:
        if name == "attend":
            _infer_lengths(flow, operands)
        at = problem.arg
        place = places[at] if at is not None and at < len(places) else None
        flow.shop.report.error("shape", str(problem), place or span, "", *_origins(flow, operands, at))
        raise Poisoned from None
    return d.Op(name, tuple(operands), tuple(settings.items()), result, span=span)


def _infer_lengths(flow: Flow, operands: list[d.Expr | None]) -> None:
    """A mask or a bias whose length nothing else says is as long as the keys."""
    types = [None if each is None else each.type for each in operands]
    keys = types[1]
    for type in types[3:5]:
        if isinstance(type, d.Tensor) and isinstance(keys, d.Tensor) and type.dims and len(keys.dims) == 4:
            if not type.dims[-1].same(keys.dims[1]):
                flow.shop.infer(type.dims[-1], keys.dims[1])


def _origins(flow: Flow, operands: list[d.Expr | None], at: int | None) -> tuple[Label, ...]:
    """Where the layer or input behind a misfitting operand was declared."""
    found = []
    for one in operands:
        if isinstance(one, d.Call) and flow.draft is not None:
            child = flow.draft.unit.children[one.uses[0].child]
            found.append(Label(child.span, f"`{child.name}` gives {one.type}"))
        elif isinstance(one, d.Weight) and flow.draft is not None:
            place = flow.draft.places.get(one.name)
            if place is not None:
                found.append(Label(place, f"`{one.name}` is {one.type}"))
    return tuple(found)


# ---------------------------------------------------------------------------- sorting


def _sort(flow: Flow, op: Operation, args: list[Argument], what: str, span: Span) -> _Sorted:
    sorted_ = _Sorted()
    params = list(op.params)
    by_name = {param.name: param for param in params}
    open_names = any(param.kind == "names" for param in params)
    at = 0
    for arg in args:
        if arg.name is not None:
            _named(flow, by_name, open_names, arg, what, sorted_)
            continue
        while at < len(params) and not _takes(params[at], arg, sorted_, len(args)):
            at += 1
        if at == len(params):
            count = sum(param.kind != "names" for param in params)
            raise flow.error("wrong-count", f"{what} takes {count} argument{'s' if count != 1 else ''}", arg.span)
        _place(flow, params[at], arg, sorted_, what)
        if params[at].kind not in ("tensors", "sizes"):
            at += 1
    _check_given(flow, op, sorted_, what, span)
    return sorted_


def _takes(param: OpParam, arg: Argument, sorted_: _Sorted, count: int) -> bool:
    """Whether a positional argument can go to this parameter."""
    if param.name in sorted_.settings or (param.kind == "tensor" and param.name in sorted_.operands):
        return False
    match param.kind:
        case "names":
            return False
        case "tensors":
            return not isinstance(arg.value, str)
        case "sizes":
            return isinstance(arg.value, Size | tuple)
        case _:
            return True


def _named(
    flow: Flow, by_name: dict[str, OpParam], open_names: bool, arg: Argument, what: str, sorted_: _Sorted
) -> None:
    assert arg.name is not None
    param = by_name.get(arg.name)
    if param is not None and param.kind != "names":
        if arg.name in sorted_.settings or arg.name in sorted_.operands:
            raise flow.error("duplicate-argument", f"{what} is given `{arg.name}` twice", arg.span)
        _place(flow, param, arg, sorted_, what)
    elif open_names:
        sorted_.named[arg.name] = arg
    else:
        place = Span(arg.span.path, arg.span.start, arg.span.start + len(arg.name))
        message = f"{what} has no argument `{arg.name}`"
        flow.shop.report.add(unknown("unknown-argument", message, arg.name, place, by_name))
        raise Poisoned


def _place(flow: Flow, param: OpParam, arg: Argument, sorted_: _Sorted, what: str) -> None:
    match param.kind:
        case "tensor":
            sorted_.operands[param.name] = [None if arg.value is None else arg]
        case "tensors":
            items = arg.value if isinstance(arg.value, tuple) else (arg.value,)
            sorted_.operands.setdefault(param.name, []).extend(Argument(None, item, arg.span) for item in items)
        case "sizes":
            items = arg.value if isinstance(arg.value, tuple) else (arg.value,)
            sorted_.sizes.setdefault(param.name, []).extend(Argument(None, item, arg.span) for item in items)
        case _:
            sorted_.settings[param.name] = arg


def _check_given(flow: Flow, op: Operation, sorted_: _Sorted, what: str, span: Span) -> None:
    given = {*sorted_.operands, *sorted_.settings, *sorted_.sizes}
    needed = [param.name for param in op.params if param.required and param.kind != "names"]
    missing = [f"`{name}`" for name in needed if name not in given]
    if missing:
        raise flow.error("missing-argument", f"{what} needs {', '.join(missing)}", span)


# ---------------------------------------------------------------------------- operands and settings


def _operands(flow: Flow, op: Operation, sorted_: _Sorted, what: str) -> tuple[list[d.Expr | None], list[Span | None]]:
    """In the order of the parameters; trailing ones that are left out are not there."""
    found: list[d.Expr | None] = []
    places: list[Span | None] = []
    for param in op.params:
        if param.kind not in _OPERANDS:
            continue
        for arg in sorted_.operands.get(param.name, [] if param.kind == "tensors" else [None]):
            found.append(None if arg is None else _operand(flow, arg, what))
            places.append(None if arg is None else arg.span)
    while found and found[-1] is None:
        found.pop()
        places.pop()
    return found, places


def _operand(flow: Flow, arg: Argument, what: str) -> d.Expr:
    expr = operand(arg.value, arg.span)
    if expr is None:
        raise flow.error("wrong-kind", f"{what} does not work on {described(arg.value)}", arg.span)
    return expr


def _settings(flow: Flow, op: Operation, sorted_: _Sorted, what: str, span: Span) -> dict[str, d.Setting]:
    found: dict[str, d.Setting] = {}
    for param in op.params:
        if param.name in sorted_.settings:
            found[param.name] = _setting(flow, sorted_.settings[param.name], what)
        elif param.name in sorted_.sizes:
            found[param.name] = tuple(_setting(flow, arg, what) for arg in sorted_.sizes[param.name])
        elif param.kind == "names":
            found |= _pattern_sizes(flow, sorted_, found, what, span)
    return found


def _setting(flow: Flow, arg: Argument, what: str) -> d.Setting:
    value = arg.value
    if not is_static(value):
        name = f"`{arg.name}` of {what}" if arg.name else f"this argument of {what}"
        if isinstance(value, RUNTIME):
            raise flow.error("wrong-kind", f"{name} must be known when the spec is compiled", arg.span)
        raise flow.error("wrong-kind", f"{name} cannot be {described(value)}", arg.span)
    return _bare(value)


def _bare(value: V) -> d.Setting:
    if isinstance(value, tuple):
        return tuple(_bare(item) for item in value)
    return value.name if isinstance(value, Named) else value


def _pattern_sizes(
    flow: Flow, sorted_: _Sorted, settings: dict[str, d.Setting], what: str, span: Span
) -> dict[str, d.Setting]:
    """Sizes that a pattern needs beside its operand's: given by name, else what the name stands for here."""
    text = next((value for value in settings.values() if isinstance(value, str)), None)
    found: dict[str, d.Setting] = {name: _setting(flow, arg, what) for name, arg in sorted_.named.items()}
    if text is None:
        return found
    try:
        names = wanted(text)
    except ShapeError as problem:
        raise flow.error("shape", str(problem), span) from None
    for name in names:
        value = _size_called(flow, name)
        if name not in found and value is not None:
            found[name] = value
    strange = [name for name in sorted_.named if name not in text.replace("(", " ").replace(")", " ").split()]
    if strange:
        arg = sorted_.named[strange[0]]
        place = Span(arg.span.path, arg.span.start, arg.span.start + len(strange[0]))
        raise flow.error("unknown-argument", f'"{text}" does not mention `{strange[0]}`', place)
    return found


def _size_called(flow: Flow, name: str) -> Size | None:
    for names in (flow.names, flow.draft.names if flow.draft is not None else {}, flow.sizes):
        value = names.get(name)
        if isinstance(value, Size):
            return value
    return None


def _empty(expr: d.Expr | None, settings: dict[str, d.Setting]) -> bool:
    """Whether an operand of a join has no elements: its length along the axis is the constant 0."""
    axis = settings.get("axis")
    if expr is None or not isinstance(expr.type, d.Tensor) or not isinstance(axis, Size) or axis.value is None:
        return False
    dims = expr.type.dims
    return -len(dims) <= axis.value < len(dims) and dims[axis.value].value == 0
