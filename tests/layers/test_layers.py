"""Every primitive against torch's own: count, shape, FLOPs, and the two ways its code is written."""

from __future__ import annotations

import math

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
from sharedsl.model.sizes import Real, Value

#: layer, arguments, shape of the input
CASES: list[tuple[str, dict[str, object], tuple[int, ...]]] = [
    ("Linear", {"inputs": 6, "outputs": 10}, (2, 3, 6)),
    ("Linear", {"inputs": 6, "outputs": 10, "bias": False}, (4, 6)),
    ("Linear", {"inputs": 6, "outputs": (3, 4)}, (2, 5, 6)),
    ("Linear", {"inputs": (3, 4), "outputs": 5}, (2, 5, 3, 4)),
    ("Embedding", {"rows": 11, "dim": 6}, (2, 5)),
    ("LayerNorm", {"dim": 6}, (2, 5, 6)),
    ("LayerNorm", {"dim": 6, "eps": 1e-12, "bias": False}, (2, 6)),
    ("RMSNorm", {"dim": 6}, (2, 5, 6)),
    ("GroupNorm", {"groups": 2, "dim": 6}, (2, 6, 5, 4)),
    ("BatchNorm1d", {"dim": 6}, (4, 6)),
    ("BatchNorm1d", {"dim": 6}, (4, 6, 3)),
    ("BatchNorm2d", {"dim": 6, "momentum": 0.2}, (4, 6, 3, 5)),
    ("Conv1d", {"inputs": 4, "outputs": 6, "kernel": 3, "padding": 1}, (2, 4, 9)),
    ("Conv2d", {"inputs": 3, "outputs": 64, "kernel": 3}, (1, 3, 8, 8)),
    ("Conv2d", {"inputs": 4, "outputs": 8, "kernel": 3, "stride": 2, "padding": 1, "groups": 2}, (2, 4, 9, 8)),
    ("Conv2d", {"inputs": 4, "outputs": 8, "kernel": (3, 1), "dilation": 2, "bias": False}, (2, 4, 9, 8)),
    ("Conv3d", {"inputs": 2, "outputs": 4, "kernel": 2}, (2, 2, 4, 5, 6)),
    ("ConvTranspose2d", {"inputs": 4, "outputs": 6, "kernel": 3, "stride": 2, "padding": 1}, (2, 4, 5, 6)),
    ("RNN", {"inputs": 4, "hidden": 5}, (2, 3, 4)),
    ("GRU", {"inputs": 128, "hidden": 256, "layers": 2}, (2, 3, 128)),
    ("GRU", {"inputs": 4, "hidden": 5, "bidirectional": True, "layers": 2}, (2, 3, 4)),
    ("LSTM", {"inputs": 4, "hidden": 5}, (2, 3, 4)),
    ("LSTM", {"inputs": 4, "hidden": 5, "bias": False}, (2, 3, 4)),
]
#: sizes that cannot be
WRONG = [
    ("Linear", {"inputs": 0, "outputs": 4}),
    ("GroupNorm", {"groups": 4, "dim": 6}),
    ("Conv2d", {"inputs": 3, "outputs": 4, "kernel": 3, "groups": 2}),
    ("Conv2d", {"inputs": 3, "outputs": 4, "kernel": 3, "stride": 0}),
    ("Conv2d", {"inputs": 3, "outputs": 4, "kernel": (3, 3, 3)}),
]
NAMES = {"torch": torch, "nn": nn, "F": F, "math": math}
IDS = [f"{name}-{number}" for number, (name, _, _) in enumerate(CASES)]


def lifted(value: object) -> Value:
    match value:
        case bool():
            return value
        case int():
            return sizes.size(value)
        case float():
            return Real(value, sizes.literal(value))
        case tuple():
            return tuple(lifted(each) for each in value)
    raise TypeError(value)


def arguments(name: str, given: dict[str, object]) -> dict[str, Value]:
    usual = {param.name: param.default for param in LAYERS[name].params if not param.required}
    return {key: lifted(value) for key, value in {**usual, **given}.items()}


