"""Each layer against torch's module: shapes, weights, FLOPs, and the code that it becomes."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from sharedsl import pytree as py
from sharedsl.layers import LAYERS
from sharedsl.layers.docs import layers_markdown
from sharedsl.model import sizes
from sharedsl.model.dataflow import Tensor
from sharedsl.model.sizes import Real, Size, Value
from sharedsl.ops import ShapeError

torch.set_num_threads(1)

#: layer, arguments (labels of lists under "x.axes"), the input's shape; "int:n" for whole numbers below n
CASES: list[tuple[str, dict[str, Any], tuple[int, ...]]] = [
    ("Linear", {"inputs": 6, "outputs": 10}, (2, 5, 6)),
    ("Linear", {"inputs": 6, "outputs": 10, "bias": False}, (3, 6)),
    ("Linear", {"inputs": 6, "outputs": [3, 4], "outputs.axes": ("heads", None)}, (2, 5, 6)),
    ("Linear", {"inputs": [3, 4], "outputs": 6, "inputs.axes": ("heads", "head_dim")}, (2, 5, 3, 4)),
    ("Linear", {"inputs": [3, 4], "outputs": [2, 3, 2], "bias": False}, (2, 3, 4)),
    ("Embedding", {"rows": 11, "dim": 7}, (2, 5)),
    ("LayerNorm", {"dim": 8}, (2, 5, 8)),
    ("LayerNorm", {"dim": 8, "eps": 1e-12, "bias": False}, (2, 8)),
    ("RMSNorm", {"dim": 8}, (2, 5, 8)),
    ("RMSNorm", {"dim": 8, "eps": 1e-5}, (4, 8)),
    ("GroupNorm", {"groups": 2, "dim": 8}, (2, 8, 3, 3)),
    ("GroupNorm", {"groups": 4, "dim": 8, "eps": 1e-3}, (2, 8)),
    ("BatchNorm1d", {"dim": 6}, (5, 6)),
    ("BatchNorm1d", {"dim": 6, "momentum": 0.2}, (5, 6, 3)),
    ("BatchNorm2d", {"dim": 6, "eps": 1e-3}, (3, 6, 4, 4)),
    ("Conv1d", {"inputs": 4, "outputs": 6, "kernel": 3}, (2, 4, 9)),
    (
        "Conv1d",
        {"inputs": 4, "outputs": 6, "kernel": 3, "stride": 2, "padding": 2, "dilation": 2, "groups": 2},
        (2, 4, 11),
    ),
    ("Conv2d", {"inputs": 3, "outputs": 64, "kernel": 3}, (1, 3, 8, 8)),
    (
        "Conv2d",
        {"inputs": 4, "outputs": 8, "kernel": [3, 5], "stride": [2, 1], "padding": [1, 2], "bias": False},
        (2, 4, 7, 9),
    ),
    ("Conv2d", {"inputs": 8, "outputs": 8, "kernel": 3, "padding": 1, "groups": 8}, (2, 8, 6, 6)),
    ("Conv3d", {"inputs": 2, "outputs": 4, "kernel": [1, 2, 3], "dilation": [1, 2, 1]}, (1, 2, 4, 5, 6)),
    ("ConvTranspose2d", {"inputs": 4, "outputs": 6, "kernel": 3}, (2, 4, 5, 5)),
    (
        "ConvTranspose2d",
        {
            "inputs": 4,
            "outputs": 6,
            "kernel": 4,
            "stride": 2,
            "padding": 1,
            "output_padding": 1,
            "dilation": 2,
            "groups": 2,
        },
        (2, 4, 5, 6),
    ),
    ("MaxPool2d", {"kernel": 2}, (2, 3, 7, 8)),
    ("MaxPool2d", {"kernel": [3, 2], "stride": 2, "padding": 1}, (2, 3, 7, 8)),
    ("AvgPool2d", {"kernel": 3, "stride": [2, 1], "padding": 1}, (2, 3, 7, 8)),
    ("AdaptiveAvgPool2d", {"size": [1, 2]}, (2, 3, 7, 8)),
    ("RNN", {"inputs": 5, "hidden": 7}, (2, 4, 5)),
    ("RNN", {"inputs": 5, "hidden": 7, "layers": 2, "bias": False}, (2, 4, 5)),
    ("GRU", {"inputs": 5, "hidden": 7, "layers": 2}, (2, 4, 5)),
    ("GRU", {"inputs": 5, "hidden": 7, "bidirectional": True, "bias": False}, (2, 4, 5)),
    ("LSTM", {"inputs": 5, "hidden": 7}, (2, 4, 5)),
    ("LSTM", {"inputs": 5, "hidden": 7, "layers": 2, "bidirectional": True}, (2, 4, 5)),
    ("Dropout", {"p": 0.25}, (2, 5)),
]
IDS = [f"{name}-{at}" for at, (name, _, _) in enumerate(CASES)]


def value(bare: Any) -> Value:
    match bare:
        case bool() | None | str():
            return bare
        case int():
            return sizes.size(bare)
        case float():
            return Real(bare, sizes.literal(bare))
        case list():
            return tuple(value(item) for item in bare)
        case _:
            return bare


def arguments(name: str, given: dict[str, Any]) -> dict[str, Value]:
    usual = {param.name: value(param.default) for param in LAYERS[name].params if not param.required}
    return {**usual, **{key: value(each) for key, each in given.items()}}


def dims(shape: tuple[int, ...]) -> tuple[Size, ...]:
    return tuple(map(sizes.size, shape))


def run(expr: py.Expr, **names: Any) -> Any:
    space = {"torch": torch, "nn": nn, "F": F, "math": math, **names}
    return eval(py.one_line(expr), space)


def source(name: str, shape: tuple[int, ...], device: str = "cpu") -> torch.Tensor:
    if name == "Embedding":
        return torch.randint(0, 11, shape, device=device)
    return torch.randn(shape, device=device)


@pytest.mark.parametrize(("name", "given", "shape"), CASES, ids=IDS)
def test_against_torch(name: str, given: dict[str, Any], shape: tuple[int, ...]) -> None:
    layer, args, cx = LAYERS[name], arguments(name, given), py.CodeContext()
    assert layer.check(args) is None
    made = run(layer.module(args, cx)).eval()
    x = source(name, shape)
    typed = Tensor("int" if name == "Embedding" else "float", dims(shape))
    result = layer.result(args, (typed,))
    assert isinstance(result, Tensor)
    y = run(layer.call(py.Name("made"), (py.Name("x"),), args, cx), made=made, x=x)
    assert tuple(y.shape) == tuple(dim.value for dim in result.dims)

    specs = {spec.name: spec for spec in layer.weights(args)}
    params = dict(made.named_parameters())
    assert list(specs) == list(params)
    for key, spec in specs.items():
        sides = [[axis.size.value for axis in spec.axes if axis.side == side] for side in ("out", "in")]
        flat = tuple(math.prod(side) for side in sides if side) if name == "Linear" else spec.shape
        assert flat == tuple(params[key].shape), key
    buffers = {spec.name: tuple(dim.value for dim in spec.type.dims) for spec in layer.buffers(args)}
    assert buffers == {key: tuple(each.shape) for key, each in made.named_buffers()}

    weights: dict[str, py.Expr | None] = {key: py.Index(py.Name("params"), py.Const(key)) for key in params}
    me = SimpleNamespace(training=False, **dict(made.named_buffers()))
    z = run(layer.functional((py.Name("x"),), weights, args, cx), params=params, x=x, self=me)
    assert torch.equal(y, z)
    assert {"F", "nn", "torch"} >= cx.modules


@pytest.mark.parametrize(("name", "given", "shape"), CASES, ids=IDS)
def test_flops(name: str, given: dict[str, Any], shape: tuple[int, ...]) -> None:
    layer, args = LAYERS[name], arguments(name, given)
    with torch.device("meta"):
        made = run(layer.module(args, py.CodeContext()))
    typed = Tensor("int" if name == "Embedding" else "float", dims(shape))
    with FlopCounterMode(display=False) as counter:
        run(
            layer.call(py.Name("made"), (py.Name("x"),), args, py.CodeContext()),
            made=made,
            x=source(name, shape, "meta"),
        )
    assert layer.flops(args, (typed,), layer.result(args, (typed,))).value == counter.get_total_flops()


@pytest.mark.parametrize(("name", "given", "shape"), CASES, ids=IDS)
def test_initial_values_are_torch_s(name: str, given: dict[str, Any], shape: tuple[int, ...]) -> None:
    """The declared initialiser's range and spread are those of the module as torch makes it."""
    layer, args = LAYERS[name], arguments(name, given)
    torch.manual_seed(0)
    made = run(layer.module(args, py.CodeContext()))
    for spec in layer.weights(args):
        weight = dict(made.named_parameters())[spec.name]
        settings = {key: number.value for key, number in spec.init.args}
        match spec.init.name:
            case "ones" | "zeros":
                assert torch.equal(weight, torch.full_like(weight, float(spec.init.name == "ones")))
            case "normal":
                assert abs(weight.std().item() - settings["std"]) < 0.4
            case "uniform":
                assert weight.abs().max().item() <= settings["bound"]
                assert weight.abs().max().item() > 0.4 * settings["bound"]
            case "kaiming_uniform":
                fan = math.prod(weight.shape[1:])
                assert 0.7 * fan**-0.5 < weight.abs().max().item() <= fan**-0.5
            case other:
                raise AssertionError(other)


