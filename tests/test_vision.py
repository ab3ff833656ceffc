"""What the vision specs claim beside their counts: equivariance, which kernels are one, what stays private."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import sharedsl
from sharedsl.model.sites import key
from sharedsl.model.weights import Storage
from tests.compiled import SPECS, compiled, source


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(3)


def module(spec: str, name: str, **sizes: object) -> nn.Module:
    """A build in float64, with weights, statistics and biases that are all different."""
    made = sharedsl.load(str(SPECS / f"vision/{spec}.sdsl"))[name].module(**sizes).double().eval()
    with torch.no_grad():
        for key, value in [*made.named_parameters(), *made.named_buffers()]:
            if value.dim() > 1:  # so that pictures still differ behind the last layer
                value.normal_(std=(2 / value[0].numel()) ** 0.5)
            elif value.is_floating_point():
                value.add_(torch.rand_like(value) if "var" in key else 0.1 * torch.randn_like(value))
    return made


def storages(spec: str, name: str) -> dict[str, Storage]:
    path = SPECS / f"vision/{spec}.sdsl"
    found = compiled(path.read_text(), name, str(path)).solved.storages
    return {f"{key(each.owner)}.{each.name}": each for each in found}


def turned(x: Tensor, times: int) -> Tensor:
    return torch.rot90(x, times, (-2, -1))


def test_turned_filters_give_the_same_classes() -> None:
    net = module("rotations", "P4Cnn", dim=3)
    x = torch.randn(2, 1, 28, 28, dtype=torch.float64)
    wanted = net(x)
    for times in range(1, 4):
        assert (net(turned(x, times)) - wanted).abs().max() <= 1e-10
    assert (net(x.flip(-1)) - wanted).abs().max() > 1e-3


def test_turned_layers_turn_with_the_picture() -> None:
    """Turning the input turns each picture of the result and moves it on along the axis of the turns."""
    net = module("rotations", "P4Cnn", dim=3)
    x = torch.randn(2, 1, 12, 12, dtype=torch.float64)
    plain, lifted = net.lift(x), net.lift(turned(x, 1))
    assert (lifted - turned(plain, 1).roll(1, 2)).abs().max() <= 1e-10
    assert (lifted - turned(plain, 1)).abs().max() > 1e-3
    deeper, moved = net.convs[0](plain), net.convs[0](lifted)
    assert (moved - turned(deeper, 1).roll(1, 2)).abs().max() <= 1e-10


def test_filters_of_p4cnn() -> None:
    found = storages("rotations", "P4Cnn")
    sizes = dict.fromkeys(("filters", "bias", "norm"), 0)
    for name, each in found.items():
        kind = "norm" if ".norm." in name else name.rsplit(".", 1)[-1]
        sizes[kind] += torch.Size(each.shape).numel()
    assert sizes == {"filters": 24_490, "bias": 70, "norm": 120}


def test_plain_net_sees_turns() -> None:
    net = module("rotations", "Z2Cnn", dim=4)
    x = torch.randn(2, 1, 28, 28, dtype=torch.float64)
    assert (net(turned(x, 1)) - net(x)).abs().max() > 1e-3


def test_turned_banks_by_plan() -> None:
    x = torch.randn(2, 1, 9, 9, dtype=torch.float64)
    tied, free = (module("rotations", name, dim=3) for name in ("FourTurnedBanks", "FourFreeBanks"))
    assert (tied(turned(x, 1)) - tied(x)).abs().max() <= 1e-12
    assert (free(turned(x, 1)) - free(x)).abs().max() > 1e-4


@pytest.mark.parametrize(("name", "banks"), [("GroupedOneBank", 1), ("GroupedTwoBanks", 2), ("GroupedFilters", 4)])
def test_groups_read_the_same_filters(name: str, banks: int) -> None:
    net = module("grouped", name, dim=8, groups=4)
    filters = net.conv.filters.detach()
    assert filters.shape == (banks, 2, 2, 3, 3)
    x = torch.randn(2, 8, 6, 6, dtype=torch.float64)
    wanted = torch.cat(
        [F.conv2d(part, filters[group * banks // 4], padding=1) for group, part in enumerate(x.chunk(4, dim=1))], dim=1
    )
    assert (net(x) - wanted).abs().max() <= 1e-12


def test_grouped_filters_start_within_their_inputs() -> None:
    """A filter's fan-in is its own group's inputs."""
    torch.manual_seed(0)
    filters = sharedsl.load(str(SPECS / "vision/grouped.sdsl"))["GroupedFilters"].module().conv.filters
    assert 0.95 * (32 * 9) ** -0.5 < float(filters.detach().abs().max()) <= (32 * 9) ** -0.5


def test_one_kernel_at_every_rate() -> None:
    net = module("atrous", "OneKernelSegmenter", dim=4, classes=3, rates=[1, 2, 3])
    kernels = [name for name, each in net.pyramid.named_parameters() if each.dim() == 4 and each.shape[-1] == 3]
    assert len(kernels) == 1
    x = torch.randn(2, 4, 9, 9, dtype=torch.float64)
    kernel = net.pyramid.get_parameter(kernels[0])
    parts = [
        F.relu(norm(F.conv2d(x, kernel, padding=rate, dilation=rate)))
        for rate, norm in zip([1, 2, 3], net.pyramid.norms, strict=True)
    ]
    assert (net.pyramid(x) - net.pyramid.fuse(torch.cat(parts, dim=1))).abs().max() <= 1e-12


@pytest.mark.parametrize(
    ("name", "owners"),
    [
        ("ShaResNet34", {"stage1": 0, "stage2": 0, "stage3": 0, "stage4": 0}),
        ("ShaResNet50", {"stage1": 0, "stage2": 1, "stage3": 1, "stage4": 1}),
        ("ShaResNet152", {"stage1": 0, "stage2": 1, "stage3": 1, "stage4": 1}),
    ],
)
def test_a_stage_has_one_kernel_and_norms_of_its_own(name: str, owners: dict[str, int]) -> None:
    found = storages("resnet", name)
    depths = {"ShaResNet152": [3, 8, 36, 3]}.get(name, [3, 4, 6, 3])
    for (stage, owner), depth in zip(owners.items(), depths, strict=True):
        kernels = {key for key in found if key.startswith(f"{stage}.") and key.endswith(".conv2.weight")}
        assert kernels == {f"{stage}.{index}.conv2.weight" for index in range(owner + 1)}
        assert all(f"{stage}.{index}.norm2.weight" in found for index in range(depth))


def test_coefficients_of_soft_sharing_do_not_decay() -> None:
    found = storages("wide_resnet", "SWRN28_10K2")
    mixes = [each for name, each in found.items() if name.endswith("weight_mix")]
    banks = [each for name, each in found.items() if name.endswith("weight_bank")]
    assert len(mixes) == 18 and all(each.no_decay and each.shape == (2,) for each in mixes)
    assert [each.shape for each in banks] == [(2, width, width, 3, 3) for width in (160, 320, 640)]
    assert not any(each.no_decay for each in banks)


@pytest.mark.parametrize(
    ("spec", "name", "sizes", "marked"),
    [
        ("wide_resnet", "SWRN28_10K2", {"widen": 2, "base": 4}, 18),
        ("template_bank", "OrthogonalBankNet", {"width": 4}, 2),
    ],
)
def test_an_optimizer_is_told_what_must_not_decay(spec: str, name: str, sizes: dict[str, int], marked: int) -> None:
    """The emitted module hands out its parameters in two groups; decay alone moves all but the coefficients."""
    net = module(spec, name, **sizes)
    decays, rests = net.parameter_groups(0.1)  # type: ignore[operator]
    assert (decays["weight_decay"], rests["weight_decay"], len(rests["params"])) == (0.1, 0.0, marked)
    assert {id(each) for group in (decays, rests) for each in group["params"]} == {id(p) for p in net.parameters()}
    before = {key: each.detach().clone() for key, each in net.named_parameters()}
    for each in net.parameters():
        each.grad = torch.zeros_like(each)
    torch.optim.SGD([decays, rests], lr=1.0).step()
    still = {key for key, each in net.named_parameters() if torch.equal(each, before[key])}
    assert len(still) == marked and all("mix" in key for key in still)


def test_coefficients_begin_orthogonal() -> None:
    """The rows of a stage's matrix are its kernels' coefficients, in order."""
    net = sharedsl.load(str(SPECS / "vision/template_bank.sdsl"))["OrthogonalBankNet"].module(width=4)
    mixes = net.mixes1.detach()
    assert mixes.shape == (8, 3) and torch.allclose(mixes.T @ mixes, torch.eye(3), atol=1e-6)
    bank = next(each.detach() for key, each in net.named_parameters() if key == "stage1.0.conv1.weight_bank")
    x, seen = torch.randn(1, 3, 8, 8), []
    net.eval()
    for norm in (net.stage1[2].norm1, net.stage1[2].norm2):
        norm.register_forward_hook(lambda _, args, out: seen.append((args[0], out)))
    net(x)
    kernel = torch.einsum("k,koihw->oihw", mixes[4], bank)
    assert torch.allclose(seen[1][0], F.conv2d(F.relu(seen[0][1]), kernel, padding=1), atol=1e-5)


def test_equal_coefficients_are_one_layer() -> None:
    """Savarese & Maire's loops: blocks that mix alike compute alike."""
    net = module("wide_resnet", "SWRN28_10K2", depth=3, widen=2, base=4, classes=5)
    with torch.no_grad():
        for name, each in net.stage1[2].named_parameters():
            each.copy_(net.stage1[1].get_parameter(name))
        for mine, other in zip(net.stage1[2].buffers(), net.stage1[1].buffers(), strict=True):
            mine.copy_(other)
    x = torch.randn(2, 8, 5, 5, dtype=torch.float64)
    bank = net.stage1[1].conv1()
    assert torch.equal(net.stage1[2](x, bank), net.stage1[1](x))


