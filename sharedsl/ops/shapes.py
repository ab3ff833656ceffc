"""Operations that move axes about: patterns, joins, cuts, flips."""

from __future__ import annotations

from sharedsl import pytree as py
from sharedsl.model.dataflow import Many, Tensor, Type
from sharedsl.model.sizes import Size, combine, product, size
from sharedsl.ops.base import (
    Args,
    Call,
    Operation,
    OpParam,
    Settings,
    ShapeError,
    axis_of,
    kind_of,
    listed,
    number,
    ordinal,
    place,
    replaced,
    size_of,
    sizes_of,
    tensor,
    whole,
)
from sharedsl.ops.patterns import Bound, bind, flat, parse

# ---------------------------------------------------------------------------- patterns


def _bound(x: Tensor, settings: Settings) -> Bound:
    text = settings["text"]
    if not isinstance(text, str):
        raise ShapeError('the pattern must be a text such as "b t d -> b d t"')
    given = {name: size_of(value, f"`{name}`") for name, value in settings.items() if name != "text"}
    return bind(parse(text), x.dims, given, x)


def _pattern(args: Args, settings: Settings) -> Type:
    x = tensor(args, 0, "`x`")
    bound = _bound(x, settings)
    lost = [name for name in flat(bound.left) if name not in flat(bound.right) and bound.size(name).value != 1]
    if lost:
        raise ShapeError(
            f'"{settings["text"]}" drops `{lost[0]}`, which has {bound.size(lost[0])} entries; take its sum or mean first'
        )
    return Tensor(x.dtype, bound.dims(bound.right))


def _pattern_code(call: Call) -> py.Expr:
    """Split, drop axes of one, permute, insert axes, expand, join: only the steps that are needed."""
    bound = _bound(call.type(0), call.settings)
    code, names = _split_groups(call.code(0), bound)
    wanted = [name for name in flat(bound.right) if name in names and name != "1"]
    for at in reversed(range(len(names))):
        if names[at] not in wanted:
            code = py.method(code, "squeeze", py.integer(at))
            del names[at]
    code = _permuted(code, names, wanted)
    return _joined(_inserted(code, bound, wanted), bound)


def _split_groups(code: py.Expr, bound: Bound) -> tuple[py.Expr, list[str]]:
    names: list[str] = []
    last = len(bound.left) - 1
    for at in reversed(range(len(bound.left))):
        group = bound.left[at]
        if len(group) > 1:
            lengths = [py.integer(-1) if name in bound.rest else number(bound.size(name)) for name in group]
            parts = py.TupleExpr(tuple(lengths))
            code = py.method(code, "unflatten", py.integer(-1 if at == last else at), parts)
        names = list(group) + names
    return code, names


def _permuted(code: py.Expr, names: list[str], wanted: list[str]) -> py.Expr:
    if names == wanted:
        return code
    moved = [at for at in range(len(names)) if names[at] != wanted[at]]
    if len(moved) == 2:
        return py.method(code, "transpose", *(py.integer(at) for at in moved))
    return py.method(code, "permute", *(py.integer(names.index(name)) for name in wanted))


def _inserted(code: py.Expr, bound: Bound, wanted: list[str]) -> py.Expr:
    names = flat(bound.right)
    fresh = [at for at, name in enumerate(names) if name not in wanted]
    for at in fresh:
        code = py.method(code, "unsqueeze", py.integer(at))
    if any(bound.size(names[at]).value != 1 for at in fresh):
        lengths = [number(bound.size(name)) if at in fresh else py.integer(-1) for at, name in enumerate(names)]
        code = py.method(code, "expand", *lengths)
    return code


def _joined(code: py.Expr, bound: Bound) -> py.Expr:
    end = len(flat(bound.right))
    last = end - 1
    for group in reversed(bound.right):
        start = end - len(group)
        if len(group) > 1:
            code = py.method(code, "flatten", py.integer(start), *((py.integer(end - 1),) if end - 1 != last else ()))
            last = -1
        elif not group:
            code = py.method(code, "unsqueeze", py.integer(start))
        end = start
    return code


# ---------------------------------------------------------------------------- joins


def _kept(types: tuple[Tensor, ...], at: int) -> list[int]:
    """The operands that add something: those that are not empty along the axis."""
    return [index for index, each in enumerate(types) if each.dims[at].value != 0] or [0]


def _concat(args: Args, settings: Settings) -> Type:
    types = listed(args)
    if not types:
        raise ShapeError("`concat` of nothing")
    at = axis_of(settings["axis"], types[0])
    total: Size = size(0)
    for index, each in enumerate(types):
        if len(each.dims) != len(types[0].dims):
            raise ShapeError(f"`concat` joins {types[0]} and {each}, which have different numbers of axes", index)
        for axis, (one, other) in enumerate(zip(types[0].dims, each.dims, strict=True)):
            if axis != at and not one.same(other):
                where = ordinal(axis, len(each.dims))
                raise ShapeError(
                    f"`concat` joins {types[0]} and {each}, which differ along {where}: {one} and {other}", index
                )
        if each.dims[at].value != 0:
            total = each.dims[at] if total.value == 0 else combine("+", total, each.dims[at])
    return Tensor(kind_of(list(types)), replaced(types[0].dims, at, (total,)))


def _items(call: Call) -> py.Expr:
    """The operands as one list."""
    if len(call.codes) == 1 and isinstance(call.types[0], Many):
        return call.code(0)
    return py.TupleExpr(tuple(call.code(at) for at in range(len(call.codes))))