def count(name: str, given: dict[str, Any]) -> int:
    return sum(math.prod(spec.shape) for spec in LAYERS[name].weights(arguments(name, given)))


def test_known_counts() -> None:
    assert count("Conv2d", {"inputs": 3, "outputs": 64, "kernel": 3}) == 1_792
    assert count("GRU", {"inputs": 128, "hidden": 256, "layers": 2}) == 691_200
    assert count("Conv2d", {"inputs": 256, "outputs": 256, "kernel": 3, "groups": 8, "bias": False}) == 73_728
    assert count("LSTM", {"inputs": 512, "hidden": 512}) == 2_101_248


def test_every_layer_has_a_case_and_a_page() -> None:
    assert {name for name, _, _ in CASES} == set(LAYERS)
    page = layers_markdown()
    for layer in LAYERS.values():
        assert f"### {layer.name}\n" in page and layer.shapes and layer.torch and layer.doc
        assert all(param.doc for param in layer.params)


AXES = [
    ({"inputs": 4, "outputs": 6}, [("outputs", "out"), ("inputs", "in")]),
    (
        {"inputs": 4, "outputs": [3, 2], "outputs.axes": ("heads", None)},
        [("heads", "out"), (None, "out"), ("inputs", "in")],
    ),
    ({"inputs": [2, 2], "outputs": 3, "inputs.axes": ("a", "b")}, [("outputs", "out"), ("a", "in"), ("b", "in")]),
]


