"""Linear: a matrix over the last axes."""

from __future__ import annotations

from sharedsl import pytree as py
from sharedsl.layers.base import (
    Args,
    Codes,
    Inputs,
    Layer,
    LayerParam,
    Weights,
    axes_of,
    bool_arg,
    flag,
    given,
    joined,
    kaiming,
    last_axes,
    sizes_arg,
    times,
    within,
)
from sharedsl.model.dataflow import Tensor, Type
from sharedsl.model.sites import WeightSpec
from sharedsl.model.sizes import Size, product, size
from sharedsl.ops.base import number, tensor


class Linear(Layer):
    name = "Linear"
    params = (
        LayerParam("inputs", "sizes", doc="the last axis of the input, or a list for several: `[heads, head_dim]`"),
        LayerParam(
            "outputs", "sizes", doc="the last axis of the result, or a list; `[heads = n, head_dim]` names axes"
        ),
        LayerParam("bias", "bool", False, True, "whether a bias is added"),
    )
    doc = "y = x W^T + b over the last axes. Lists of sizes give the weight named axes, and the result those axes."
    shapes = "`[.., inputs]` to `[.., outputs]`"
    counts = "inputs * outputs + outputs"
    work = "2 * rows * inputs * outputs"
    torch = "nn.Linear"

    def weights(self, args: Args) -> tuple[WeightSpec, ...]:
        outs, ins = axes_of(args, "outputs", "out"), axes_of(args, "inputs", "in")
        weight = WeightSpec("weight", outs + ins, kaiming())
        if not bool_arg(args, "bias"):
            return (weight,)
        return weight, WeightSpec("bias", outs, within(product(sizes_arg(args, "inputs"))))

    def result(self, args: Args, inputs: Inputs) -> Type:
        rows = last_axes(tensor(inputs, 0, "the input"), sizes_arg(args, "inputs"), "Linear")
        return Tensor("float", rows + sizes_arg(args, "outputs"))

    def flops(self, args: Args, inputs: Inputs, result: Type) -> Size:
        assert isinstance(result, Tensor)
        return times(size(2), product(result.dims), product(sizes_arg(args, "inputs")))

    def module(self, args: Args, cx: py.CodeContext) -> py.Expr:
        cx.use("nn")
        bias = flag(bool_arg(args, "bias"), True)
        return py.call("nn.Linear", joined(sizes_arg(args, "inputs")), joined(sizes_arg(args, "outputs")), bias=bias)

    def call(self, module: py.Expr, inputs: Codes, args: Args, cx: py.CodeContext) -> py.Expr:
        return self._apart(py.Call(module, (self._joined(given(inputs), args),)), args)

    def functional(self, inputs: Codes, weights: Weights, args: Args, cx: py.CodeContext) -> py.Expr:
        """Over the weight as torch has it, [outputs, inputs]. Without arguments, over one axis on each side."""
        cx.use("F")
        weight, bias = weights["weight"], weights.get("bias")
        assert weight is not None
        x = self._joined(given(inputs), args)
        return self._apart(py.call("F.linear", x, weight, *((bias,) if bias is not None else ())), args)

    def _joined(self, code: py.Expr, args: Args) -> py.Expr:
        """Several input axes as one."""
        count = len(sizes_arg(args, "inputs")) if "inputs" in args else 1
        return py.method(code, "flatten", py.integer(-count)) if count > 1 else code

    def _apart(self, code: py.Expr, args: Args) -> py.Expr:
        """The last axis as several output axes."""
        outs = sizes_arg(args, "outputs") if "outputs" in args else ()
        if len(outs) < 2:
            return code
        return py.method(code, "unflatten", py.integer(-1), py.TupleExpr(tuple(map(number, outs))))
