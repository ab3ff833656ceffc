"""`reuse`: who computes and who reads, what is kept per token, and what the values are, against torch by hand."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import sharedsl
from sharedsl.api import Builds
from tests.compiled import analysis

ROOT = Path(__file__).parents[2] / "specs"
TINY = {"vocab": 61, "dim": 32, "heads": 4, "ff": 48}


def producers(build: Any, **sizes: Any) -> list[int]:
    """The layers that have a projection of keys."""
    names = {name for name, _ in build.module(**sizes).named_parameters()}
    return sorted(int(name.split(".")[1]) for name in names if name.endswith("attn.k.weight"))


def spec(text: str) -> Any:
    """The builds of a text."""
    return Builds(analysis(text))


def mlkv(n: int, depth: int) -> Any:
    """MLKV on a stack of `depth` layers with n producers."""
    return spec(
        'import "std/transformer" { RotaryDecoderLayer }\n'
        f"model M(vocab = 61, dim = 16, depth = {depth}) {{\n"
        "  layer embed  = Embedding(vocab, dim)\n"
        "  layer layers = RotaryDecoderLayer(dim, 2, 2, 24) * depth\n"
        "  forward(tokens: int[B, T]) -> float[B, T, dim] { return embed(tokens) |> layers }\n"
        "}\n"
        "sharing mlkv(n = 2) of M {\n"
        "  reuse attn.{keys, values} across layers as [\n"
        "    max([g for g in range(n) if i >= g * depth // n]) for i in range(depth)]\n"
        "}\n"
        f"build It = M() with mlkv(n = {n}) {{ budget state <= {n} * 2 * 16 }}\n"
    )["It"]


@pytest.mark.parametrize(
    ("n", "depth", "wanted"),
    [
        (4, 12, [0, 3, 6, 9]),
        (5, 12, [0, 2, 4, 7, 9]),
        (6, 12, [0, 2, 4, 6, 8, 10]),
        (7, 24, [0, 3, 6, 10, 13, 17, 20]),
    ],
)
def test_mlkv_producers(n: int, depth: int, wanted: list[int]) -> None:
    """[0] + [int((j + 1) * L / n)], as the authors' code has them."""
    assert wanted == [0] + [int((j + 1) * depth / n) for j in range(n - 1)]
    build = mlkv(n, depth)
    assert producers(build) == wanted
    assert build.budget().state_per_token == n * 2 * 16


def test_cla_producers() -> None:
    builds = sharedsl.load(ROOT / "attention/cla.sdsl")
    assert producers(builds["Llama2_7BCla2"], **TINY, depth=8) == [0, 2, 4, 6]
    assert producers(builds["Cla3"], **TINY, depth=9) == [0, 3, 6]


def test_gemma3n_producers() -> None:
    """Four windows to one that sees all; the last layer of each kind that has keys of its own is read."""
    build = sharedsl.load(ROOT / "attention/gemma3n.sdsl")["Gemma3nE4B"]
    sizes = {"vocab": 61, "side_vocab": 61, "dim": 16, "heads": 2, "kv_heads": 1, "head_dim": 6, "ff": 24, "side": 4}
    assert producers(build, **sizes, copies=2, laurel_rank=2) == list(range(20))
    code = build.source()
    assert "keys, values = self.layers[18]" in code and "keys_2, values_2 = self.layers[19]" in code
    assert re.search(r"if i % 5 == 4:\n(?: *# .*\n)? *streams = layer\(streams, extras\[i\], keys_2, values_2\b", code)


@pytest.mark.parametrize(
    ("path", "name", "state"),
    [
        ("cla", "Llama2_7BCla2", 16 * 2 * 4096),
        ("cla", "Llama2_7BCla2Mqa", 16 * 2 * 128),
        ("mlkv", "Mlkv6", 6 * 2 * 64),
        ("yoco", "Yoco1B", 13 * 2 * 2048),
        ("gemma3n", "Gemma3nE4B", 20 * 2 * 2 * 256),
        ("gemma3n", "Gemma3nOwnKeys", 35 * 2 * 2 * 256),
        ("gemma4", "Gemma4Text", 25 * 2 * 4 * 256 + 5 * 2 * 4 * 512),
        ("gemma4", "Gemma4KvShared", 9 * 2 * 4 * 256 + 2 * 4 * 512),
    ],
)
def test_numbers_per_token(path: str, name: str, state: int) -> None:
    """Keys and values are counted once for each layer that computes them."""
    assert sharedsl.load(ROOT / f"attention/{path}.sdsl")[name].budget().state_per_token == state