@pytest.mark.parametrize(("given", "axes"), AXES)
def test_axes_of_linear(given: dict[str, Any], axes: list[tuple[str | None, str]]) -> None:
    weight, bias = LAYERS["Linear"].weights(arguments("Linear", given))
    assert [(axis.name, axis.side) for axis in weight.axes] == axes
    assert [(axis.name, axis.side) for axis in bias.axes] == [each for each in axes if each[1] == "out"]


def test_axes_of_convolutions() -> None:
    (weight, _) = LAYERS["Conv2d"].weights(arguments("Conv2d", {"inputs": 4, "outputs": 6, "kernel": 3}))
    assert [axis.name for axis in weight.axes] == ["outputs", "inputs", "height", "width"]


B, T, HEIGHT = map(sizes.runtime, ("B", "T", "H"))
dim, heads, head_dim = (sizes.parameter(name, number) for name, number in (("dim", 8), ("heads", 2), ("head_dim", 4)))


def test_symbolic_shapes_and_formulas() -> None:
    layer, args = LAYERS["Linear"], {"inputs": dim, "outputs": (heads, head_dim), "bias": True}
    typed = Tensor("float", (B, T, dim))
    result = layer.result(args, (typed,))
    assert str(result) == "float[B, T, 2, 4]"
    flops = layer.flops(args, (typed,), result)
    assert flops.formula.evaluate({"B": 3, "T": 5, "dim": 8, "heads": 2, "head_dim": 4}) == 2 * 3 * 5 * 8 * 8
    cx = py.CodeContext()
    assert py.one_line(layer.module(args, cx)) == "nn.Linear(dim, heads * head_dim)"
    assert (
        py.one_line(layer.call(py.name("self.q"), (py.Name("x"),), args, cx))
        == "self.q(x).unflatten(-1, (heads, head_dim))"
    )
    back = {"inputs": (heads, head_dim), "outputs": dim, "bias": False}
    assert py.one_line(layer.module(back, cx)) == "nn.Linear(heads * head_dim, dim, bias=False)"
    assert py.one_line(layer.call(py.name("self.out"), (py.Name("x"),), back, cx)) == "self.out(x.flatten(-2))"