def _concat_code(call: Call) -> py.Expr:
    types = listed(call.types)
    at = axis_of(call.settings["axis"], types[0])
    kept = _kept(types, at)
    codes = _several(call)
    if codes is not None and len(kept) == 1:
        return codes[kept[0]]
    call.cx.use("torch")
    parts = _items(call) if codes is None or len(kept) == len(types) else py.TupleExpr(tuple(codes[at] for at in kept))
    return py.call("torch.cat", parts, dim=place(call.settings["axis"]))


def _several(call: Call) -> list[py.Expr] | None:
    """The operands one by one, where they are known so."""
    if len(call.codes) == 1 and isinstance(call.types[0], Many):
        only = call.code(0)
        return list(only.items) if isinstance(only, py.ListExpr | py.TupleExpr) else None
    return [call.code(at) for at in range(len(call.codes))]


def _stack(args: Args, settings: Settings) -> Type:
    types = listed(args)
    if not types:
        raise ShapeError("`stack` of nothing")
    first = types[0]
    for index, each in enumerate(types):
        same = len(each.dims) == len(first.dims) and all(map(Size.same, first.dims, each.dims))
        if not same:
            raise ShapeError(f"`stack` wants equal shapes, and these are {first} and {each}", index)
    at = axis_of(settings["axis"], Tensor("float", (*first.dims, size(1))))
    return Tensor(kind_of(list(types)), (*first.dims[:at], size(len(types)), *first.dims[at:]))


def _stack_code(call: Call) -> py.Expr:
    call.cx.use("torch")
    axis = call.settings["axis"]
    return py.call("torch.stack", _items(call), dim=None if whole(axis, "`axis`") == 0 else place(axis))


# ---------------------------------------------------------------------------- cuts


def _lengths(x: Tensor, settings: Settings) -> tuple[int, tuple[Size, ...]]:
    at = axis_of(settings["axis"], x)
    wanted = settings["sizes"]
    total = x.dims[at]
    if isinstance(wanted, tuple):
        lengths = sizes_of(wanted, "the sizes of `split`")
        whole_sum = size(0)
        for each in lengths:
            whole_sum = combine("+", whole_sum, each)
        if not whole_sum.same(total):
            raise ShapeError(f"`split` cuts {total} entries along {ordinal(at, len(x.dims))} into {whole_sum}", 0)
        return at, lengths
    count = whole(wanted, "the number of parts of `split`")
    if count < 1 or combine("%", total, size(count)).value != 0:
        raise ShapeError(
            f"`split` cannot cut {total} entries along {ordinal(at, len(x.dims))} into {count} equal parts", 0
        )
    return at, (combine("//", total, size_of(wanted, "`sizes`")),) * count


def _split(args: Args, settings: Settings) -> Type:
    x = tensor(args, 0, "`x`")
    at, lengths = _lengths(x, settings)
    return Many(tuple(Tensor(x.dtype, replaced(x.dims, at, (each,))) for each in lengths))


def _split_code(call: Call) -> py.Expr:
    wanted = call.settings["sizes"]
    if isinstance(wanted, tuple):
        return py.method(call.code(0), "split", number(sizes_of(wanted, "sizes")), dim=place(call.settings["axis"]))
    return py.method(call.code(0), "chunk", number(wanted), dim=place(call.settings["axis"]))


def _unbind(args: Args, settings: Settings) -> Type:
    x = tensor(args, 0, "`x`")
    at = axis_of(settings["axis"], x)
    count = x.dims[at].value
    if count is None:
        raise ShapeError(
            f"`unbind` needs a number of entries that is known at compile time, and {x.dims[at]} is not", 0
        )
    return Many((Tensor(x.dtype, replaced(x.dims, at, ())),) * count)


def _unbind_code(call: Call) -> py.Expr:
    axis = call.settings["axis"]
    return py.method(call.code(0), "unbind", *(() if whole(axis, "`axis`") == 0 else (place(axis),)))


# ---------------------------------------------------------------------------- the rest


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
    return Operation(name, (X, TEXT, NAMES), doc, _pattern, _pattern_code)


SHAPES = (
    _named("reshape", '`reshape(x, "b t (h d) -> b t h d", h = heads)`: axes split, joined, dropped and inserted.'),
    _named("permute", '`permute(x, "t m h -> h t m")`: the axes in another order.'),
    _named("repeat", '`repeat(x, "b s r -> b s heads r")`: axes that are new on the right are repeated.'),
    Operation(
        "concat",
        (OpParam("parts", "tensors"), axis(0)),
        "`concat(a, b, axis = -1)` or `concat(list, axis = 0)`: end to end. Operands that are empty along the axis vanish.",
        _concat,
        _concat_code,
    ),
    Operation(
        "stack",
        (OpParam("parts", "tensors"), axis(0)),
        "`stack(list, axis = 0)`: along a new axis.",
        _stack,
        _stack_code,
    ),
    Operation(
        "split",
        (X, OpParam("sizes", "setting"), axis(-1)),
        "`split(x, [a, b], axis = -1)`: parts of these sizes; `split(x, n)`: n equal parts.",
        _split,
        _split_code,
    ),
    Operation(
        "unbind", (X, axis(0)), "`unbind(x, axis = 0)`: the entries along an axis, one by one.", _unbind, _unbind_code
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
