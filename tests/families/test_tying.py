"""Weight tying: which tensor is read where, what that computes, and that training can begin from it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import sharedsl
from tests.compiled import SPECS


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(5)


def module(spec: str, name: str, **sizes: object) -> Any:
    return sharedsl.load(SPECS / f"{spec}.sdsl")[name].module(**sizes)


def names(made: nn.Module) -> set[str]:
    return {name for name, _ in made.named_parameters()}


# ---------------------------------------------------------------- transposed autoencoder

WIDTHS = [12, 9, 7, 4]


def test_mirrored_autoencoder_by_hand() -> None:
    """Decoder layer k reads encoder layer L - 1 - k, transposed, and has a bias of its own."""
    made = module("autoencoder/tied", "TiedAutoencoderDeep", widths=WIDTHS).double()
    values = {name: value.detach().numpy() for name, value in made.named_parameters()}
    assert set(values) == {f"encoder.{i}.{part}" for i in range(3) for part in ("weight", "bias")} | {
        f"decoder.{i}.bias" for i in range(3)
    }
    x = torch.randn(5, 12, dtype=torch.float64)
    y = x.numpy()
    for i in range(3):
        y = np.maximum(y @ values[f"encoder.{i}.weight"].T + values[f"encoder.{i}.bias"], 0)
    for i in range(3):
        y = y @ values[f"encoder.{2 - i}.weight"] + values[f"decoder.{i}.bias"]
        y = y if i == 2 else np.maximum(y, 0)
    assert np.abs(made(x).detach().numpy() - y).max() < 1e-12


def test_gradient_of_a_mirrored_weight_is_the_sum_of_both_uses() -> None:
    made = module("autoencoder/tied", "TiedAutoencoderDeep", widths=WIDTHS).double()
    x = torch.randn(5, 12, dtype=torch.float64)
    made(x).square().sum().backward()
    weights = [layer.weight.detach() for layer in made.encoder]
    encoder = [weight.clone().requires_grad_() for weight in weights]
    decoder = [weight.T.clone().requires_grad_() for weight in reversed(weights)]
    y = x
    for weight, layer in zip(encoder, made.encoder, strict=True):
        y = torch.relu(nn.functional.linear(y, weight, layer.bias))
    biases = [made.get_parameter(f"decoder.{i}.bias") for i in range(3)]
    for i, (weight, bias) in enumerate(zip(decoder, biases, strict=True)):
        y = nn.functional.linear(y, weight, bias)
        y = y if i == 2 else torch.relu(y)
    y.square().sum().backward()
    for one, other, layer in zip(encoder, reversed(decoder), made.encoder, strict=True):
        assert one.grad is not None and other.grad is not None
        assert torch.allclose(layer.weight.grad, one.grad + other.grad.T, rtol=1e-10, atol=1e-12)


# ---------------------------------------------------------------- where training begins


def first_loss(made: nn.Module, vocab: int, *rest: Tensor) -> float:
    ids = torch.randint(0, vocab, (4, 16))
    with torch.no_grad():
        logits = made(ids, *rest)
        return float(nn.functional.cross_entropy(logits.flatten(0, -2), torch.randint(0, vocab, (64,))))


@pytest.mark.parametrize(
    ("spec", "name", "sizes"),
    [
        ("tying/ptb_lstm", "PtbMedium", {"dim": 64}),
        ("tying/scaled", "ScaledTied", {"dim": 64, "depth": 2}),
        ("tying/scaled", "ScaledSliceTied", {"dim": 64, "depth": 2}),
        ("tying/mobilebert", "MobileBertMaskedLm", {"dim": 64, "embed_dim": 16, "inner": 16, "depth": 2, "ff": 32}),
        ("language/gpt2", "Gpt2Small", {"dim": 64, "depth": 2}),
        ("encoder/albert_lm", "AlbertMaskedLm", {"dim": 64, "embed_dim": 16, "depth": 2}),
    ],
)
def test_tied_heads_begin_at_chance(spec: str, name: str, sizes: dict[str, int]) -> None:
    vocab, heads = 2000, {} if "ptb" in spec else {"heads": 2}
    assert abs(first_loss(module(spec, name, vocab=vocab, **heads, **sizes), vocab) - math.log(vocab)) < 1


@pytest.mark.parametrize(("name", "near"), [("T5Small", True), ("T5SmallUnscaled", False)])
def test_a_table_of_large_numbers_needs_the_scale(name: str, near: bool) -> None:
    """Why T5's head reads dim ** -0.5 times the table: its numbers are N(0, 1)."""
    made = module("encoder_decoder/t5", name, vocab=2000, dim=64, depth=2, heads=2, head_dim=16, ff=64)
    loss = first_loss(made, 2000, torch.randint(0, 2000, (4, 16)))
    assert (abs(loss - math.log(2000)) < 1) == near and (near or loss > 2 * math.log(2000))


# ---------------------------------------------------------------- scaled and partly scaled


def test_inputs_read_the_head_times_the_root_of_the_width() -> None:
    made = module("tying/scaled", "ScaledTied", vocab=61, dim=16, depth=1, heads=2).double()
    assert "embed.weight" not in names(made)
    ids, seen = torch.randint(0, 61, (3, 7)), []
    made.layers[0].register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    made(ids)
    places = torch.arange(7, dtype=torch.float64)[:, None] * 10000.0 ** (-torch.arange(0, 16, 2) / 16).double()
    signal = torch.stack([places.sin(), places.cos()], -1).flatten(1)
    assert torch.allclose(seen[0], 4.0 * made.head.weight[ids] + signal, atol=1e-6)


