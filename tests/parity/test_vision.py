"""Generated vision modules against Hugging Face's own classes with random weights: outputs and every gradient."""

from __future__ import annotations

import pytest
import torch
import transformers
from torch import Tensor, nn

from tests.parity.names import copy, copy_statistics, gradients_agree, read, statistics_agree
from tests.parity.test_transformers import DTYPES, TOLERANCE, agree, build, in_double, reference

BATCH, CLASSES = 3, 5


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(7)


def pictures(height: int, width: int, dtype: torch.dtype) -> Tensor:
    return torch.randn(BATCH, 3, height, width, dtype=dtype)


def same(ours: nn.Module, theirs: nn.Module, spec: str, x: Tensor, training: bool = False) -> None:
    """The reference's weights and statistics in ours; then logits, gradients and statistics agree."""
    names, dtype = read(spec), x.dtype
    for module in theirs.modules():
        if isinstance(module, nn.Conv2d):  # so that pictures still differ behind the last layer
            nn.init.kaiming_normal_(module.weight)
    copy(ours, theirs, names, int)
    copy_statistics(ours, theirs, names)
    ours.train(training)
    theirs.train(training)
    logits = theirs(x).logits
    assert (logits.std(dim=0) > 0.01).all()
    agree((ours(x),), (logits,), dtype)
    gradients_agree(ours, theirs, names, int, TOLERANCE[dtype])
    statistics_agree(ours, theirs, names, TOLERANCE[dtype])


@DTYPES
@pytest.mark.parametrize("training", [False, True], ids=["eval", "training"])
@pytest.mark.parametrize("kind", ["basic", "bottleneck"])
def test_resnet(kind: str, training: bool, dtype: torch.dtype) -> None:
    depths, deep = [2, 3, 1, 2], kind == "bottleneck"
    widths = [8 * 2**stage * (4 if deep else 1) for stage in range(4)]
    config = transformers.ResNetConfig(
        embedding_size=8, hidden_sizes=widths, depths=depths, layer_type=kind, num_labels=CLASSES
    )
    theirs = reference(config, transformers.ResNetForImageClassification, dtype)
    name = "ResNet50" if deep else "ResNet18"
    ours = build("vision/resnet", name, dtype, depths=depths, width=8, classes=CLASSES)
    same(ours, theirs, "vision/resnet", pictures(70, 64, dtype), training)


@DTYPES
def test_mobilenet(dtype: torch.dtype) -> None:
    """Half the widths, rounded as the reference rounds them."""
    config = transformers.MobileNetV2Config(
        depth_multiplier=0.5, finegrained_output=False, tf_padding=False, num_labels=CLASSES
    )
    theirs = reference(config, transformers.MobileNetV2ForImageClassification, dtype)
    net = theirs.mobilenet_v2
    stem = net.conv_stem.first_conv.convolution.out_channels
    narrow = [net.conv_stem.reduce_1x1, *(each.reduce_1x1 for each in net.layer)]
    widths = [stem, *(each.convolution.out_channels for each in narrow)]
    last = net.conv_1x1.convolution.out_channels
    sizes = {"widths": widths, "halved": [1, 3, 6, 13], "last": last, "classes": CLASSES}
    ours = build("vision/mobilenet", "MobileNetV2Small", dtype, **sizes)
    same(ours, theirs, "vision/mobilenet", pictures(64, 70, dtype))


@DTYPES
def test_convnext(dtype: torch.dtype) -> None:
    depths = [2, 1, 3, 1]
    config = transformers.ConvNextConfig(hidden_sizes=[8, 16, 32, 64], depths=depths, num_labels=CLASSES)
    theirs = reference(config, transformers.ConvNextForImageClassification, dtype)
    ours = build("vision/convnext", "ConvNextTiny", dtype, depths=depths, dim=8, classes=CLASSES)
    same(ours, theirs, "vision/convnext", pictures(64, 96, dtype))


def vit_config() -> transformers.ViTConfig:
    return transformers.ViTConfig(
        hidden_size=32, num_hidden_layers=3, num_attention_heads=4, intermediate_size=128, image_size=12,
        patch_size=4, num_labels=CLASSES, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    )  # fmt: skip


@DTYPES
def test_vit(dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    in_double(monkeypatch, "vit", dtype)
    theirs = reference(vit_config(), transformers.ViTForImageClassification, dtype)
    ours = build("vision/vit", "VitBase", dtype, dim=32, depth=3, heads=4, side=12, patch=4, classes=CLASSES)
    same(ours, theirs, "vision/vit", pictures(12, 12, dtype))


@DTYPES
def test_vit_of_one_layer(dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reference's layers are made one by hand."""
    in_double(monkeypatch, "vit", dtype)
    theirs = reference(vit_config(), transformers.ViTModel, dtype)
    layers = theirs.layers
    for index in range(1, len(layers)):
        layers[index] = layers[0]
    ours = build("vision/vit", "VitBaseOne", dtype, dim=32, depth=3, heads=4, side=12, patch=4)
    names = read("vision/vit")
    copy(ours, theirs, names, int)
    x = pictures(12, 12, dtype)
    wanted = theirs(x)
    agree(ours(x), (wanted.last_hidden_state, wanted.pooler_output), dtype)
    gradients_agree(ours, theirs, names, int, TOLERANCE[dtype])