def test_convolutions_keep_run_time_sizes() -> None:
    picture = Tensor("float", (B, sizes.size(3), HEIGHT, sizes.runtime("W")))
    same = LAYERS["Conv2d"].result(
        arguments("Conv2d", {"inputs": 3, "outputs": 8, "kernel": 3, "padding": 1}), (picture,)
    )
    assert str(same) == "float[B, 8, H, W]"
    half = arguments("Conv2d", {"inputs": 3, "outputs": 8, "kernel": 3, "padding": 1, "stride": 2})
    skip = arguments("Conv2d", {"inputs": 3, "outputs": 8, "kernel": 1, "stride": 2})
    assert LAYERS["Conv2d"].result(half, (picture,)) == LAYERS["Conv2d"].result(skip, (picture,)) or str(
        LAYERS["Conv2d"].result(half, (picture,))
    ) == str(LAYERS["Conv2d"].result(skip, (picture,)))


WRONG: list[tuple[str, dict[str, Any], tuple[int, ...], str]] = [
    ("Linear", {"inputs": 6, "outputs": 3}, (2, 7), "takes a last axis of 6, and the input float[2, 7] has 7"),
    (
        "Linear",
        {"inputs": [2, 3], "outputs": 3},
        (5, 6),
        "takes last axes of [2, 3], and the input float[5, 6] has [5, 6]",
    ),
    ("Embedding", {"rows": 3, "dim": 4}, (2,), "looks up whole numbers, and the input is float[2]"),
    ("LayerNorm", {"dim": 8}, (2, 9), "takes a last axis of 8"),
    ("BatchNorm2d", {"dim": 8}, (2, 8), "takes float[B, C, H, W], and the input is float[2, 8]"),
    (
        "Conv2d",
        {"inputs": 3, "outputs": 4, "kernel": 3},
        (2, 5, 8, 8),
        "takes 3 channels, and the input float[2, 5, 8, 8] has 5",
    ),
    ("Conv2d", {"inputs": 3, "outputs": 4, "kernel": 9}, (2, 3, 8, 8), "a window over 9 entries does not fit into 8"),
    ("GRU", {"inputs": 3, "hidden": 4}, (2, 3), "takes float[B, T, 3], and the input is float[2, 3]"),
    ("MaxPool2d", {"kernel": 2}, (2, 3), "this wants float[B, C, H, W], and the input is float[2, 3]"),
]


@pytest.mark.parametrize(("name", "given", "shape", "message"), WRONG)
def test_inputs_that_do_not_fit(name: str, given: dict[str, Any], shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(ShapeError) as caught:
        LAYERS[name].result(arguments(name, given), (Tensor("float", dims(shape)),))
    assert message in str(caught.value)
    assert caught.value.arg == 0


BAD: list[tuple[str, dict[str, Any], str]] = [
    ("Linear", {"inputs": 0, "outputs": 3}, "`inputs` is 0, and must be at least 1"),
    ("Linear", {"inputs": [2, 0], "outputs": 3}, "`inputs` is 0"),
    ("Linear", {"inputs": [], "outputs": 3}, "`inputs` is an empty list"),
    ("GroupNorm", {"groups": 3, "dim": 8}, "`dim` is 8, which is not divisible into 3 groups"),
    (
        "Conv2d",
        {"inputs": 3, "outputs": 4, "kernel": 3, "groups": 2},
        "`inputs` is 3, which is not divisible into 2 groups",
    ),
    ("Conv2d", {"inputs": 3, "outputs": 4, "kernel": [3, 3, 3]}, "`kernel` has 3 numbers for 2 axes"),
    ("Conv1d", {"inputs": 3, "outputs": 4, "kernel": 3, "padding": -1}, "`padding` is negative"),
    ("GRU", {"inputs": 3, "hidden": 4, "layers": 0}, "`layers` must be at least 1"),
    ("Dropout", {"p": 1.0}, "`p` is 1, and must be from 0 up to, not including, 1"),
]


@pytest.mark.parametrize(("name", "given", "message"), BAD)
def test_arguments_that_cannot_be(name: str, given: dict[str, Any], message: str) -> None:
    assert message in (LAYERS[name].check(arguments(name, given)) or "")
