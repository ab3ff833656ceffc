"""Layers without weights: pooling over windows, and dropout."""

from __future__ import annotations

from sharedsl import pytree as py
from sharedsl.layers.base import (
    Args,
    Codes,
    Inputs,
    Layer,
    LayerParam,
    Weights,
    float_arg,
    given,
    not_positive,
    sizes_arg,
)
from sharedsl.layers.conv import keyword, setting
from sharedsl.model.dataflow import Tensor, Type
from sharedsl.ops.base import Settings, number, tensor
from sharedsl.ops.convolution import pooled, spatial
from sharedsl.ops.windows import each


class _Pool(Layer):
    function: str
    params = (
        LayerParam("kernel", "sizes", doc="the window: one number, or one for each axis"),
        LayerParam("stride", "sizes", False, None, "how far the window moves; the kernel where it is left out"),
        LayerParam("padding", "sizes", False, 0, "entries on each side"),
    )
    shapes = "`[B, C, H, W]` to `[B, C, (H + 2 padding - kernel) // stride + 1, ..]`"

    def check(self, args: Args) -> str | None:
        problem = not_positive(args, ["kernel", "stride"])
        lists = [name for name in ("kernel", "stride", "padding") if isinstance(args[name], tuple)]
        wrong = [name for name in lists if len(sizes_arg(args, name)) != 2]
        return problem or (f"`{wrong[0]}` has {len(sizes_arg(args, wrong[0]))} numbers for 2 axes" if wrong else None)

    def _settings(self, args: Args) -> Settings:
        stride = None if args["stride"] is None else setting(args, "stride")
        return {"kernel": setting(args, "kernel"), "stride": stride, "padding": setting(args, "padding")}

    def result(self, args: Args, inputs: Inputs) -> Type:
        return pooled(tensor(inputs, 0, "the input"), 2, self._settings(args))

    def _arguments(self, args: Args) -> dict[str, py.Expr | None]:
        stride = None if args["stride"] is None else number(setting(args, "stride"))
        return {"stride": stride, "padding": keyword(args, "padding", 0)}

    def module(self, args: Args, cx: py.CodeContext) -> py.Expr:
        cx.use("nn")
        return py.call(f"nn.{self.name}", number(setting(args, "kernel")), **self._arguments(args))

    def functional(self, inputs: Codes, weights: Weights, args: Args, cx: py.CodeContext) -> py.Expr:
        cx.use("F")
        return py.call(self.function, given(inputs), number(setting(args, "kernel")), **self._arguments(args))


class MaxPool2d(_Pool):
    name, function, torch = "MaxPool2d", "F.max_pool2d", "nn.MaxPool2d"
    doc = "The greatest entry of every window."


class AvgPool2d(_Pool):
    name, function, torch = "AvgPool2d", "F.avg_pool2d", "nn.AvgPool2d"
    doc = "The mean of every window; zeros of the padding count."


class AdaptiveAvgPool2d(Layer):
    name, torch = "AdaptiveAvgPool2d", "nn.AdaptiveAvgPool2d"
    params = (LayerParam("size", "sizes", doc="the places of the result: one number, or one for each axis"),)
    doc = "Means over windows that divide the picture into `size` places."
    shapes = "`[B, C, H, W]` to `[B, C, size, size]`"

    def result(self, args: Args, inputs: Inputs) -> Type:
        x = tensor(inputs, 0, "the input")
        spatial(x, 2)
        return Tensor("float", (*x.dims[:2], *each(setting(args, "size"), 2, "size")))

    def module(self, args: Args, cx: py.CodeContext) -> py.Expr:
        cx.use("nn")
        return py.call("nn.AdaptiveAvgPool2d", number(setting(args, "size")))

    def functional(self, inputs: Codes, weights: Weights, args: Args, cx: py.CodeContext) -> py.Expr:
        cx.use("F")
        return py.call("F.adaptive_avg_pool2d", given(inputs), number(setting(args, "size")))


class Dropout(Layer):
    name, torch = "Dropout", "nn.Dropout"
    params = (LayerParam("p", "float", doc="the probability of a zero"),)
    doc = "In training each entry is 0 with probability p, and the others grow by 1 / (1 - p) (Srivastava et al. 2014)."
    shapes = "`[..]` to the same"

    def check(self, args: Args) -> str | None:
        p = float_arg(args, "p").value
        return None if 0 <= p < 1 else f"`p` is {p:g}, and must be from 0 up to, not including, 1"

    def module(self, args: Args, cx: py.CodeContext) -> py.Expr:
        cx.use("nn")
        return py.call("nn.Dropout", number(float_arg(args, "p")))

    def functional(self, inputs: Codes, weights: Weights, args: Args, cx: py.CodeContext) -> py.Expr:
        cx.use("F")
        return py.call("F.dropout", given(inputs), number(float_arg(args, "p")), cx.training)
