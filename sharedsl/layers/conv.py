"""Convolutions over [B, C, ..]: Conv1d, Conv2d, Conv3d, ConvTranspose2d."""

from __future__ import annotations

from sharedsl import pytree as py
from sharedsl.layers.base import (
    Args,
    Codes,
    Inputs,
    Layer,
    LayerParam,
    Weights,
    bool_arg,
    channels,
    flag,
    given,
    kaiming,
    not_positive,
    size_arg,
    sizes_arg,
    unless,
    within,
)
from sharedsl.model.dataflow import Tensor, Type
from sharedsl.model.sites import Axis, WeightSpec
from sharedsl.model.sizes import Size, Value, combine, product
from sharedsl.ops.base import ShapeError, number, tensor
from sharedsl.ops.windows import each, slid, spread, work

NAMES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}
ENDS = (
    LayerParam("stride", "sizes", False, 1, "how far the window moves"),
    LayerParam("padding", "sizes", False, 0, "zeros on each side"),
)
BIAS = LayerParam("bias", "bool", False, True, "whether a bias is added")
GROUPS = LayerParam("groups", "int", False, 1, "channels in groups that do not see each other")
DILATION = LayerParam("dilation", "sizes", False, 1, "the distance of neighbours in the window")
HEAD = (
    LayerParam("inputs", "int", doc="channels of the input"),
    LayerParam("outputs", "int", doc="channels of the result"),
    LayerParam("kernel", "sizes", doc="the window: one number, or one for each axis"),
)


def setting(args: Args, name: str) -> Size | tuple[Size, ...]:
    """One number, or one for each axis."""
    sizes = sizes_arg(args, name)
    return sizes if isinstance(args[name], tuple) else sizes[0]


def keyword(args: Args, name: str, usual: int) -> py.Expr | None:
    """An argument that is not torch's default."""
    value: Value = args[name]
    if isinstance(value, tuple):
        return number(setting(args, name))
    return unless(size_arg(args, name), usual)


class _Window(Layer):
    """What all convolutions share."""

    count: int

    def check(self, args: Args) -> str | None:
        names = ["inputs", "outputs", "kernel", "stride", "dilation", "groups"]
        problem = not_positive(args, names)
        if problem is not None:
            return problem
        for name in ("kernel", "stride", "padding", "dilation"):
            if isinstance(args[name], tuple) and len(sizes_arg(args, name)) != self.count:
                return f"`{name}` has {len(sizes_arg(args, name))} numbers for {self.count} axes"
        if any(one.value is not None and one.value < 0 for one in sizes_arg(args, "padding")):
            return "`padding` is negative"
        groups = size_arg(args, "groups")
        for name in ("inputs", "outputs"):
            if combine("%", size_arg(args, name), groups).value != 0:
                return f"`{name}` is {size_arg(args, name)}, which is not divisible into {groups} groups"
        return None

    def kernel(self, args: Args) -> tuple[Size, ...]:
        return each(setting(args, "kernel"), self.count, "kernel")

    def window_axes(self, args: Args) -> tuple[Axis, ...]:
        return tuple(Axis(one, name, "in") for one, name in zip(self.kernel(args), NAMES[self.count], strict=True))

    def share(self, args: Args, name: str) -> Size:
        """Channels of one group."""
        groups = size_arg(args, "groups")
        return (
            size_arg(args, name)
            if groups.value == 1 and not groups.code.names()
            else combine("//", size_arg(args, name), groups)
        )

    def spec(self, axes: tuple[Axis, ...], args: Args) -> tuple[WeightSpec, ...]:
        weight = WeightSpec("weight", (*axes, *self.window_axes(args)), kaiming())
        if not bool_arg(args, "bias"):
            return (weight,)
        fan = product([axes[1].size, *self.kernel(args)])
        return weight, WeightSpec("bias", (Axis(size_arg(args, "outputs"), "outputs"),), within(fan))

    def fitting(self, args: Args, inputs: Inputs) -> Tensor:
        x = tensor(inputs, 0, "the input")
        channels(x, size_arg(args, "inputs"), (self.count,), self.name)
        return x

    def keywords(self, args: Args) -> dict[str, py.Expr | None]:
        return {
            "stride": keyword(args, "stride", 1),
            "padding": keyword(args, "padding", 0),
            "dilation": keyword(args, "dilation", 1),
            "groups": keyword(args, "groups", 1),
        }

    def module(self, args: Args, cx: py.CodeContext) -> py.Expr:
        cx.use("nn")
        sizes = [number(size_arg(args, "inputs")), number(size_arg(args, "outputs")), number(setting(args, "kernel"))]
        return py.call(f"nn.{self.name}", *sizes, **self.keywords(args), bias=flag(bool_arg(args, "bias"), True))


