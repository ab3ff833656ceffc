"""Convolutions with a weight that is an operand, pooling, and norms as functions."""

from __future__ import annotations

from sharedsl import pytree as py
from sharedsl.model.dataflow import Setting, Tensor, Type
from sharedsl.model.sizes import Size, combine, size
from sharedsl.ops.base import Args, Call, Operation, OpParam, Settings, ShapeError, number, real, size_of, tensor
from sharedsl.ops.windows import each, slid, work

X = OpParam("x")
LETTERS = {1: "L", 2: "H, W", 3: "D, H, W"}


def spatial(x: Tensor, count: int) -> tuple[Size, ...]:
    """The axes that windows slide over: those behind batch and channels."""
    if len(x.dims) != count + 2 or x.dtype != "float":
        raise ShapeError(f"this wants float[B, C, {LETTERS[count]}], and the input is {x}", 0)
    return x.dims[2:]


def usual(setting: Setting, value: int) -> bool:
    """Whether a setting has the value that torch takes by itself."""
    values = setting if isinstance(setting, tuple) else (setting,)
    return all(isinstance(one, Size) and one.value == value for one in values)


def unless(setting: Setting, value: int) -> py.Expr | None:
    return None if usual(setting, value) else number(setting)


# ---------------------------------------------------------------------------- convolutions


def _conv(count: int) -> Operation:
    name = f"conv{count}d"

    def rule(args: Args, settings: Settings) -> Type:
        x, weight = tensor(args, 0, "`x`"), tensor(args, 1, "`weight`")
        lengths = spatial(x, count)
        if len(weight.dims) != count + 2:
            raise ShapeError(
                f"the weight must have {count + 2} axes, outputs, inputs and the kernel's; this is {weight}", 1
            )
        groups = size_of(settings["groups"], "`groups`")
        takes = combine("*", weight.dims[1], groups)
        if not takes.same(x.dims[1]):
            raise ShapeError(
                f"the weight {weight} in {groups} groups takes {takes} channels, and the input has {x.dims[1]}",
                1,
            )
        if combine("%", weight.dims[0], groups).value != 0:
            raise ShapeError(f"{weight.dims[0]} outputs are not divisible into {groups} groups", 1)
        if len(args) > 2 and args[2] is not None:
            bias = tensor(args, 2, "`bias`")
            if len(bias.dims) != 1 or not bias.dims[0].same(weight.dims[0]):
                raise ShapeError(f"the bias must be float[{weight.dims[0]}], and this is {bias}", 2)
        return Tensor("float", (x.dims[0], weight.dims[0], *convolved(lengths, weight.dims[2:], settings)))

    def emit(call: Call) -> py.Expr:
        call.cx.use("F")
        bias = call.code(2) if call.given(2) else None
        return py.call(f"F.{name}", call.code(0), call.code(1), bias=bias, **conv_keywords(call.settings))

    def cost(args: Args, settings: Settings, result: Type) -> Size:
        weight = tensor(args, 1, "`weight`")
        assert isinstance(result, Tensor)
        return work(weight.dims, result.dims[2:], result.dims[0])

    params = (X, OpParam("weight"), OpParam("bias", "tensor", False), *CONV_SETTINGS)
    takes = "x, weight, bias = none, stride = 1, padding = 0, dilation = 1, groups = 1"
    doc = f"`{name}({takes})` over [B, C, {LETTERS[count]}]."
    return Operation(name, params, doc, rule, emit, cost)


def convolved(lengths: tuple[Size, ...], kernel: tuple[Size, ...], settings: Settings) -> tuple[Size, ...]:
    """The lengths after a convolution. Padding "same" keeps them."""
    count = len(lengths)
    stride, dilation = (each(settings[name], count, name) for name in ("stride", "dilation"))
    if settings["padding"] == "same":
        if any(one.value != 1 for one in stride):
            raise ShapeError('padding "same" wants a stride of 1')
        return lengths
    padding = each(settings["padding"], count, "padding")
    return tuple(map(slid, lengths, kernel, stride, padding, dilation))


def conv_keywords(settings: Settings) -> dict[str, py.Expr | None]:
    """The arguments of a convolution that differ from torch's defaults."""
    padding = settings["padding"]
    return {
        "stride": unless(settings["stride"], 1),
        "padding": number(padding) if isinstance(padding, str) else unless(padding, 0),
        "dilation": unless(settings["dilation"], 1),
        "groups": unless(settings["groups"], 1),
    }


CONV_SETTINGS = tuple(
    OpParam(name, "setting", False, size(value))
    for name, value in (("stride", 1), ("padding", 0), ("dilation", 1), ("groups", 1))
)


# ---------------------------------------------------------------------------- pooling