def test_only_a_slice_of_the_inputs_is_the_heads() -> None:
    made = module("tying/scaled", "ScaledSliceTied", vocab=61).double()
    own, head = made.embed.weight, made.head.weight
    assert own.shape == (61, 384) and head.shape == (61, 512)
    ids, seen = torch.randint(0, 61, (3, 7)), []
    made.layers[0].register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    made(ids)
    signal = seen[0] - torch.cat([512**0.5 * head[:, :128], own], dim=1)[ids]
    assert torch.allclose(signal, signal[:1].expand(3, -1, -1), atol=1e-12)


# ---------------------------------------------------------------- adaptive inputs and softmax

CUTS = [10, 20, 40]


def adaptive() -> Any:
    made = module("tying/adaptive", "AdaptiveTied", cuts=CUTS, dim=16, depth=1, heads=2, div=2).double()
    for value in made.parameters():
        nn.init.normal_(value)
    return made


def test_clusters_are_tied() -> None:
    """One table a cluster, one projection a cluster; the head's rows for clusters are its own."""
    made = adaptive()
    shapes = {name: tuple(value.shape) for name, value in made.named_parameters() if not name.startswith("layers.")}
    shapes = {name: shape for name, shape in shapes.items() if not name.startswith("norm")}
    assert shapes == {
        "embed.first.weight": (10, 16), "embed.rest.0.weight": (10, 8), "embed.rest.1.weight": (20, 4),
        "embed.up.0.weight": (16, 8), "embed.up.1.weight": (16, 4), "head.head.weight": (2, 16),
    }  # fmt: skip


def test_adaptive_inputs_by_hand() -> None:
    made = adaptive()
    ids = torch.arange(40).reshape(4, 10)
    first, up = made.embed.first.weight, [each.weight for each in made.embed.up]
    rest = [each.weight for each in made.embed.rest]
    wanted = torch.cat([first, rest[0] @ up[0].T, rest[1] @ up[1].T])[ids]
    assert torch.allclose(made.embed(ids), wanted, atol=1e-12)


def test_tied_adaptive_softmax_is_torchs_with_the_inputs_weights() -> None:
    made = adaptive()
    theirs = nn.AdaptiveLogSoftmaxWithLoss(16, 40, CUTS[:-1], div_value=2).double()
    with torch.no_grad():
        theirs.head.weight.copy_(torch.cat([made.embed.first.weight, made.get_parameter("head.head.weight")]))
        for i, tail in enumerate(theirs.tail):
            tail[0].weight.copy_(made.embed.up[i].weight.T)
            tail[1].weight.copy_(made.embed.rest[i].weight)
    ids, seen = torch.randint(0, 40, (3, 7)), []
    made.norm.register_forward_hook(lambda _, __, out: seen.append(out))
    found = made(ids)
    assert torch.allclose(found.flatten(0, 1), theirs.log_prob(seen[0].flatten(0, 1)), atol=1e-10)
    loss = theirs(seen[0].flatten(0, 1), ids.flatten()).loss
    assert torch.allclose(nn.functional.nll_loss(found.flatten(0, 1), ids.flatten()), loss, atol=1e-10)


# ---------------------------------------------------------------- one table for many languages, two models


def test_a_text_trains_the_table_and_the_adapters_of_its_language() -> None:
    made = module("multitask/adapters", "XmodBase", vocab=61, dim=16, depth=2, heads=2, languages=3, max_len=24)
    hidden, _ = made(torch.randint(0, 61, (2, 5)), torch.tensor([1, 1]))
    hidden.square().sum().backward()
    moved = {name for name, value in made.named_parameters() if value.grad is not None and value.grad.any()}
    trained = {name for name in moved if ".adapters." in name}
    assert trained == {f"layers.{i}.adapters.1.{part}.{kind}" for i in range(2) for part in ("up", "down")
                       for kind in ("weight", "bias")}  # fmt: skip
    assert "embed.weight" in moved
    assert sum(tuple(value.shape) == (61, 16) for value in made.parameters()) == 1


def test_one_adapter_a_language_for_all_layers() -> None:
    sizes = {"vocab": 61, "dim": 16, "depth": 3, "heads": 2, "languages": 2, "max_len": 24}
    found = {name for name in names(module("multitask/adapters", "XmodOneAdapter", **sizes)) if ".adapters." in name}
    assert {name.split(".")[1] for name in found} == {"0"} and {name.split(".")[3] for name in found} == {"0", "1"}


def test_one_table_of_codes_across_scopes() -> None:
    """Training the narrow decoder moves the backbone's table."""
    sizes = {"text_vocab": 61, "vocab": 11, "books": 4, "dim": 16, "depth": 1, "heads": 4, "kv_heads": 2, "ff": 24}
    small = {"small_dim": 8, "small_depth": 1, "small_heads": 2, "small_kv_heads": 1, "small_ff": 12}
    made = module("tying/csm", "Csm1B", **sizes, **small)
    assert "codes.weight" in names(made) and "small_codes.weight" not in names(made)
    frames = torch.zeros(1, 1, 4, dtype=torch.int64)
    frames[0, 0] = torch.tensor([3, 5, 7, 9])
    _, others = made(torch.randint(0, 61, (1, 2)), frames)
    others.square().sum().backward()
    rows = made.get_parameter("codes.weight").grad.abs().sum(1).nonzero().flatten().tolist()
    assert rows == [3, 11 + 5, 22 + 7]  # the last code of a frame is only said
