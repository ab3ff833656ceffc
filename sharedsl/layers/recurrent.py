"""Recurrent layers over [B, T, inputs], from a zero state: RNN, GRU, LSTM."""

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
    flag,
    given,
    last_axes,
    size_arg,
    times,
    unless,
    within,
)
from sharedsl.model.dataflow import Tensor, Type
from sharedsl.model.sites import Axis, WeightSpec
from sharedsl.model.sizes import Size, combine, size
from sharedsl.ops.base import ShapeError, number, tensor


class _Recurrent(Layer):
    gates: int
    function: str
    #: how many tensors the state is made of
    carries = 1
    params = (
        LayerParam("inputs", "int", doc="the width of each step's input"),
        LayerParam("hidden", "int", doc="the width of the state, and of the result"),
        LayerParam("layers", "int", False, 1, "how many layers are stacked"),
        LayerParam("bias", "bool", False, True, "whether biases are added (two for each layer, as in torch)"),
        LayerParam(
            "bidirectional", "bool", False, False, "whether a second one reads backwards; both results are joined"
        ),
    )
    shapes = "`[B, T, inputs]` to `[B, T, hidden]`, or `2 * hidden` where bidirectional"
    work = "2 * B * T * gates * hidden * (inputs + hidden) for a layer"

    def check(self, args: Args) -> str | None:
        problem = super().check(args)
        layers = size_arg(args, "layers").value
        return problem or ("`layers` must be at least 1" if layers is None or layers < 1 else None)

    def _suffixes(self, args: Args) -> list[tuple[int, str]]:
        directions = ("", "_reverse") if bool_arg(args, "bidirectional") else ("",)
        depth = size_arg(args, "layers").value or 1
        return [(at, f"l{at}{direction}") for at in range(depth) for direction in directions]

    def _width(self, args: Args) -> Size:
        """Of the result."""
        hidden = size_arg(args, "hidden")
        return combine("*", size(2), hidden) if bool_arg(args, "bidirectional") else hidden

    def _entering(self, args: Args, layer: int) -> Size:
        return size_arg(args, "inputs") if layer == 0 else self._width(args)

    def _rows(self, args: Args) -> Size:
        hidden = size_arg(args, "hidden")
        return hidden if self.gates == 1 else combine("*", size(self.gates), hidden)

    def weights(self, args: Args) -> tuple[WeightSpec, ...]:
        hidden, outs = size_arg(args, "hidden"), Axis(self._rows(args), "outputs")
        init = within(hidden)
        specs: list[WeightSpec] = []
        for layer, suffix in self._suffixes(args):
            entering = Axis(self._entering(args, layer), "inputs", "in")
            specs.append(WeightSpec(f"weight_ih_{suffix}", (outs, entering), init))
            specs.append(WeightSpec(f"weight_hh_{suffix}", (outs, Axis(hidden, "hidden", "in")), init))
            if bool_arg(args, "bias"):
                specs += [WeightSpec(f"bias_{part}_{suffix}", (outs,), init) for part in ("ih", "hh")]
        return tuple(specs)

    def result(self, args: Args, inputs: Inputs) -> Type:
        x = tensor(inputs, 0, "the input")
        if len(x.dims) != 3:
            raise ShapeError(f"{self.name} takes float[B, T, {size_arg(args, 'inputs')}], and the input is {x}", 0)
        rows = last_axes(x, (size_arg(args, "inputs"),), self.name)
        return Tensor("float", (*rows, self._width(args)))

    def flops(self, args: Args, inputs: Inputs, result: Type) -> Size:
        x, total = tensor(inputs, 0, "the input"), size(0)
        for layer, _ in self._suffixes(args):
            widths = combine("+", self._entering(args, layer), size_arg(args, "hidden"))
            total = combine("+", total, times(size(2), x.dims[0], x.dims[1], self._rows(args), widths))
        return total

    def module(self, args: Args, cx: py.CodeContext) -> py.Expr:
        cx.use("nn")
        keywords = {
            "num_layers": unless(size_arg(args, "layers"), 1),
            "bias": flag(bool_arg(args, "bias"), True),
            "batch_first": py.Const(True),
            "bidirectional": flag(bool_arg(args, "bidirectional"), False),
        }
        return py.call(
            f"nn.{self.name}", number(size_arg(args, "inputs")), number(size_arg(args, "hidden")), **keywords
        )

    def call(self, module: py.Expr, inputs: Codes, args: Args, cx: py.CodeContext) -> py.Expr:
        return py.item(py.Call(module, (given(inputs),)), 0)

    def functional(self, inputs: Codes, weights: Weights, args: Args, cx: py.CodeContext) -> py.Expr:
        """torch's function over the weights in its order, from a zero state."""
        cx.use("torch")
        x = given(inputs)
        depth = len(self._suffixes(args))
        batch = py.item(py.Attr(x, "shape"), 0)
        zeros = py.method(x, "new_zeros", py.Const(depth), batch, number(size_arg(args, "hidden")))
        state = zeros if self.carries == 1 else py.TupleExpr((zeros,) * self.carries)
        parts = [weights[spec.name] for spec in self.weights(args)]
        given_ = tuple(part for part in parts if part is not None)
        rest = [
            py.Const(bool_arg(args, "bias")),
            number(size_arg(args, "layers")),
            py.Const(0.0),
            cx.training,
            py.Const(bool_arg(args, "bidirectional")),
            py.Const(True),
        ]
        return py.item(py.call(self.function, x, state, py.TupleExpr(given_), *rest), 0)


class RNN(_Recurrent):
    name, gates, function, torch = "RNN", 1, "torch.rnn_tanh", "nn.RNN"
    doc = "h = tanh(W x + b + U h + c) at every step (Elman 1990)."
    counts = "hidden * (inputs + hidden + 2) for a layer"


class GRU(_Recurrent):
    name, gates, function, torch = "GRU", 3, "torch.gru", "nn.GRU"
    doc = "Gated recurrent unit, torch's variant (Cho et al. 2014; the reset gate is applied after the product)."
    counts = "3 * hidden * (inputs + hidden + 2) for a layer"


class LSTM(_Recurrent):
    name, gates, function, torch, carries = "LSTM", 4, "torch.lstm", "nn.LSTM", 2
    doc = "Long short-term memory (Hochreiter & Schmidhuber 1997), gates in torch's order i f g o."
    counts = "4 * hidden * (inputs + hidden + 2) for a layer"