def pooled(x: Tensor, count: int, settings: Settings) -> Tensor:
    lengths = spatial(x, count)
    kernel = each(settings["kernel"], count, "kernel")
    stride = kernel if settings["stride"] is None else each(settings["stride"], count, "stride")
    padding = each(settings["padding"], count, "padding")
    for one, sides in zip(kernel, padding, strict=True):
        if one.value is not None and sides.value is not None and 2 * sides.value > one.value:
            raise ShapeError(f"padding {sides} is more than half of the kernel {one}")
    return Tensor(x.dtype, (*x.dims[:2], *map(slid, lengths, kernel, stride, padding)))


def pool_keywords(settings: Settings) -> dict[str, py.Expr | None]:
    stride = settings["stride"]
    return {"stride": None if stride is None else number(stride), "padding": unless(settings["padding"], 0)}


def _pool(kind: str, count: int) -> Operation:
    name = f"{kind}_pool{count}d"
    word = "greatest entry" if kind == "max" else "mean"

    def emit(call: Call) -> py.Expr:
        call.cx.use("F")
        return py.call(f"F.{name}", call.code(0), number(call.settings["kernel"]), **pool_keywords(call.settings))

    return Operation(
        name,
        (
            X,
            OpParam("kernel", "setting"),
            OpParam("stride", "setting", False),
            OpParam("padding", "setting", False, size(0)),
        ),
        f"`{name}(x, kernel, stride = kernel, padding = 0)`: the {word} of every window of [B, C, {LETTERS[count]}].",
        lambda args, settings: pooled(tensor(args, 0, "`x`"), count, settings),
        emit,
    )


def _global(args: Args, settings: Settings) -> Type:
    x = tensor(args, 0, "`x`")
    if len(x.dims) < 3 or x.dtype != "float":
        raise ShapeError(f"`global_avg_pool` wants float[B, C, ..] with axes to take the mean over, and this is {x}", 0)
    return Tensor("float", x.dims[:2])


def _global_code(call: Call) -> py.Expr:
    axes = tuple(py.Const(at) for at in range(2, len(call.type(0).dims)))
    return py.method(call.code(0), "mean", dim=axes[0] if len(axes) == 1 else py.TupleExpr(axes))


def _adaptive(count: int) -> Operation:
    name = f"adaptive_avg_pool{count}d"

    def rule(args: Args, settings: Settings) -> Type:
        x = tensor(args, 0, "`x`")
        spatial(x, count)
        return Tensor("float", (*x.dims[:2], *each(settings["size"], count, "size")))

    def emit(call: Call) -> py.Expr:
        call.cx.use("F")
        return py.call(f"F.{name}", call.code(0), number(call.settings["size"]))

    doc = f"`{name}(x, size)`: means over windows that give `size` places."
    return Operation(name, (X, OpParam("size", "setting")), doc, rule, emit)


# ---------------------------------------------------------------------------- norms


def _norm(args: Args, settings: Settings) -> Type:
    x = tensor(args, 0, "`x`")
    if not x.dims or x.dtype != "float":
        raise ShapeError(f"a norm wants float with an axis, and this is {x}", 0)
    for at, name in ((1, "weight"), (2, "bias")):
        if len(args) > at and args[at] is not None:
            vector = tensor(args, at, f"`{name}`")
            if len(vector.dims) != 1 or not vector.dims[0].same(x.dims[-1]):
                raise ShapeError(f"the {name} must be float[{x.dims[-1]}], and this is {vector}", at)
    return x


def _norm_code(name: str) -> object:
    def emit(call: Call) -> py.Expr:
        call.cx.use("F")
        parts = {each_: call.code(at) if call.given(at) else None for at, each_ in ((1, "weight"), (2, "bias"))}
        width = py.TupleExpr((number(call.type(0).dims[-1]),))
        if name == "rms_norm":
            parts.pop("bias")
        return py.call(f"F.{name}", call.code(0), width, **parts, eps=number(call.settings["eps"]))

    return emit


CONVOLUTION = (
    _conv(1),
    _conv(2),
    _conv(3),
    _pool("max", 1),
    _pool("max", 2),
    _pool("avg", 1),
    _pool("avg", 2),
    _adaptive(1),
    _adaptive(2),
    Operation(
        "global_avg_pool",
        (X,),
        "`global_avg_pool(x)`: the mean over all but the first two axes.",
        _global,
        _global_code,
    ),
    Operation(
        "layer_norm",
        (
            X,
            OpParam("weight", "tensor", False),
            OpParam("bias", "tensor", False),
            OpParam("eps", "setting", False, real(1e-5)),
        ),
        "`layer_norm(x, weight = none, bias = none, eps = 1e-5)` along the last axis (Ba et al. 2016).",
        _norm,
        _norm_code("layer_norm"),  # type: ignore[arg-type]
    ),
    Operation(
        "rms_norm",
        (X, OpParam("weight", "tensor", False), OpParam("eps", "setting", False, real(1e-6))),
        "`rms_norm(x, weight = none, eps = 1e-6)` along the last axis (Zhang & Sennrich 2019).",
        _norm,
        _norm_code("rms_norm"),  # type: ignore[arg-type]
    ),
)
