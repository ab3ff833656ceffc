"""Norms: LayerNorm, RMSNorm, GroupNorm and BatchNorm."""

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
    float_arg,
    given,
    last_axes,
    size_arg,
    unless,
)
from sharedsl.model.dataflow import Tensor, Type
from sharedsl.model.sites import Axis, Init, WeightSpec
from sharedsl.model.sizes import Size, combine, size
from sharedsl.model.tree import BufferSpec
from sharedsl.ops.base import number, tensor

DIM = LayerParam("dim", "int", doc="the width of what is normalised")


def eps(usual: float) -> LayerParam:
    return LayerParam("eps", "float", False, usual, "added to the variance")


def _vectors(dim: Size, bias: bool) -> tuple[WeightSpec, ...]:
    axes = (Axis(dim, "dim"),)
    weight = WeightSpec("weight", axes, Init("ones"))
    return (weight, WeightSpec("bias", axes, Init("zeros"))) if bias else (weight,)


def _width(args: Args) -> py.Expr:
    return py.TupleExpr((number(size_arg(args, "dim")),))


class _LastAxis(Layer):
    """Norms of the last axis, whose length they know."""

    def result(self, args: Args, inputs: Inputs) -> Type:
        x = tensor(inputs, 0, "the input")
        last_axes(x, (size_arg(args, "dim"),), self.name)
        return x


class LayerNorm(_LastAxis):
    name = "LayerNorm"
    params = (DIM, eps(1e-5), LayerParam("bias", "bool", False, True, "whether a bias is added"))
    doc = "(x - mean) / sqrt(variance + eps) * weight + bias along the last axis (Ba et al. 2016)."
    shapes = "`[.., dim]` to the same"
    counts = "2 * dim"
    torch = "nn.LayerNorm"

    def weights(self, args: Args) -> tuple[WeightSpec, ...]:
        return _vectors(size_arg(args, "dim"), bool_arg(args, "bias"))

    def module(self, args: Args, cx: py.CodeContext) -> py.Expr:
        cx.use("nn")
        keywords = {"eps": unless(float_arg(args, "eps"), 1e-5), "bias": flag(bool_arg(args, "bias"), True)}
        return py.call("nn.LayerNorm", number(size_arg(args, "dim")), **keywords)

    def functional(self, inputs: Codes, weights: Weights, args: Args, cx: py.CodeContext) -> py.Expr:
        cx.use("F")
        x, weight, bias = given(inputs), weights.get("weight"), weights.get("bias")
        usual = unless(float_arg(args, "eps"), 1e-5)
        return py.call("F.layer_norm", x, _width(args), weight=weight, bias=bias, eps=usual)


class RMSNorm(_LastAxis):
    name = "RMSNorm"
    params = (DIM, eps(1e-6))
    doc = "x / sqrt(mean(x ** 2) + eps) * weight along the last axis (Zhang & Sennrich 2019)."
    shapes = "`[.., dim]` to the same"
    counts = "dim"
    torch = "nn.RMSNorm"

    def weights(self, args: Args) -> tuple[WeightSpec, ...]:
        return _vectors(size_arg(args, "dim"), False)

    def module(self, args: Args, cx: py.CodeContext) -> py.Expr:
        cx.use("nn")
        return py.call("nn.RMSNorm", number(size_arg(args, "dim")), eps=number(float_arg(args, "eps")))

    def functional(self, inputs: Codes, weights: Weights, args: Args, cx: py.CodeContext) -> py.Expr:
        cx.use("F")
        scale = float_arg(args, "eps")
        return py.call("F.rms_norm", given(inputs), _width(args), weight=weights.get("weight"), eps=number(scale))


