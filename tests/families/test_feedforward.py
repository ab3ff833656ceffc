"""One perceptron: who reads it, what stays private beside it, and what the decoder without one computes."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import sharedsl
from sharedsl.model.sites import key
from sharedsl.model.weights import Read
from tests.compiled import SPECS, compiled

SPEC = SPECS / "feedforward/one_wide.sdsl"
SMALL = {"vocab": 61, "dim": 16, "depth": 3, "heads": 2, "ff": 24}


def readers(name: str) -> dict[str, str]:
    """Each perceptron's and norm's place, and the owner of what it reads."""
    solved = compiled(SPEC.read_text(), name, str(SPEC), test=True).solved
    found: dict[str, str] = {}
    for site, read in zip(solved.sites, solved.reads, strict=True):
        place = key(site.path[:2])
        if site.path[0].name in ("encoder", "decoder") and not place.endswith(("attn", "cross")):
            assert isinstance(read, Read)
            owner = key(solved.storages[read.storage].owner[:2])
            assert found.setdefault(place, owner) == owner
    return found


@pytest.mark.parametrize(
    ("name", "owners"),
    [
        ("TransformerBig", {"encoder": "encoder.{i}.ffn", "decoder": "decoder.{i}.ffn"}),
        ("OneFfn", {"encoder": "encoder.0.ffn", "decoder": "encoder.0.ffn"}),
        ("FfnPerStack", {"encoder": "encoder.0.ffn", "decoder": "decoder.0.ffn"}),
        ("OneWideFfn", {"encoder": "encoder.0.ffn"}),
    ],
)
def test_who_reads_the_perceptron(name: str, owners: dict[str, str]) -> None:
    """Norms are private in all of them."""
    found = readers(name)
    perceptrons = {place: owner for place, owner in found.items() if place.endswith(".ffn")}
    depth = len(perceptrons) // len(owners)
    assert perceptrons == {
        f"{stack}.{i}.ffn": owner.format(i=i) for stack, owner in owners.items() for i in range(depth)
    }
    norms = {place: owner for place, owner in found.items() if ".norm" in place}
    assert norms and all(place == owner for place, owner in norms.items())


def test_a_decoder_without_perceptrons_has_no_norm_for_them() -> None:
    assert {place.rsplit(".", 1)[1] for place in readers("OneWideFfn") if place.startswith("decoder")} == {
        "norm1", "norm2",
    }  # fmt: skip


def attended(attn: Any, x: Tensor, memory: Tensor, causal: bool) -> Tensor:
    q, k, v = (
        layer(of).unflatten(-1, (2, -1)).transpose(1, 2)
        for layer, of in ((attn.q, x), (attn.k, memory), (attn.v, memory))
    )
    out: Tensor = attn.out(F.scaled_dot_product_attention(q, k, v, is_causal=causal).transpose(1, 2).flatten(-2))
    return out


def test_one_wide_by_hand() -> None:
    """Skip connections and norms of each layer around one perceptron; the decoder goes straight on."""
    torch.manual_seed(2)
    made = sharedsl.load(SPEC)["OneWideFfn"].module(**SMALL).double().eval()
    with torch.no_grad():
        for each in made.parameters():
            each.add_(0.2 * torch.randn_like(each))
    table = made.source.weight
    signal = torch.arange(7, dtype=torch.float64)[:, None] * 10000.0 ** (-torch.arange(0, 16, 2).double() / 16)
    places = torch.stack([signal.sin(), signal.cos()], -1).flatten(1)
    tokens, labels = torch.randint(0, 61, (2, 7)), torch.randint(0, 61, (2, 5))
    up, down = made.encoder[0].ffn.up, made.encoder[0].ffn.down
    x = 4 * table[tokens] + places
    for layer in made.encoder:
        x = layer.norm1(x + attended(layer.attn, x, x, False))
        x = layer.norm2(x + down(up(x).relu()))
    y = 4 * table[labels] + places[:5]
    for layer in made.decoder:
        y = layer.norm1(y + attended(layer.attn, y, y, True))
        y = layer.norm2(y + attended(layer.cross, y, x, False))
    assert torch.allclose(made(tokens, labels), y @ table.T, atol=1e-6)
    assert sum(isinstance(each, nn.Linear) and each.out_features == 24 for each in made.modules()) == 1


def test_the_wide_one_is_as_large_as_what_it_replaces() -> None:
    """Within a permille; and a step of the decoder costs less, since there is nothing wide in it."""
    builds = sharedsl.load(SPEC)
    wide, big = (builds[name].budget() for name in ("OneWideFfn", "TransformerBig"))
    assert abs(wide.stored / big.stored - 1) < 1e-3
    decoder = {name: sum(p.numel() for p in builds[name].module(**SMALL).decoder.parameters())
               for name in ("OneWideFfn", "TransformerBig")}  # fmt: skip
    assert decoder["OneWideFfn"] == decoder["TransformerBig"] - 3 * (2 * 16 * 24 + 24 + 16 + 2 * 16)
