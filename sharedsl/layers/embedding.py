"""Embedding: a table whose rows are looked up."""

from __future__ import annotations

from sharedsl import pytree as py
from sharedsl.layers.base import Args, Codes, Inputs, Layer, LayerParam, Weights, given, normal, size_arg
from sharedsl.model.dataflow import Tensor, Type
from sharedsl.model.sites import Axis, WeightSpec
from sharedsl.ops.base import ShapeError, number, tensor


class Embedding(Layer):
    name = "Embedding"
    params = (
        LayerParam("rows", "int", doc="how many things there are"),
        LayerParam("dim", "int", doc="how many numbers each of them has"),
    )
    doc = "A table: the rows that whole numbers name. It also is what learned positions are."
    shapes = "`int[..]` to `[.., dim]`"
    counts = "rows * dim"
    torch = "nn.Embedding"

    def weights(self, args: Args) -> tuple[WeightSpec, ...]:
        axes = (Axis(size_arg(args, "rows"), "rows"), Axis(size_arg(args, "dim"), "dim", "in"))
        return (WeightSpec("weight", axes, normal(1.0)),)

    def result(self, args: Args, inputs: Inputs) -> Type:
        index = tensor(inputs, 0, "the input")
        if index.dtype != "int":
            raise ShapeError(f"Embedding looks up whole numbers, and the input is {index}", 0)
        return Tensor("float", (*index.dims, size_arg(args, "dim")))

    def module(self, args: Args, cx: py.CodeContext) -> py.Expr:
        cx.use("nn")
        return py.call("nn.Embedding", number(size_arg(args, "rows")), number(size_arg(args, "dim")))

    def functional(self, inputs: Codes, weights: Weights, args: Args, cx: py.CodeContext) -> py.Expr:
        cx.use("F")
        weight = weights["weight"]
        assert weight is not None
        return py.call("F.embedding", given(inputs), weight)
