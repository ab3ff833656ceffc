"""Operations that move axes about: patterns, joins, cuts, flips."""

from __future__ import annotations

from sharedsl import pytree as py
from sharedsl.model.dataflow import Tensor, Type
from sharedsl.model.sizes import combine, product, size
from sharedsl.ops.axes import pattern_code, pattern_rule
from sharedsl.ops.base import (
    Args,
    Call,
    Operation,
    OpParam,
    Settings,
    ShapeError,
    axis_of,
    number,
    place,
    replaced,
    size_of,
    sizes_of,
    tensor,
    whole,
)
from sharedsl.ops.joins import (
    concat_code,
    concat_rule,
    split_code,
    split_rule,
    stack_code,
    stack_rule,
    unbind_code,
    unbind_rule,
)


def _flatten(args: Args, settings: Settings) -> Type:
    x = tensor(args, 0, "`x`")
    start, end = (axis_of(settings[name], x, name) for name in ("start", "end"))
    if end < start:
        raise ShapeError(f"`flatten` joins axes {start} to {end}, which end before they start")
    joined = product(x.dims[start : end + 1])
    return Tensor(x.dtype, (*x.dims[:start], joined, *x.dims[end + 1 :]))


def _flatten_code(call: Call) -> py.Expr:
    end = whole(call.settings["end"], "`end`")
    return py.method(call.code(0), "flatten", place(call.settings["start"]), *(() if end == -1 else (py.integer(end),)))


def _expand(args: Args, settings: Settings) -> Type:
    x = tensor(args, 0, "`x`")
    dims = sizes_of(settings["dims"], "the sizes of `expand`")
    extra = len(dims) - len(x.dims)
    if extra < 0:
        raise ShapeError(f"`expand` makes {len(dims)} axes of {x}", 0)
    for have, want in zip(x.dims, dims[extra:], strict=True):
        if have.value != 1 and not have.same(want):
            raise ShapeError(f"`expand` makes {want} entries of {have}; only axes of size 1 can grow", 0)
    return Tensor(x.dtype, dims)


def _expand_code(call: Call) -> py.Expr:
    dims = sizes_of(call.settings["dims"], "dims")
    extra = len(dims) - len(call.type(0).dims)
    kept = [at >= extra and call.type(0).dims[at - extra].same(each) for at, each in enumerate(dims)]
    lengths = [py.integer(-1) if keep else number(each) for keep, each in zip(kept, dims, strict=True)]
    return py.method(call.code(0), "expand", *lengths)


def _unchanged(args: Args, settings: Settings) -> Type:
    x = tensor(args, 0, "`x`")
    if "axis" in settings:
        axis_of(settings["axis"], x)
    return x


def _rot90(args: Args, settings: Settings) -> Type:
    """Quarter turns of the plane of two axes, the last two if none are named."""
    x = tensor(args, 0, "`x`")
    one, other = _plane(x, settings)
    if whole(settings["times"], "`times`") % 2:
        dims = list(x.dims)
        dims[one], dims[other] = dims[other], dims[one]
        return Tensor(x.dtype, tuple(dims))
    return x


def _plane(x: Tensor, settings: Settings) -> tuple[int, int]:
    axes = settings["axes"]
    if not isinstance(axes, tuple) or len(axes) != 2:
        raise ShapeError("`axes` of `rot90` must be two axes")
    return axis_of(axes[0], x, "axes"), axis_of(axes[1], x, "axes")


def _rot90_code(call: Call) -> py.Expr:
    call.cx.use("torch")
    axes = call.settings["axes"]
    assert isinstance(axes, tuple)
    return py.call("torch.rot90", call.code(0), number(call.settings["times"]), py.TupleExpr(tuple(map(place, axes))))


def _pad(args: Args, settings: Settings) -> Type:
    x = tensor(args, 0, "`x`")
    at = axis_of(settings["axis"], x)
    more = combine("+", size_of(settings["before"], "`before`"), size_of(settings["after"], "`after`"))
    return Tensor(x.dtype, replaced(x.dims, at, (combine("+", x.dims[at], more),)))