class _Conv(_Window):
    params = (*HEAD, *ENDS, DILATION, GROUPS, BIAS)
    counts = "outputs * inputs / groups * kernel + outputs"
    work = "2 * B * outputs * inputs / groups * kernel * places"

    def weights(self, args: Args) -> tuple[WeightSpec, ...]:
        outs = Axis(size_arg(args, "outputs"), "outputs")
        return self.spec((outs, Axis(self.share(args, "inputs"), "inputs", "in")), args)

    def result(self, args: Args, inputs: Inputs) -> Type:
        x = self.fitting(args, inputs)
        parts = [each(setting(args, name), self.count, name) for name in ("stride", "padding", "dilation")]
        lengths = tuple(map(slid, x.dims[2:], self.kernel(args), *parts))
        return Tensor("float", (x.dims[0], size_arg(args, "outputs"), *lengths))

    def flops(self, args: Args, inputs: Inputs, result: Type) -> Size:
        assert isinstance(result, Tensor)
        shape = (size_arg(args, "outputs"), self.share(args, "inputs"), *self.kernel(args))
        return work(shape, result.dims[2:], result.dims[0])

    def functional(self, inputs: Codes, weights: Weights, args: Args, cx: py.CodeContext) -> py.Expr:
        cx.use("F")
        weight = weights["weight"]
        assert weight is not None
        name = f"F.conv{self.count}d"
        return py.call(name, given(inputs), weight, bias=weights.get("bias"), **self.keywords(args))


class Conv1d(_Conv):
    name, count, torch = "Conv1d", 1, "nn.Conv1d"
    doc = "A convolution along one axis."
    shapes = "`[B, inputs, L]` to `[B, outputs, (L + 2 padding - dilation (kernel - 1) - 1) // stride + 1]`"


class Conv2d(_Conv):
    name, count, torch = "Conv2d", 2, "nn.Conv2d"
    doc = "A convolution over pictures. With `groups = inputs` it is depthwise."
    shapes = "`[B, inputs, H, W]` to `[B, outputs, H', W']`, each as in Conv1d"


class Conv3d(_Conv):
    name, count, torch = "Conv3d", 3, "nn.Conv3d"
    doc = "A convolution over volumes or films."
    shapes = "`[B, inputs, D, H, W]` to `[B, outputs, D', H', W']`, each as in Conv1d"


class ConvTranspose2d(_Window):
    name, count, torch = "ConvTranspose2d", 2, "nn.ConvTranspose2d"
    params = (
        *HEAD,
        *ENDS,
        LayerParam("output_padding", "sizes", False, 0, "more entries at the end"),
        DILATION,
        GROUPS,
        BIAS,
    )
    doc = (
        "The transpose of a convolution: every entry lays its scaled kernel down. The weight is [inputs, outputs, ..]."
    )
    shapes = (
        "`[B, inputs, H, W]` to `[B, outputs, H', W']`, "
        "H' = (H - 1) stride - 2 padding + dilation (kernel - 1) + 1 + output_padding"
    )
    counts = "inputs * outputs / groups * kernel + outputs"
    work = "2 * B * inputs * outputs / groups * kernel * H * W"

    def weights(self, args: Args) -> tuple[WeightSpec, ...]:
        ins = Axis(size_arg(args, "inputs"), "inputs", "in")
        return self.spec((ins, Axis(self.share(args, "outputs"), "outputs")), args)

    def result(self, args: Args, inputs: Inputs) -> Type:
        x = self.fitting(args, inputs)
        names = ("stride", "padding", "output_padding", "dilation")
        parts = [each(setting(args, name), self.count, name) for name in names]
        lengths = tuple(map(spread, x.dims[2:], self.kernel(args), *parts))
        for have, length in zip(x.dims[2:], lengths, strict=True):
            if length.value is not None and length.value < 1:
                raise ShapeError(f"{self.name} makes {length} entries of {have}", 0)
        return Tensor("float", (x.dims[0], size_arg(args, "outputs"), *lengths))

    def flops(self, args: Args, inputs: Inputs, result: Type) -> Size:
        x = tensor(inputs, 0, "the input")
        shape = (size_arg(args, "inputs"), self.share(args, "outputs"), *self.kernel(args))
        return work(shape, x.dims[2:], x.dims[0])

    def keywords(self, args: Args) -> dict[str, py.Expr | None]:
        usual = super().keywords(args)
        more = keyword(args, "output_padding", 0)
        return {"stride": usual["stride"], "padding": usual["padding"], "output_padding": more, **usual}

    def functional(self, inputs: Codes, weights: Weights, args: Args, cx: py.CodeContext) -> py.Expr:
        cx.use("F")
        weight = weights["weight"]
        assert weight is not None
        return py.call("F.conv_transpose2d", given(inputs), weight, bias=weights.get("bias"), **self.keywords(args))
