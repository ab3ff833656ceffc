"""Operations that pick entries: `x[..]`, gather and scatter, the top k, sorting, one-hot."""

from __future__ import annotations

from sharedsl import pytree as py
from sharedsl.model.dataflow import Setting, Tensor, Type
from sharedsl.model.sizes import Size, combine, size
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
    tensor,
)

X = OpParam("x")
LAST = OpParam("axis", "setting", False, size(-1))

# ---------------------------------------------------------------------------- x[..]


def _index(args: Args, settings: Settings) -> Type:
    x = tensor(args, 0, "`x`")
    subs = _subs(settings)
    if len(subs) > len(x.dims):
        raise ShapeError(f"{len(subs)} indices for {x}, which has {len(x.dims)} axes", 0)
    dims: list[Size] = []
    for at, sub in enumerate(subs):
        dims += _picked(args, x.dims[at], sub, at)
    return Tensor(x.dtype, (*dims, *x.dims[len(subs) :]))


def _subs(settings: Settings) -> tuple[Setting, ...]:
    subs = settings["subs"]
    assert isinstance(subs, tuple)
    return subs


def _picked(args: Args, dim: Size, sub: Setting, axis: int) -> tuple[Size, ...]:
    match sub:
        case Size():
            if dim.value is not None and sub.value is not None and not -dim.value <= sub.value < dim.value:
                raise ShapeError(f"index {sub} is outside of axis {axis}, which has {dim} entries", 0)
            return ()
        case (start, stop, step):
            return (_length(dim, start, stop, step, axis),)
        case "at":
            index = tensor(args, 1, "the index")
            if index.dtype != "int":
                raise ShapeError(f"an index must be whole numbers, and this is {index}", 1)
            return index.dims
        case _:
            raise ShapeError("an index is a whole number, a slice or a tensor of whole numbers")


def _length(dim: Size, start: Setting, stop: Setting, step: Setting, axis: int) -> Size:
    """How many entries a slice has."""
    if start is None and stop is None and step is None:
        return dim
    parts = [None if part is None else size_of(part, "a bound of a slice") for part in (start, stop, step)]
    first, last, by = parts
    if by is None or by.value == 1:
        if first is None and last is not None and (last.value is None or (dim.value is None and last.value >= 0)):
            return last
        if last is None and first is not None and (first.value is None or (dim.value is None and first.value >= 0)):
            return combine("-", dim, first)
        if first is not None and last is not None and (first.value is None or last.value is None):
            return combine("-", last, first)
    if dim.value is None:
        if first is None and by is None and last is not None:  # [:-n]
            return combine("+", dim, last)
        if last is None and by is None and first is not None:  # [-n:]
            return combine("-", size(0), first)
        raise ShapeError(f"this slice of axis {axis} has a length that is not known at compile time", 0)
    bounds = slice(*(None if part is None else part.value for part in parts))
    if bounds.step == 0:
        raise ShapeError("the step of a slice is zero")
    plain = len(range(*bounds.indices(dim.value)))
    if by is None and last is not None and first is None and 0 <= (last.value or 0) <= dim.value:
        return last
    if (
        by is None
        and last is not None
        and first is not None
        and 0 <= (first.value or 0) <= (last.value or 0) <= dim.value
    ):
        return combine("-", last, first)
    return size(plain)


def _index_code(call: Call) -> py.Expr:
    subs = [_sub_code(call, sub) for sub in _subs(call.settings)]
    while len(subs) > 1 and subs[-1] == py.SliceExpr():
        subs.pop()
    return py.Index(call.code(0), subs[0] if len(subs) == 1 else py.TupleExpr(tuple(subs)))


def _sub_code(call: Call, sub: Setting) -> py.Expr:
    match sub:
        case (start, stop, step):
            return py.SliceExpr(*(None if part is None else number(part) for part in (start, stop, step)))
        case "at":
            return call.code(1)
        case _:
            return number(sub)


# ---------------------------------------------------------------------------- gather and scatter


def _rows(args: Args, settings: Settings) -> tuple[Tensor, Tensor, int]:
    """x, index and axis: the axes of both before `axis` go in step, and `axis` is the last of the index's own."""
    x, index = tensor(args, 0, "`x`"), tensor(args, 1, "`index`")
    if index.dtype != "int":
        raise ShapeError(f"an index must be whole numbers, and this is {index}", 1)
    at = axis_of(settings["axis"], x)
    if len(index.dims) != at + 1:
        raise ShapeError(
            f"along axis {at} the index has {at + 1} axes, one for each of {x} up to there; this is {index}", 1
        )
    for axis in range(at):
        if not index.dims[axis].same(x.dims[axis]):
            raise ShapeError(
                f"{x} and the index {index} differ along axis {axis}: {x.dims[axis]} and {index.dims[axis]}", 1
            )
    return x, index, at


def _gather(args: Args, settings: Settings) -> Type:
    x, index, at = _rows(args, settings)
    return Tensor(x.dtype, replaced(x.dims, at, (index.dims[at],)))


def _wide(call: Call) -> py.Expr:
    """The index with the axes of x behind it."""
    x, index = call.type(0), call.type(1)
    code = call.code(1)
    extra = len(x.dims) - len(index.dims)
    if not extra:
        return code
    for _ in range(extra):
        code = py.method(code, "unsqueeze", py.integer(-1))
    lengths = [py.integer(-1)] * len(index.dims) + [number(dim) for dim in x.dims[len(index.dims) :]]
    return py.method(code, "expand", *lengths)