def run(expr: py.Expr, names: dict[str, object]) -> object:
    return eval(py.one_line(expr), {**NAMES, **names})


def example(name: str, shape: tuple[int, ...], given: dict[str, object]) -> torch.Tensor:
    torch.manual_seed(0)
    return torch.randint(0, int(str(given["rows"])), shape) if name == "Embedding" else torch.randn(shape)


def input_type(name: str, shape: tuple[int, ...]) -> Tensor:
    return Tensor("int" if name == "Embedding" else "float", tuple(map(sizes.size, shape)))


@pytest.mark.parametrize(("name", "given", "shape"), CASES, ids=IDS)
def test_against_torch(name: str, given: dict[str, object], shape: tuple[int, ...]) -> None:
    layer, args, cx = LAYERS[name], arguments(name, given), py.CodeContext()
    module = run(layer.module(args, cx), {})
    assert isinstance(module, nn.Module)
    x = example(name, shape, given)
    y = run(layer.call(py.Name("module"), (py.Name("x"),), args, cx), {"module": module, "x": x})

    specs = layer.weights(args)
    assert {spec.name for spec in specs} == set(dict(module.named_parameters()))
    for spec in specs:
        assert math.prod(spec.shape) == module.get_parameter(spec.name).numel(), spec.name
    assert {spec.name for spec in layer.buffers(args)} == set(dict(module.named_buffers()))

    result = layer.result(args, (input_type(name, shape),))
    assert isinstance(result, Tensor) and tuple(size.value for size in result.dims) == tuple(y.shape)

    weights: dict[str, py.Expr | None] = {spec.name: py.Name(spec.name) for spec in specs}
    again = run(layer.functional((py.Name("x"),), weights, args, cx), {"x": x, **dict(module.named_parameters())})
    assert torch.allclose(y, again, atol=1e-6)


@pytest.mark.parametrize(("name", "given", "shape"), CASES, ids=IDS)
def test_flops(name: str, given: dict[str, object], shape: tuple[int, ...]) -> None:
    """As torch counts them on the meta device; recurrent layers, which it does not count there, by the formula."""
    layer, args = LAYERS[name], arguments(name, given)
    module = run(layer.module(args, py.CodeContext()), {})
    assert isinstance(module, nn.Module)
    ins = (input_type(name, shape),)
    flops = layer.flops(args, ins, layer.result(args, ins)).value
    if name in ("RNN", "GRU", "LSTM"):
        matrices = sum(p.numel() for key, p in module.named_parameters() if "weight" in key)
        assert flops == 2 * shape[0] * shape[1] * matrices
        return
    x = example(name, shape, given)
    call = py.one_line(layer.call(py.Name("module"), (py.Name("x"),), args, py.CodeContext()))
    with FlopCounterMode(display=False) as counter:
        eval(call, {"module": module.to("meta"), "x": x.to("meta")})
    assert flops == counter.get_total_flops()


@pytest.mark.parametrize(("name", "given"), WRONG)
def test_sizes_that_cannot_be(name: str, given: dict[str, object]) -> None:
    assert LAYERS[name].check(arguments(name, given))


def test_every_layer_has_a_case_and_a_page() -> None:
    assert {name for name, _, _ in CASES} == set(LAYERS)
    page = layers_markdown()
    for name, layer in LAYERS.items():
        assert layer.doc and f"### {name}" in page


def test_counts_of_the_books() -> None:
    def count(name: str, given: dict[str, object]) -> int:
        return sum(math.prod(spec.shape) for spec in LAYERS[name].weights(arguments(name, given)))

    assert count("Conv2d", {"inputs": 3, "outputs": 64, "kernel": 3}) == 1_792
    assert count("GRU", {"inputs": 128, "hidden": 256, "layers": 2}) == 691_200
    assert count("LSTM", {"inputs": 512, "hidden": 512, "layers": 4}) == 8_404_992