class GroupNorm(Layer):
    name = "GroupNorm"
    params = (LayerParam("groups", "int", doc="how many groups of channels"), DIM, eps(1e-5))
    doc = "Normalises each group of channels over all places (Wu & He 2018)."
    shapes = "`[B, dim, ..]` to the same"
    counts = "2 * dim"
    torch = "nn.GroupNorm"

    def check(self, args: Args) -> str | None:
        problem = super().check(args)
        groups, dim = size_arg(args, "groups"), size_arg(args, "dim")
        if problem is None and combine("%", dim, groups).value != 0:
            return f"`dim` is {dim}, which is not divisible into {groups} groups"
        return problem

    def weights(self, args: Args) -> tuple[WeightSpec, ...]:
        return _vectors(size_arg(args, "dim"), True)

    def result(self, args: Args, inputs: Inputs) -> Type:
        x = tensor(inputs, 0, "the input")
        channels(x, size_arg(args, "dim"), (0, 1, 2, 3), self.name)
        return x

    def module(self, args: Args, cx: py.CodeContext) -> py.Expr:
        cx.use("nn")
        groups, dim = number(size_arg(args, "groups")), number(size_arg(args, "dim"))
        return py.call("nn.GroupNorm", groups, dim, eps=unless(float_arg(args, "eps"), 1e-5))

    def functional(self, inputs: Codes, weights: Weights, args: Args, cx: py.CodeContext) -> py.Expr:
        cx.use("F")
        groups = number(size_arg(args, "groups"))
        usual = unless(float_arg(args, "eps"), 1e-5)
        both = {"weight": weights.get("weight"), "bias": weights.get("bias")}
        return py.call("F.group_norm", given(inputs), groups, **both, eps=usual)


class _BatchNorm(Layer):
    """Over [B, C, ..], with as many axes behind the channels as one of `spatial`."""

    spatial: tuple[int, ...]
    params = (DIM, eps(1e-5), LayerParam("momentum", "float", False, 0.1, "how fast the running statistics follow"))
    counts = "2 * dim"

    def weights(self, args: Args) -> tuple[WeightSpec, ...]:
        return _vectors(size_arg(args, "dim"), True)

    def buffers(self, args: Args) -> tuple[BufferSpec, ...]:
        each = Tensor("float", (size_arg(args, "dim"),))
        return (
            BufferSpec("running_mean", each, size(0)),
            BufferSpec("running_var", each, size(1)),
            BufferSpec("num_batches_tracked", Tensor("int", ()), size(0)),
        )

    def result(self, args: Args, inputs: Inputs) -> Type:
        x = tensor(inputs, 0, "the input")
        channels(x, size_arg(args, "dim"), self.spatial, self.name)
        return x

    def module(self, args: Args, cx: py.CodeContext) -> py.Expr:
        cx.use("nn")
        keywords = {
            "eps": unless(float_arg(args, "eps"), 1e-5),
            "momentum": unless(float_arg(args, "momentum"), 0.1),
        }
        return py.call(f"nn.{self.name}", number(size_arg(args, "dim")), **keywords)

    def functional(self, inputs: Codes, weights: Weights, args: Args, cx: py.CodeContext) -> py.Expr:
        """With the running statistics given beside the weights, or those of the module at hand."""
        cx.use("F")
        names = ("running_mean", "running_var")
        kept = [weights.get(name) or py.Attr(py.Name("self"), name) for name in names]
        keywords = {
            "weight": weights.get("weight"),
            "bias": weights.get("bias"),
            "training": cx.training,
            "momentum": unless(float_arg(args, "momentum"), 0.1),
            "eps": unless(float_arg(args, "eps"), 1e-5),
        }
        return py.call("F.batch_norm", given(inputs), *kept, **keywords)


class BatchNorm1d(_BatchNorm):
    name = "BatchNorm1d"
    spatial = (0, 1)
    doc = "Normalises each channel over the batch, or by running statistics in evaluation (Ioffe & Szegedy 2015)."
    shapes = "`[B, dim]` or `[B, dim, L]` to the same"
    torch = "nn.BatchNorm1d"


class BatchNorm2d(_BatchNorm):
    name = "BatchNorm2d"
    spatial = (2,)
    doc = "Normalises each channel over the batch and all places, or by running statistics in evaluation."
    shapes = "`[B, dim, H, W]` to the same"
    torch = "nn.BatchNorm2d"