def test_siamese_towers_agree_and_keep_their_statistics() -> None:
    net = module("siamese", "SiameseTowers", width=4, depth=2, code=6)
    a, b = (torch.randn(3, 3, 8, 8, dtype=torch.float64) for _ in range(2))
    for mine, other in zip(net.right.buffers(), net.left.buffers(), strict=True):
        mine.copy_(other)
    assert (net(a, b) - net(b, a)).abs().max() <= 1e-12
    assert (net(a, a) - 1).abs().max() <= 1e-12
    net.train()(a, 5 + b)
    assert (net.right.norm.running_mean - net.left.norm.running_mean).abs().max() > 1e-3


def test_own_norms_of_two_towers() -> None:
    shared, own = storages("siamese", "SiameseTowers"), storages("siamese", "SiameseOwnNorms")
    assert not any(name.startswith("right.") for name in shared)
    assert {name for name in own if name.startswith("right.")} == {
        f"right.{norm}.{part}"
        for norm in ["norm", *(f"blocks.{block}.norm{one}" for block in range(4) for one in (1, 2))]
        for part in ("weight", "bias")
    }


@pytest.mark.parametrize(
    ("spec", "name", "block", "classes"),
    [
        ("mobilenet", "MobileNetV2Small", "InvertedResidual", 3),
        ("resnet", "ResNet152", "Bottleneck", 2),
        ("resnet", "ResNet34", "BasicBlock", 2),
        ("convnext", "ConvNextTiny", "ConvNextBlock", 1),
    ],
)
def test_blocks_of_several_widths_are_one_class(spec: str, name: str, block: str, classes: int) -> None:
    """Widths and strides are arguments: only another way through a block makes another class."""
    path = SPECS / f"vision/{spec}.sdsl"
    text = source(compiled(path.read_text(), name, str(path)))
    assert text.count(f"\nclass {block}") == classes
