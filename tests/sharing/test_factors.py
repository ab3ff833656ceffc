"""Sharing along an axis, and products: storages, names, sizes, how they start."""

from __future__ import annotations

import numpy as np
import pytest

from sharedsl.model import weights as w
from tests.sharing.evaluate import storages, value
from tests.sharing.small import MODEL, named, storage
from tests.sharing.toy import Table, Toy


def test_along_reaches_every_reader() -> None:
    result = MODEL.solve("share * across layers\nshare layers[0].attn.q.weight along heads in groups of 2").ok()
    assert storage(result, "layers.0.attn.q.weight").shape == (2, 2, 8)
    assert result.read("layers[3].attn.q.weight") == result.read("layers[0].attn.q.weight")


def test_along_of_a_weight_with_private_parts() -> None:
    body = "share attn.q across layers with lora(rank = 2) on q.weight\nshare layers[*].attn.q.weight along heads"
    result = MODEL.solve(body.replace("on q.weight", "on attn.q.weight")).ok()
    read = result.read("layers[2].attn.q.weight")
    assert isinstance(read, w.Repeat) and isinstance(read.of, w.Add) and read.of.shape == (1, 2, 8)


def test_factors_follow_a_transpose() -> None:
    result = MODEL.solve("tie dec.weight = enc.weight.T\nfactorize dec.weight rank 3").ok()
    assert named(result, "factor") == ["enc.weight_u", "enc.weight_v"]
    read = result.read("dec.weight")
    assert isinstance(read, w.MatMul) and isinstance(read.left, w.Permute)
    same = MODEL.solve(
        "tie dec.weight = enc.weight.T\nfactorize enc.weight rank 3\ntie sq.weight[0:3] = dec.weight.u.T"
    ).ok()
    cut = value(same.read("sq.weight"), storages(same.solved))[:3]
    np.testing.assert_array_equal(cut, storages(same.solved)[same.names().index("enc.weight_v")])


def test_basis_and_bank() -> None:
    basis = MODEL.solve("factorize ffn.up.weight across layers in groups of 2 rank 3 as basis").ok()
    assert [k for k in named(basis, "factor") if k.endswith("_v")] == [
        "layers.0.ffn.up.weight_v", "layers.2.ffn.up.weight_v",
    ]  # fmt: skip
    bank = MODEL.solve("factorize ffn.up across layers as bank(2)").ok()
    assert named(bank, "bank") == ["layers.0.ffn.up.weight_bank"] and len(named(bank, "coefficient")) == 4
    assert storage(bank, "layers.3.ffn.up.weight_mix").no_decay
    assert isinstance(bank.read("layers[3].ffn.up.weight"), w.Mixture)


def test_factors_of_factors() -> None:
    result = MODEL.solve("factorize enc.weight rank 6\nfactorize enc.weight.u rank 2\nshare {sq, rot}.weight").ok()
    assert named(result, "factor") == ["enc.weight_u_u", "enc.weight_u_v", "enc.weight_v"]
    assert isinstance(result.read("enc.weight").left, w.MatMul)


def test_product_starts_like_the_weight() -> None:
    result = MODEL.solve("factorize {enc, embed}.weight rank 4\ntie head.weight = embed.weight").ok()
    stds = {k: dict(storage(result, k).init.args)["std"].value for k in named(result, "factor")}
    assert stds["enc.weight_u"] == pytest.approx((1 / 12) ** 0.5) and stds["enc.weight_v"] == pytest.approx(8**-0.5)
    product = stds["embed.weight_u"] * stds["embed.weight_v"] * 2
    assert product == pytest.approx(0.02)


def test_formulas_of_factors() -> None:
    model = Toy({"embed": Table("vocab|dim")}, {"vocab": 30, "dim": 16})
    result = model.solve("sharing p(r = 4) of Toy { factorize embed.weight rank r }\n").ok()
    sizes = [str(axis.size.formula) for s in result.solved.storages for axis in s.axes]
    assert sizes == ["vocab", "4", "4", "dim"]


@pytest.mark.parametrize("value", ["1 / 0", "enc.weight.u + 2 ** nosuch", "nosuch(enc.weight.v)"])
def test_a_factor_tied_to_nothing_is_reported(value: str) -> None:
    assert MODEL.solve(f"factorize enc.weight rank 2\ntie enc.weight.u = {value}").codes