def _gather_code(call: Call) -> py.Expr:
    return py.method(call.code(0), "gather", place(call.settings["axis"]), _wide(call))


def _scatter(args: Args, settings: Settings) -> Type:
    x, index, at = _rows(args, settings)
    values = tensor(args, 2, "`values`")
    wanted = replaced(x.dims, at, (index.dims[at],))
    if len(values.dims) != len(wanted) or not all(map(Size.same, values.dims, wanted)):
        raise ShapeError(
            f"the values must be {Tensor(x.dtype, wanted)}, as x with the index's length, and this is {values}", 2
        )
    return x


def _scatter_code(call: Call) -> py.Expr:
    return py.method(call.code(0), "scatter_add", place(call.settings["axis"]), _wide(call), call.code(2))


# ---------------------------------------------------------------------------- order


def _top(args: Args, settings: Settings) -> Type:
    x = tensor(args, 0, "`x`")
    at = axis_of(settings["axis"], x)
    count, have = size_of(settings["count"], "`count`"), x.dims[at]
    if count.value is not None and have.value is not None and count.value > have.value:
        raise ShapeError(f"`top` wants {count} of {have} entries", 0)
    return Tensor("int", replaced(x.dims, at, (count,)))


def _top_code(call: Call) -> py.Expr:
    axis = call.settings["axis"]
    last = isinstance(axis, Size) and axis.value == -1
    found = py.method(call.code(0), "topk", number(call.settings["count"]), dim=None if last else place(axis))
    return py.Attr(found, "indices")


def _sort(args: Args, settings: Settings) -> Type:
    x = tensor(args, 0, "`x`")
    axis_of(settings["axis"], x)
    return x


def _sort_code(call: Call) -> py.Expr:
    axis = call.settings["axis"]
    last = isinstance(axis, Size) and axis.value == -1
    return py.Attr(py.method(call.code(0), "sort", dim=None if last else place(axis)), "values")


def _one_hot(args: Args, settings: Settings) -> Type:
    x = tensor(args, 0, "`x`")
    if x.dtype != "int":
        raise ShapeError(f"`one_hot` wants whole numbers, and this is {x}", 0)
    return Tensor("float", (*x.dims, size_of(settings["classes"], "`classes`")))


def _one_hot_code(call: Call) -> py.Expr:
    call.cx.use("F")
    made = py.call("F.one_hot", call.code(0), number(call.settings["classes"]))
    return py.method(made, "to", call.cx.dtype) if call.cx.dtype is not None else py.method(made, "float")


def _triangle(args: Args, settings: Settings) -> Type:
    x = tensor(args, 0, "`x`")
    if len(x.dims) < 2:
        raise ShapeError(f"a triangle needs two axes, and this is {x}", 0)
    return x


def _triangle_code(word: str) -> object:
    def emit(call: Call) -> py.Expr:
        diagonal = call.settings["diagonal"]
        main = isinstance(diagonal, Size) and diagonal.value == 0
        return py.method(call.code(0), word, *(() if main else (number(diagonal),)))

    return emit


DIAGONAL = OpParam("diagonal", "setting", False, size(0))

INDEXING = (
    Operation(
        "index",
        (X, OpParam("at", "tensor", False), OpParam("subs", "setting", False, ("at",))),
        "`x[i]`, `x[:, 0]`, `x[.., a:b]`: an entry, a slice or (with a tensor) rows. `subs` has one item for each axis "
        "from the first: a size, (start, stop, step), or the word `at` for the operand.",
        _index,
        _index_code,
    ),
    Operation(
        "gather",
        (X, OpParam("index"), OpParam("axis", "setting", False, size(1))),
        "`gather(x, index, axis = 1)`: result[b, k, ..] = x[b, index[b, k], ..].",
        _gather,
        _gather_code,
    ),
    Operation(
        "scatter_add",
        (X, OpParam("index"), OpParam("values"), OpParam("axis", "setting", False, size(1))),
        "`scatter_add(x, index, values, axis = 1)`: x with values[b, k, ..] added at [b, index[b, k], ..].",
        _scatter,
        _scatter_code,
    ),
    Operation(
        "top",
        (X, OpParam("count", "setting"), LAST),
        "`top(x, count, axis = -1)`: the places of the greatest entries, the greatest first.",
        _top,
        _top_code,
    ),
    Operation("sort", (X, LAST), "`sort(x, axis = -1)`: the entries in rising order.", _sort, _sort_code),
    Operation(
        "one_hot",
        (X, OpParam("classes", "setting")),
        "`one_hot(x, classes)`: 1 at the place that x names, 0 elsewhere, along a new last axis.",
        _one_hot,
        _one_hot_code,
    ),
    Operation(
        "tril",
        (X, DIAGONAL),
        "`tril(x, diagonal = 0)`: zeros above the diagonal.",
        _triangle,
        _triangle_code("tril"),  # type: ignore[arg-type]
    ),
    Operation(
        "triu",
        (X, DIAGONAL),
        "`triu(x, diagonal = 0)`: zeros below the diagonal.",
        _triangle,
        _triangle_code("triu"),  # type: ignore[arg-type]
    ),
)
