"""Tensors made from nothing: ranges, constants, random numbers."""

from __future__ import annotations

from sharedsl import pytree as py
from sharedsl.model.dataflow import Setting, Tensor, Type
from sharedsl.model.sizes import Size, combine, size
from sharedsl.ops.base import Args, Call, Operation, OpParam, Settings, ShapeError, number, real, sizes_of

DIMS = OpParam("dims", "sizes")


def _dims(call: Call) -> tuple[py.Expr, ...]:
    """The lengths: settings, or operands where dataflow was made without the spec's text."""
    if call.codes:
        return tuple(call.code(at) for at in range(len(call.codes)))
    return tuple(number(each) for each in sizes_of(call.settings["dims"], "dims"))


def _where(call: Call, dtype: bool = True) -> dict[str, py.Expr | None]:
    return {"dtype": call.cx.dtype if dtype else None, "device": call.cx.device}


# ---------------------------------------------------------------------------- ranges


def _bounds(settings: Settings) -> tuple[Size, ...]:
    bounds = sizes_of(settings["bounds"], "the bounds of `arange`")
    if not 1 <= len(bounds) <= 3:
        raise ShapeError(f"`arange` takes one to three whole numbers, and these are {len(bounds)}")
    return bounds


def _arange(args: Args, settings: Settings) -> Type:
    bounds = _bounds(settings)
    if len(bounds) == 1:
        return Tensor("int", bounds)
    length = bounds[1] if bounds[0].value == 0 else combine("-", bounds[1], bounds[0])
    if len(bounds) == 3:
        values = [each.value for each in bounds]
        if None in values or values[2] == 0:
            raise ShapeError("`arange` with a step wants numbers that are known at compile time")
        length = size(len(range(*(value for value in values if value is not None))))
    if length.value is not None and length.value < 0:
        raise ShapeError(f"`arange` from {bounds[0]} to {bounds[1]} goes backwards")
    return Tensor("int", (length,))


def _arange_code(call: Call) -> py.Expr:
    call.cx.use("torch")
    if call.codes:
        bounds = [call.code(at) for at in range(len(call.codes))]
    else:
        sizes = _bounds(call.settings)
        bounds = [number(each) for each in (sizes[1:] if len(sizes) == 2 and sizes[0].value == 0 else sizes)]
    return py.call("torch.arange", *bounds, device=call.cx.device)


# ---------------------------------------------------------------------------- constants


def _filled(args: Args, settings: Settings) -> Type:
    return Tensor("float", sizes_of(settings["dims"], "the sizes"))


def _constant(name: str) -> Operation:
    def emit(call: Call) -> py.Expr:
        call.cx.use("torch")
        return py.call(f"torch.{name}", *_dims(call), **_where(call))

    return Operation(name, (DIMS,), f"`{name}(B, T, dim)`: floats.", _filled, emit)


def _full_code(call: Call) -> py.Expr:
    call.cx.use("torch")
    value = call.settings["value"]
    fill = number(value if not isinstance(value, Size) else combine("*", size(1), value))
    if isinstance(value, Size):
        fill = py.Const(float(value.value)) if value.value is not None else py.call("float", number(value))
    return py.call("torch.full", py.TupleExpr(_dims(call)), fill, **_where(call))


# ---------------------------------------------------------------------------- random numbers


def _normal_code(call: Call) -> py.Expr:
    call.cx.use("torch")
    made: py.Expr = py.call("torch.randn", *_dims(call), **_where(call))
    std, mean = call.settings["std"], call.settings["mean"]
    if not _is(std, 1):
        made = py.Binary("*", number(std), made)
    return made if _is(mean, 0) else py.Binary("+", number(mean), made)


def _uniform_code(call: Call) -> py.Expr:
    call.cx.use("torch")
    made: py.Expr = py.call("torch.rand", *_dims(call), **_where(call))
    low, high = call.settings["low"], call.settings["high"]
    if _is(low, 0):
        return made if _is(high, 1) else py.Binary("*", number(high), made)
    return py.Binary("+", number(low), py.Binary("*", py.Binary("-", number(high), number(low)), made))


def _is(setting: Setting, value: float) -> bool:
    return getattr(setting, "value", None) == value


def _trunc_normal_code(call: Call) -> py.Expr:
    """By the inverse of the distribution: drawing again what lies too far could not be traced."""
    call.cx.use("torch", "math")
    name = call.cx.helper(_trunc_normal_helper())
    std, cut = (number(call.settings[each]) for each in ("std", "cut"))
    return py.call(name, py.tuple_of(*_dims(call)), std, cut, **_where(call))


def _trunc_normal_helper() -> py.FunctionDef:
    cut, edge, root = py.Name("cut"), py.Name("edge"), py.call("math.sqrt", py.Const(2))
    rand = py.Call(
        py.name("torch.rand"), (py.Name("size"),), (("dtype", py.Name("dtype")), ("device", py.Name("device")))
    )
    even = py.Binary("-", py.Binary("*", py.Const(2), rand), py.Const(1))
    body: tuple[py.Stmt, ...] = (
        py.Assign((edge,), py.call("math.erf", py.Binary("/", cut, root))),
        py.Assign((py.Name("even"),), even),
        py.Return(
            py.Binary(
                "*",
                py.Binary("*", py.Name("std"), root),
                py.call("torch.erfinv", py.Binary("*", edge, py.Name("even"))),
            )
        ),
    )
    none = py.Const(None)
    params = (
        *(py.Param(each) for each in ("size", "std", "cut")),
        *(py.Param(each, default=none) for each in ("dtype", "device")),
    )
    doc = "Normal numbers, none of them farther from 0 than `cut` times `std`."
    return py.FunctionDef("trunc_normal", params, body, None, doc)


STD = OpParam("std", "setting", False, real(1.0))

CREATION = (
    Operation(
        "arange",
        (OpParam("bounds", "sizes"),),
        "`arange(stop)`, `arange(start, stop)`: whole numbers from start (0) up to, not including, stop.",
        _arange,
        _arange_code,
    ),
    _constant("zeros"),
    _constant("ones"),
    Operation(
        "full",
        (DIMS, OpParam("value", "setting")),
        "`full(B, T, value = 0.5)`: one number everywhere.",
        _filled,
        _full_code,
    ),
    Operation(
        "normal",
        (DIMS, STD, OpParam("mean", "setting", False, real(0.0))),
        "`normal(B, T, std = 1, mean = 0)`: random numbers of the normal distribution.",
        _filled,
        _normal_code,
    ),
    Operation(
        "trunc_normal",
        (DIMS, STD, OpParam("cut", "setting", False, real(2.0))),
        "`trunc_normal(B, T, std = 1, cut = 2)`: normal, without what lies farther than `cut` standard deviations.",
        _filled,
        _trunc_normal_code,
    ),
    Operation(
        "uniform",
        (DIMS, OpParam("low", "setting", False, real(0.0)), OpParam("high", "setting", False, real(1.0))),
        "`uniform(B, T, low = 0, high = 1)`: random numbers, evenly spread.",
        _filled,
        _uniform_code,
    ),
)