def _pad_code(call: Call) -> py.Expr:
    x = call.type(0)
    behind = len(x.dims) - 1 - axis_of(call.settings["axis"], x)
    amounts = (py.Const(0),) * (2 * behind) + (number(call.settings["before"]), number(call.settings["after"]))
    value = call.settings["value"]
    call.cx.use("F")
    usual = not hasattr(value, "value") or value.value == 0  # type: ignore[union-attr]
    return py.call("F.pad", call.code(0), py.TupleExpr(amounts), value=None if usual else number(value))


X = OpParam("x")
NAMES = OpParam("names", "names", required=False)
TEXT = OpParam("text", "setting")


def axis(default: int | None) -> OpParam:
    return OpParam("axis", "setting", default is None, None if default is None else size(default))


def _named(name: str, doc: str) -> Operation:
    return Operation(name, (X, TEXT, NAMES), doc, pattern_rule, pattern_code)


SHAPES = (
    _named("reshape", '`reshape(x, "b t (h d) -> b t h d", h = heads)`: axes split, joined, dropped and inserted.'),
    _named("permute", '`permute(x, "t m h -> h t m")`: the axes in another order.'),
    _named("repeat", '`repeat(x, "b s r -> b s heads r")`: axes that are new on the right are repeated.'),
    Operation(
        "concat",
        (OpParam("parts", "tensors"), axis(0)),
        "`concat(a, b, axis = -1)` or `concat(list, axis = 0)`: end to end. Operands without entries along it vanish.",
        concat_rule,
        concat_code,
    ),
    Operation(
        "stack",
        (OpParam("parts", "tensors"), axis(0)),
        "`stack(list, axis = 0)`: along a new axis.",
        stack_rule,
        stack_code,
    ),
    Operation(
        "split",
        (X, OpParam("sizes", "setting"), axis(-1)),
        "`split(x, [a, b], axis = -1)`: parts of these sizes; `split(x, n)`: n equal parts.",
        split_rule,
        split_code,
    ),
    Operation(
        "unbind",
        (X, axis(0)),
        "`unbind(x, axis = 0)`: the entries along an axis, one by one.",
        unbind_rule,
        unbind_code,
    ),
    Operation(
        "flatten",
        (X, OpParam("start", "setting", False, size(0)), OpParam("end", "setting", False, size(-1))),
        "`flatten(x, start = 1)`: axes `start` to `end` joined.",
        _flatten,
        _flatten_code,
    ),
    Operation(
        "expand",
        (X, OpParam("dims", "sizes")),
        "`expand(x, B, T)`: axes of size 1, and new ones in front, grown.",
        _expand,
        _expand_code,
    ),
    Operation(
        "flip",
        (X, axis(-1)),
        "`flip(x, axis = -1)`: back to front.",
        _unchanged,
        lambda call: py.method(call.code(0), "flip", place(call.settings["axis"])),
    ),
    Operation(
        "roll",
        (X, OpParam("by", "setting", False, size(1)), axis(-1)),
        "`roll(x, by = 1, axis = -1)`: moved on by `by` places, round the end.",
        _unchanged,
        lambda call: py.method(call.code(0), "roll", number(call.settings["by"]), place(call.settings["axis"])),
    ),
    Operation(
        "rot90",
        (X, OpParam("times", "setting", False, size(1)), OpParam("axes", "setting", False, (size(-2), size(-1)))),
        "`rot90(x, times = 1, axes = [-2, -1])`: turned by quarter turns, from the first axis towards the second.",
        _rot90,
        _rot90_code,
    ),
    Operation(
        "pad",
        (
            X,
            OpParam("before", "setting", False, size(0)),
            OpParam("after", "setting", False, size(0)),
            axis(-1),
            OpParam("value", "setting", False, size(0)),
        ),
        "`pad(x, before = 1, after = 0, axis = 1, value = 0)`: more entries of one value.",
        _pad,
        _pad_code,
    ),
)
