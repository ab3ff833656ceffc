"""concat, stack, split, unbind: several tensors from one, and one from several."""

from __future__ import annotations

from sharedsl import pytree as py
from sharedsl.model.dataflow import Many, Tensor, Type
from sharedsl.model.sizes import Size, combine, size
from sharedsl.ops.base import (
    Args,
    Call,
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

# ---------------------------------------------------------------------------- joins


def _kept(types: tuple[Tensor, ...], at: int) -> list[int]:
    """The operands that add something: those that are not empty along the axis."""
    return [index for index, each in enumerate(types) if each.dims[at].value != 0] or [0]


def concat_rule(args: Args, settings: Settings) -> Type:
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


def concat_code(call: Call) -> py.Expr:
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


def stack_rule(args: Args, settings: Settings) -> Type:
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


def stack_code(call: Call) -> py.Expr:
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


def split_rule(args: Args, settings: Settings) -> Type:
    x = tensor(args, 0, "`x`")
    at, lengths = _lengths(x, settings)
    return Many(tuple(Tensor(x.dtype, replaced(x.dims, at, (each,))) for each in lengths))


def split_code(call: Call) -> py.Expr:
    wanted = call.settings["sizes"]
    if isinstance(wanted, tuple):
        return py.method(call.code(0), "split", number(sizes_of(wanted, "sizes")), dim=place(call.settings["axis"]))
    return py.method(call.code(0), "chunk", number(wanted), dim=place(call.settings["axis"]))


def unbind_rule(args: Args, settings: Settings) -> Type:
    x = tensor(args, 0, "`x`")
    at = axis_of(settings["axis"], x)
    count = x.dims[at].value
    if count is None:
        raise ShapeError(
            f"`unbind` needs a number of entries that is known at compile time, and {x.dims[at]} is not", 0
        )
    return Many((Tensor(x.dtype, replaced(x.dims, at, ())),) * count)


def unbind_code(call: Call) -> py.Expr:
    axis = call.settings["axis"]
    return py.method(call.code(0), "unbind", *(() if whole(axis, "`axis`") == 0 else (place(axis),)))
