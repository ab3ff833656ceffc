"""The oracle's primitive layers against torch's modules, outputs and gradients."""

import pytest
import torch
from torch import nn

from sharedsl.model.sites import Axis, Init, WeightSpec
from sharedsl.model.sizes import size
from sharedsl.model.tree import Unit
from sharedsl.runtime.primitives import apply_primitive
from sharedsl.runtime.shaping import OutOfRange

CONV = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1}
RNN = {"layers": 1, "bidirectional": False}
CASES = {
    "Linear": (nn.Linear(5, 3), {}, (2, 4, 5)),
    "Linear-plain": (nn.Linear(5, 3, bias=False), {}, (2, 5)),
    "LayerNorm": (nn.LayerNorm(6, eps=1e-3), {"eps": 1e-3}, (2, 3, 6)),
    "RMSNorm": (nn.RMSNorm(6, eps=1e-3), {"eps": 1e-3}, (2, 3, 6)),
    "GroupNorm": (nn.GroupNorm(2, 6), {"eps": 1e-5, "groups": 2}, (2, 6, 4, 3)),
    "BatchNorm1d": (nn.BatchNorm1d(6), {"eps": 1e-5, "momentum": 0.1}, (4, 6)),
    "BatchNorm2d": (nn.BatchNorm2d(6), {"eps": 1e-5, "momentum": 0.1}, (4, 6, 3, 2)),
    "Conv1d": (nn.Conv1d(4, 6, 3, stride=2, padding=1), CONV | {"stride": 2, "padding": 1}, (2, 4, 9)),
    "Conv2d": (nn.Conv2d(4, 6, 3, dilation=2, groups=2), CONV | {"dilation": 2, "groups": 2}, (2, 4, 8, 7)),
    "Conv2d-same": (nn.Conv2d(4, 6, (3, 2), padding="same"), CONV | {"padding": "same"}, (2, 4, 5, 7)),
    "Conv3d": (nn.Conv3d(2, 3, 2, bias=False), CONV, (1, 2, 3, 4, 3)),
    "ConvTranspose2d": (
        nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2, dilation=2),
        {"stride": 2, "padding": 1, "output_padding": 1, "groups": 2, "dilation": 2},
        (2, 4, 5, 3),
    ),
    "GRU": (nn.GRU(3, 5, 2, batch_first=True), RNN | {"layers": 2}, (2, 4, 3)),
    "GRU-both": (
        nn.GRU(3, 5, 2, batch_first=True, bidirectional=True),
        {"layers": 2, "bidirectional": True},
        (2, 4, 3),
    ),
    "LSTM": (nn.LSTM(3, 5, 2, batch_first=True, bias=False), RNN | {"layers": 2}, (2, 4, 3)),
    "RNN": (nn.RNN(3, 5, batch_first=True), RNN, (2, 4, 3)),
}


def unit(name, module):
    """Weights with the sides that the language gives them."""
    specs = {}
    for each, tensor in module.named_parameters():
        sides = ["out", "in"] if name == "Linear" and each == "weight" else ["out"] * tensor.ndim
        axes = tuple(Axis(size(length), None, side) for length, side in zip(tensor.shape, sides, strict=True))
        specs[each] = WeightSpec(each, axes, Init("zeros"))
    return Unit(name, "primitive", {}, weights=specs)


@pytest.mark.filterwarnings("ignore:Using padding")
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_against_torch(case, training):
    module, arguments, shape = CASES[case]
    name = case.partition("-")[0]
    torch.manual_seed(1)
    module = module.double().train(training)
    for each in (*module.parameters(), *module.buffers()):
        if each.is_floating_point():
            each.data.copy_(torch.rand_like(each) + 0.1)
    x = torch.randn(*shape, dtype=torch.float64)
    buffers = {key: value.clone() for key, value in module.named_buffers()}
    want = module(x)
    want = want[0] if isinstance(want, tuple) else want
    weights = {key: value.detach().clone().requires_grad_() for key, value in module.named_parameters()}
    got = apply_primitive(unit(name, module), arguments, weights, buffers, [x], training)
    torch.testing.assert_close(got, want)
    noise = torch.randn_like(want)
    (want * noise).sum().backward()
    (got * noise).sum().backward()
    for key, value in module.named_parameters():
        torch.testing.assert_close(weights[key].grad, value.grad)
        value.grad = None


def test_linear_with_several_axes_on_both_sides():
    axes = tuple(Axis(size(length), None, side) for length, side in ((2, "out"), (3, "out"), (4, "in"), (5, "in")))
    made = Unit("Linear", "primitive", {}, weights={"weight": WeightSpec("weight", axes, Init("zeros"))})
    weight, x = torch.randn(2, 3, 4, 5), torch.randn(7, 4, 5)
    got = apply_primitive(made, {}, {"weight": weight}, {}, [x], False)
    torch.testing.assert_close(got, torch.einsum("abcd,ncd->nab", weight, x))


def test_embedding_looks_up_and_refuses():
    made = Unit("Embedding", "primitive", {})
    table = torch.randn(5, 3)
    index = torch.tensor([[0, 4], [2, 2]])
    assert torch.equal(apply_primitive(made, {}, {"weight": table}, {}, [index], False), table[index])
    with pytest.raises(OutOfRange):
        apply_primitive(made, {}, {"weight": table}, {}, [index + 1], False)