def test_cache_has_one_slot_per_producer() -> None:
    build = sharedsl.load(ROOT / "attention/yoco.sdsl")["YocoDecoder"]
    module = build.module(vocab=61, dim=32, depth=6, heads=4, kv_heads=2, ff=48, window=4)
    ids = torch.randint(0, 61, (2, 9))
    cache: dict[Any, Any] = {}
    with torch.no_grad():
        parts = [module(ids[:, at : at + 3], cache=cache) for at in (0, 3, 6)]
        assert torch.allclose(torch.cat(parts, 1), module(ids), atol=1e-5)
    assert len(cache) == 4  # three layers with windows, one for all layers above
    assert sum(state["keys"].shape[1] == 9 for state in cache.values()) == 4


# ---------------------------------------------------------------------------- by hand


class ByHand(nn.Module):
    """Cross-layer attention of two layers written in torch, around our module's weights."""

    def __init__(self, ours: nn.Module, heads: int) -> None:
        super().__init__()
        self.ours, self.heads = ours, heads

    def turned(self, x: Tensor) -> Tensor:
        """Rotary positions, as complex numbers: feature i and i + half are the parts of one."""
        length, half = x.shape[1], x.shape[-1] // 2
        speeds = 10000.0 ** (-torch.arange(half, dtype=x.dtype) / half)
        angle = torch.arange(length, dtype=x.dtype)[:, None] * speeds
        number = torch.complex(x[..., :half], x[..., half:]) * torch.polar(torch.ones_like(angle), angle)[None, :, None]
        return torch.cat((number.real, number.imag), -1)

    def split(self, linear: nn.Module, x: Tensor) -> Tensor:
        return F.linear(x, linear.weight).view(*x.shape[:2], self.heads, -1)

    def layer(self, layer: Any, x: Tensor, given: tuple[Tensor, Tensor] | None) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        h = x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5) * layer.norm1.weight
        if given is None:
            given = self.turned(self.split(layer.attn.k, h)), self.split(layer.attn.v, h)
        keys, values = given
        scores = torch.einsum("bthd,bmhd->bhtm", self.turned(self.split(layer.attn.q, h)), keys)
        scores = scores / keys.shape[-1] ** 0.5 + torch.full(scores.shape[-2:], -torch.inf).triu(1)
        mixed = torch.einsum("bhtm,bmhd->bthd", scores.softmax(-1), values).flatten(2)
        x = x + F.linear(mixed, layer.attn.out.weight)
        h = x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5) * layer.norm2.weight
        mlp = layer.mlp
        x = x + F.linear(F.silu(F.linear(h, mlp.gate.weight)) * F.linear(h, mlp.up.weight), mlp.down.weight)
        return x, given

    def forward(self, ids: Tensor, of: list[int]) -> Tensor:
        """`of[i]`: the layer whose keys and values layer i reads."""
        ours: Any = self.ours
        x, known = F.embedding(ids, ours.embed.weight), {}
        for at, layer in enumerate(ours.layers):
            x, known[at] = self.layer(layer, x, known.get(of[at]))
        x = x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5) * ours.norm.weight
        return F.linear(x, ours.head.weight)


@pytest.mark.parametrize(
    ("labels", "of"),
    [
        ("[0, 0, 1, 1]", [0, 0, 2, 2]),
        ("[0, 0, 0, 0]", [0, 0, 0, 0]),
        ("[0, 1, 0, 1]", [0, 1, 0, 1]),
        ("[0, 1, 1, 0]", [0, 1, 1, 0]),
        ("[0, 1, 2, 2]", [0, 1, 2, 2]),
    ],
)
def test_against_torch_by_hand(labels: str, of: list[int]) -> None:
    """Outputs and all gradients; any map, with readers that are not next to what they read."""
    text = (ROOT / "language/llama.sdsl").read_text(encoding="utf-8").partition("build ")[0]
    plan = f"sharing some of Llama {{ reuse attn.{{keys, values}} across layers as {labels} }}\n"
    build = spec(text + plan + "build It = Llama(vocab = 61, dim = 32, depth = 4, heads = 4, ff = 48) with some\n")[
        "It"
    ]
    ours = build.module().double()
    hand = ByHand(ours, 4)
    ids = torch.randint(0, 61, (2, 7))
    wanted, found = hand(ids, of), ours(ids)
    assert torch.allclose(found, wanted, atol=1e-12)
    parameters = list(ours.parameters())
    direction = torch.randn_like(wanted)
    left = torch.autograd.grad(found, parameters, direction)
    right = torch.autograd.grad(wanted, parameters, direction)
    for one, other in zip(left, right, strict=True):
        assert torch.allclose(one, other, atol=1e-10)


def test_unrolled_once() -> None:
    """The code keeps its loop, whatever the depth."""
    build = sharedsl.load(ROOT / "attention/cla.sdsl")["Llama2_7BCla2"]
    code = build.source()
    assert code.count("layer(x, ") == 2 and "if i % 2 == 0:" in code
