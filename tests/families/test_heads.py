"""Heads that share: which rows are one, what the attention computes with them, and what is computed once."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import sharedsl
from sharedsl.model.sites import key
from sharedsl.model.weights import storages_of
from tests.compiled import SPECS, compiled


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(11)


def module(spec: str, name: str, **sizes: object) -> Any:
    made = sharedsl.load(SPECS / f"{spec}.sdsl")[name].module(**sizes).double().eval()
    with torch.no_grad():
        for each in made.parameters():
            each.add_(0.2 * torch.randn_like(each))
    return made


def rotated(x: Tensor, base: float = 10000.0) -> Tensor:
    """Rotary positions over [batch, length, heads, head_dim], the halves of a head being its pairs."""
    half = x.shape[-1] // 2
    angle = torch.arange(x.shape[1], dtype=x.dtype)[:, None] * base ** (-torch.arange(half, dtype=x.dtype) / half)
    cos, sin = angle.cos()[:, None], angle.sin()[:, None]
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)


def causal(queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """Attention by its definition, [batch, length, heads, head_dim]."""
    scores = torch.einsum("bthd,bmhd->bhtm", queries, keys) / queries.shape[-1] ** 0.5
    hidden = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
    return torch.einsum("bhtm,bmhd->bthd", scores.masked_fill(hidden, -torch.inf).softmax(-1), values).flatten(-2)


# ---------------------------------------------------------------- groups of heads, keys and values

HEADS, DIM = 8, 32


@pytest.mark.parametrize(("name", "kept"), [("MultiHead", 8), ("GroupedQuery8", 2), ("MultiQuery", 1)])
def test_query_heads_read_the_head_of_their_group(name: str, kept: int) -> None:
    """Query head j reads group j // n: repeat_interleave, not tile."""
    made = module("attention/heads", name, dim=DIM, heads=HEADS)
    attn, x = made.attn, torch.randn(2, 5, DIM, dtype=torch.float64)
    assert attn.k.weight.shape == attn.v.weight.shape == (kept * DIM // HEADS, DIM)

    def split(weight: Tensor) -> Tensor:
        return F.linear(x, weight).unflatten(-1, (-1, DIM // HEADS))

    queries, times = rotated(split(attn.q.weight)), HEADS // kept
    keys, values = rotated(split(attn.k.weight)), split(attn.v.weight)
    grouped = causal(queries, keys.repeat_interleave(times, 2), values.repeat_interleave(times, 2))
    assert torch.allclose(made(x), attn.out(grouped), atol=1e-12)
    if kept == 2:
        tiled = causal(queries, keys.repeat(1, 1, times, 1), values.repeat(1, 1, times, 1))
        assert not torch.allclose(made(x), attn.out(tiled), atol=1e-3)


def test_values_are_keys_before_positions() -> None:
    made = module("attention/heads", "KeysAreValues", dim=DIM, heads=HEADS)
    attn, x = made.attn, torch.randn(2, 5, DIM, dtype=torch.float64)
    assert {name for name, _ in attn.named_parameters()} == {"q.weight", "k.weight", "out.weight"}
    queries, keys = (F.linear(x, w).unflatten(-1, (HEADS, -1)) for w in (attn.q.weight, attn.k.weight))
    assert torch.allclose(made(x), attn.out(causal(rotated(queries), rotated(keys), keys)), atol=1e-12)


def test_queries_are_keys() -> None:
    made = module("attention/heads", "QueriesAreKeys", dim=DIM, heads=HEADS)
    attn, x = made.attn, torch.randn(2, 5, DIM, dtype=torch.float64)
    both, values = (F.linear(x, w).unflatten(-1, (HEADS, -1)) for w in (attn.q.weight, attn.v.weight))
    assert torch.allclose(made(x), attn.out(causal(rotated(both), rotated(both), values)), atol=1e-12)


# ---------------------------------------------------------------- some heads in several layers


def test_the_same_heads_in_several_layers() -> None:
    """Rows 0..7 of the upper half's heads are those of layer 15; the others are private."""
    path = SPECS / "attention/heads.sdsl"
    solved = compiled(path.read_text(), "LlamaSomeHeads", str(path)).solved
    for site, read in zip(solved.sites, solved.reads, strict=True):
        here = key(site.path)
        if site.path[0].name != "layers" or not here.endswith((".q.weight", ".k.weight")):
            continue
        owners = {solved.storages[number].owner[0].index for number in storages_of(read)}
        index = site.path[0].index
        assert index is not None
        assert owners == ({15, index} if index >= 16 else {index}), here


def test_some_heads_by_hand() -> None:
    """Eight of sixteen heads of layer 2 are layer 1's: rows of two weights, end to end."""
    made = module("attention/heads", "LlamaSomeHeads", vocab=61, dim=64, depth=4, heads=16, ff=48)
    below, attn = made.layers[1].attn, made.layers[2].attn
    rows, seen = {name: tuple(each.shape) for name, each in attn.named_parameters()}, []
    assert rows == {"q.weight": (32, 64), "k.weight": (32, 64), "v.weight": (64, 64), "out.weight": (64, 64)}
    made.layers[2].norm1.register_forward_hook(lambda _, __, out: seen.append(out))
    attn.out.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    made(torch.randint(0, 61, (2, 6)))
    x, mixed = seen
    both = [torch.cat([getattr(below, each).weight[:32], getattr(attn, each).weight]) for each in ("q", "k")]
    queries, keys, values = (F.linear(x, w).unflatten(-1, (16, 4)) for w in (*both, attn.v.weight))
    assert torch.allclose(mixed, causal(rotated(queries), rotated(keys), values), atol=1e-12)


# ---------------------------------------------------------------- heads that mix


def test_collaborative_heads_by_hand() -> None:
    """One projection for all heads; head h weighs its numbers by mix[h]."""
    made = module("attention/collaborative", "CollaborativeAttention", dim=24, key_dim=7)
    attn, x = made.attn, torch.randn(2, 5, 24, dtype=torch.float64)
    assert attn.q.weight.shape == attn.k.weight.shape == (7, 24) and attn.mix.shape == (12, 7)
    queries, keys = x @ attn.q.weight.T, x @ attn.k.weight.T
    values = attn.v(x).unflatten(-1, (12, 2))
    heads = []
    for h in range(12):
        weights = (queries @ torch.diag(attn.mix[h]) @ keys.transpose(1, 2) / 2**0.5).softmax(-1)
        heads.append(weights @ values[:, :, h])
    assert torch.allclose(made(x), attn.out(torch.cat(heads, -1)), atol=1e-12)


def test_plain_heads_are_a_case_of_collaborative_ones() -> None:
    """With as many numbers as all heads have, and mixing vectors that pick each head's own."""
    made = module("attention/collaborative", "CollaborativeAttention", dim=24, key_dim=24)
    attn, x = made.attn, torch.randn(2, 5, 24, dtype=torch.float64)
    with torch.no_grad():
        attn.mix.copy_(torch.eye(12, dtype=torch.float64).repeat_interleave(2, dim=1))
    split = [F.linear(x, w).unflatten(-1, (12, 2)).transpose(1, 2) for w in (attn.q.weight, attn.k.weight)]
    plain = F.scaled_dot_product_attention(*split, attn.v(x).unflatten(-1, (12, 2)).transpose(1, 2))
    assert torch.allclose(made(x), attn.out(plain.transpose(1, 2).flatten(-2)), atol=1e-12)


MINI = {"dim": 16, "depth": 4, "heads": 2, "side": 12, "patch": 4, "classes": 5}


def test_multiplexed_layers_differ_in_norms_and_mixtures() -> None:
    names = {name for name, _ in module("vision/minivit", "MiniDeitB", **MINI).named_parameters()}
    for i in range(4):
        own = {name.removeprefix(f"layers.{i}.") for name in names if name.startswith(f"layers.{i}.")}
        private = {f"norm{n}.{part}" for n in (1, 2) for part in ("weight", "bias")} | {"attn.before", "attn.after"}
        shared = {f"{each}.{part}" for each in ("attn.q", "attn.k", "attn.v", "attn.out", "ffn.up", "ffn.down")
                  for part in ("weight", "bias")}  # fmt: skip
        assert own == (private if i % 2 else private | shared)


def test_heads_mix_before_and_after_the_softmax() -> None:
    """As MiniViT's 1x1 convolutions over the maps of the heads, conv_l and conv_w."""
    attn = module("vision/minivit", "MiniDeitB", **MINI).layers[0].attn
    x = torch.randn(2, 5, 16, dtype=torch.float64)
    q, k, v = (each(x).unflatten(-1, (2, 8)).transpose(1, 2) for each in (attn.q, attn.k, attn.v))
    maps = F.conv2d(q @ k.transpose(-2, -1) * 8**-0.5, attn.before[:, :, None, None]).softmax(-1)
    maps = F.conv2d(maps, attn.after[:, :, None, None])
    assert torch.allclose(attn(x), attn.out((maps @ v).transpose(1, 2).flatten(-2)), atol=1e-12)


def test_mixtures_begin_as_nothing() -> None:
    """At first it is the vision transformer whose layers are one in pairs."""
    mixed = sharedsl.load(SPECS / "vision/minivit.sdsl")["MiniDeitB"].module(**MINI).double()
    plain = sharedsl.load(SPECS / "vision/vit.sdsl")["VitBasePairs"].module(eps=1e-5, **MINI).double()
    values = dict(mixed.named_parameters())
    with torch.no_grad():
        for name, each in plain.named_parameters():
            each.copy_(values[name.removeprefix("encoder.")])
    x = torch.randn(2, 3, 12, 12, dtype=torch.float64)
    assert torch.allclose(mixed(x), plain(x), atol=1e-12)


# ---------------------------------------------------------------- one relative bias


@pytest.mark.parametrize(
    ("spec", "name", "sizes", "shape", "lookups"),
    [
        ("attention/relative", "OneRelativeBias", {}, (32, 2), 1),
        ("attention/relative", "ReusedRelativeBias", {}, (32, 2), 1),
        ("attention/deberta", "DebertaV3Base", {"buckets": 4, "limit": 16}, (8, 16), 1),
    ],
)
def test_one_table_is_looked_up_once(
    spec: str, name: str, sizes: dict[str, int], shape: tuple[int, int], lookups: int
) -> None:
    """Three layers read what one lookup gave."""
    made = sharedsl.load(SPECS / f"{spec}.sdsl")[name].module(vocab=61, dim=16, depth=3, heads=2, **sizes)
    tables = [each for each in made.modules() if isinstance(each, nn.Embedding) and each.weight.shape == shape]
    assert len(tables) == 1
    calls = []
    tables[0].register_forward_hook(lambda *_: calls.append(None))
    made(torch.randint(0, 61, (2, 7)))
    assert len(calls) == lookups
    assert all(f"layers.{i}.rel" not in each for each, _ in made.named_parameters() for i in (1, 2))


def test_places_share_the_contents_projections() -> None:
    sizes = {"vocab": 61, "dim": 16, "depth": 2, "heads": 2, "buckets": 4, "limit": 16}
    shared, own = (
        {name for name, _ in module("attention/deberta", name, **sizes).named_parameters()}
        for name in ("DebertaV3Base", "DebertaOwnPlaces")
    )
    assert own - shared == {
        f"layers.{i}.attn.{pos}.{part}" for i in range(2) for pos in ("pos_q", "pos_k") for part in ("weight", "bias")
    }
    assert shared < own
