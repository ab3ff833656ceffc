"""What each relation makes: storages, names, expressions, initialisers, sizes."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import pytest

from sharedsl.model import weights as w
from sharedsl.model.sites import Init
from tests.sharing.evaluate import storages, value
from tests.sharing.test_contradictions import BLOCK
from tests.sharing.toy import Leaf, Norm, Result, Table, Toy, W

TREE = {
    "embed": Table("vocab=10|d=8"),
    "layers": (BLOCK, 4),
    "body": BLOCK,
    "sq": W("8|8"),
    "rot": W("8|8"),
    "enc": W("16|8"),
    "dec": W("8|16", "8"),
    "conv": W("4|2,3,3", kind="Conv2d"),
    "turn": W("4|2,3,3", kind="Conv2d"),
    "head": W("10|8"),
    "wide": W("10|12"),
}
MODEL = Toy(TREE)


def named(result: Result, role: str) -> list[str]:
    return [key for key, s in zip(result.names(), result.solved.storages, strict=True) if s.role == role]


def storage(result: Result, key: str) -> Any:
    return result.solved.storages[result.names().index(key)]


# ---------------------------------------------------------------------------- tie and owners


def test_a_tie_points_at_the_owner() -> None:
    assert "embed.weight" in MODEL.solve("tie head.weight = embed.weight").names()
    result = MODEL.solve("tie embed.weight = head.weight").ok()
    assert "head.weight" in result.names() and "embed.weight" not in result.names()


def test_owner_is_where_no_tie_points_away_then_first_in_the_text() -> None:
    chain = MODEL.solve("tie rot.weight = sq.weight\ntie sq.weight = layers[2].attn.q.weight[0:4, *]").codes
    assert chain == ["shape"]
    result = MODEL.solve("tie sq.weight = rot.weight\ntie head.weight = embed.weight\nshare {embed, head}.weight").ok()
    assert "rot.weight" in result.names() and "embed.weight" in result.names()
    both = MODEL.solve("tie sq.weight = rot.weight\ntie rot.weight = sq.weight").ok()
    assert "sq.weight" in both.names()


def test_adding_a_reader_renames_nothing() -> None:
    before = MODEL.solve("tie sq.weight = rot.weight").names()
    after = MODEL.solve("tie sq.weight = rot.weight\ntie head.weight = embed.weight").names()
    assert set(after) == set(before) - {"head.weight"}


def test_scales_and_transposes() -> None:
    result = MODEL.solve("tie dec.weight = 3 * enc.weight.T").ok()
    read = result.read("dec.weight")
    assert isinstance(read, w.Scale) and read.factor == 3 and isinstance(read.of, w.Permute)


def test_scale_with_parameters_prints_them() -> None:
    result = (
        Toy({"embed": Table("vocab|dim"), "head": W("vocab|dim")}, {"vocab": 10, "dim": 16})
        .solve("tie head.weight = dim ** -0.5 * embed.weight")
        .ok()
    )
    read = result.read("head.weight")
    assert read.factor == 0.25 and read.code.names() == {"dim"}


def test_stars_repeat_what_the_left_matched() -> None:
    result = MODEL.solve("tie layers[1:].attn.k = layers[*].attn.q").ok()
    for at in range(1, 4):
        assert result.read(f"layers[{at}].attn.k.weight") == result.read(f"layers[{at}].attn.q.weight")
    assert "layers.0.attn.k.weight" in result.names()


def test_mirrored_pairs() -> None:
    model = Toy({"enc": (W("6|6"), 3), "dec": (W("6|6"), 3)})
    result = model.solve("for k in range(3) { tie dec[k].weight = enc[2 - k].weight.T }").ok()
    for k in range(3):
        read = result.read(f"dec[{k}].weight")
        assert isinstance(read, w.Permute) and read.of == result.read(f"enc[{2 - k}].weight")
    assert result.stored == 3 * 36


def test_partial_tie_keeps_the_rest() -> None:
    result = MODEL.solve("tie wide.weight[*, 2:10] = embed.weight").ok()
    own = storage(result, "wide.weight")
    assert own.shape == (10, 4)
    given = storages(result.solved)
    read = value(result.read("wide.weight"), given)
    np.testing.assert_array_equal(read[:, 2:10], given[result.names().index("embed.weight")])


def test_partial_tie_has_symbolic_sizes() -> None:
    model = Toy({"embed": Table("vocab|width"), "head": W("vocab|inputs=dim")}, {"vocab": 10, "width": 4, "dim": 16})
    result = model.solve("tie head.weight[inputs = 0:width] = embed.weight").ok()
    own = storage(result, "head.weight")
    assert str(own.axes[1].size.formula) == "dim - width" and own.shape == (10, 12)


def test_heads_of_several_layers() -> None:
    result = MODEL.solve("share attn.{q, k}.weight[heads = 0:2] across layers[1:3]").ok()
    assert storage(result, "layers.2.attn.q.weight").shape == (2, 2, 8)
    assert storage(result, "layers.1.attn.q.weight").shape == (4, 2, 8)
    read = result.read("layers[2].attn.q.weight")
    assert isinstance(read, w.Concat) and isinstance(read.parts[0], w.Slice)


def test_inner_slices_leave_one_tensor() -> None:
    result = MODEL.solve("tie layers[3].attn.q.weight[heads = 1:3] = layers[0].attn.k.weight[heads = 0:2]").ok()
    assert storage(result, "layers.3.attn.q.weight").shape == (2, 2, 8)
    assert len(result.read("layers[3].attn.q.weight").parts) == 3


@pytest.mark.parametrize(
    ("view", "of"),
    [
        ("rot90(conv.weight, 1)", lambda c: np.rot90(c, 1, axes=(2, 3))),
        ("rot90(conv.weight, 3)", lambda c: np.rot90(c, 3, axes=(2, 3))),
        ("flip(conv.weight, axis = 1)", lambda c: np.flip(c, 1)),
        ("roll(conv.weight, 1, axis = 3)", lambda c: np.roll(c, 1, 3)),
        ("permute(conv.weight, 0, 1, 3, 2)", lambda c: c.transpose(0, 1, 3, 2)),
        ("reshape(reshape(conv.weight, [8, 9]), [4, 2, 3, -1])", lambda c: c),
        ("concat(conv.weight[0:1], -conv.weight[1:4])", lambda c: np.concatenate([c[:1], -c[1:]])),
        ("repeat(conv.weight[0:2], 2, axis = 0)", lambda c: np.repeat(c[:2], 2, 0)),
        ("concat(conv.weight[0:1], conv.weight[2:3], conv.weight[1:2], conv.weight[3:4])", lambda c: c[[0, 2, 1, 3]]),
        ("detach(conv.weight) / 2", lambda c: c / 2),
        ("conv.weight |> flip(axis = 0)", lambda c: c[::-1]),
    ],
)
def test_views(view: str, of: Any) -> None:
    result = MODEL.solve(f"tie turn.weight = {view}").ok()
    given = storages(result.solved)
    conv = value(result.read("conv.weight"), given)
    np.testing.assert_array_equal(value(result.read("turn.weight"), given), of(conv))


def test_slices_with_a_gap_are_two_pieces() -> None:
    result = MODEL.solve("tie sq.weight = concat(enc.weight[0:4], enc.weight[8:12])").ok()
    given = storages(result.solved)
    enc = value(result.read("enc.weight"), given)
    np.testing.assert_array_equal(value(result.read("sq.weight"), given), np.concatenate([enc[:4], enc[8:12]]))


def test_big_weights_cost_nothing() -> None:
    model = Toy({"a": Table("v=200000|d=8192"), "b": W("8192|200000"), "c": W("8192|1000,200")})
    result = model.solve("tie b.weight = a.weight.T\ntie c.weight = reshape(b.weight, [8192, 1000, 200])").ok()
    assert result.stored == 200000 * 8192
    assert isinstance(result.read("c.weight"), w.Permute)


# ---------------------------------------------------------------------------- private parts and folds


def test_lora_names_and_shapes() -> None:
    result = MODEL.solve("share attn.q across layers[0:2] with lora(rank = 3, alpha = 6)").ok()
    assert named(result, "lora") == [
        f"layers.{i}.attn.q.weight_lora_{x}" for i in (0, 1) for x in "ab"
    ]  # fmt: skip
    a, b = (storage(result, f"layers.1.attn.q.weight_lora_{x}") for x in "ab")
    assert a.shape == (3, 8) and b.shape == (4, 2, 3) and b.init.name == "zeros" and a.init.name == "kaiming_uniform"
    read = result.read("layers[1].attn.q.weight")
    assert isinstance(read, w.Add) and read.parts[0] == w.Read(
        result.names().index("layers.0.attn.q.weight"), (4, 2, 8)
    )
    assert read.parts[1].factor == 2.0 and sorted(map(len, result.solved.private.values())) == [2, 2]
    assert result.read("layers[1].attn.q.bias") == result.read("layers[0].attn.q.bias")


def test_scale_and_diagonal() -> None:
    result = MODEL.solve("share {sq, rot}.weight with diagonal, scale").ok()
    read = result.read("rot.weight")
    assert isinstance(read, w.Add) and isinstance(read.parts[0], w.Multiply) and isinstance(read.parts[1], w.Diagonal)
    assert storage(result, "rot.weight_scale").init.name == "ones"


def test_tie_with_a_private_part_is_on_the_left_only() -> None:
    result = MODEL.solve("tie head.weight = embed.weight with lora(rank = 2)").ok()
    assert named(result, "lora") == ["head.weight_lora_a", "head.weight_lora_b"]
    assert isinstance(result.read("embed.weight"), w.Read)


def test_bases_can_be_named() -> None:
    result = MODEL.solve(
        "share attn.q across layers[0:2] with lora(rank = 2)\n"
        "tie layers[3].attn.q.weight = layers[0].attn.q.weight.base"
    ).ok()
    assert result.read("layers[3].attn.q.weight") == result.read("layers[0].attn.q.weight").parts[0]


def test_fold_with_private_norms_and_loras() -> None:
    result = MODEL.solve("fold body 3 times except norm with lora(rank = 2) on ffn.*").ok()
    keys = [key for key in result.names() if key.startswith("body")]
    assert {"body.norm.weight", "body.norm.weight_1", "body.norm.bias_2", "body.ffn.up.weight_lora_a_0"} <= set(keys)
    assert len(set(keys)) == len(keys)
    assert result.read("body@2.attn.q.weight") == result.read("body@0.attn.q.weight")


def test_share_across_applications_is_a_fold_with_parts() -> None:
    model = Toy(TREE, None, body=2)
    result = model.solve("share * across body@* with lora(rank = 2) on ffn.*").ok()
    assert len(named(result, "lora")) == 2 * 2 * 2
    plain = model.solve("share * across body@*").ok()
    assert plain.names() == model.solve("").names()


def test_folds_nest() -> None:
    result = MODEL.solve("fold layers 2 times\nfold layers[1:3] 2 times\nfold layers[0].ffn 3 times").ok()
    assert [(e.target, e.order) for e in result.edits] == [
        ("layers[0].ffn", (0, 0, 0)),
        ("layers[1:3]", (0, 1, 0, 1)),
        ("layers", (0, 1, 2, 3, 0, 1, 2, 3)),
    ]


# ---------------------------------------------------------------------------- along, factorize


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


# ---------------------------------------------------------------------------- marks and initialisers


def test_freeze_reaches_the_factors_and_not_the_private_parts() -> None:
    result = MODEL.solve(
        "factorize enc.weight rank 2\nfreeze enc.weight\nshare {sq, rot}.weight with lora(rank = 2)\nfreeze sq"
    ).ok()
    frozen = [k for k, s in zip(result.names(), result.solved.storages, strict=True) if not s.trainable]
    assert frozen == ["sq.weight", "enc.weight_u", "enc.weight_v"]


def test_freeze_through_a_reader() -> None:
    result = MODEL.solve("tie head.weight = embed.weight\nfreeze head").ok()
    assert not storage(result, "embed.weight").trainable


def test_the_more_particular_initialiser_wins() -> None:
    body = "init layers[*].**.weight = normal(std = 0.1)\ninit layers[1].attn.q.weight = zeros()"
    for text in (body, "\n".join(reversed(body.split("\n")))):
        result = MODEL.solve(text).ok()
        assert storage(result, "layers.1.attn.q.weight").init == Init("zeros")
        assert storage(result, "layers.0.attn.q.weight").init.name == "normal"


def test_a_pattern_may_name_readers_that_do_not_own() -> None:
    result = MODEL.solve("share * across layers\ninit layers[*].attn.q.weight = zeros()").ok()
    assert storage(result, "layers.0.attn.q.weight").init.name == "zeros"


def test_a_table_that_is_a_head_starts_small() -> None:
    assert dict(storage(MODEL.solve("tie head.weight = embed.weight"), "embed.weight").init.args)["std"].value == 0.02
    plain = storage(MODEL.solve(""), "embed.weight").init
    assert dict(plain.args)["std"].value == 1
    scaled = MODEL.solve("tie head.weight = 0.05 * embed.weight")
    assert dict(storage(scaled, "embed.weight").init.args)["std"].value == 1


# ---------------------------------------------------------------------------- extends, untie, unions


PLANS = """\
sharing all of Toy { share * across layers }
sharing own of Toy extends all { untie layers[*].norm }
sharing tied of Toy { tie head.weight = embed.weight }
sharing both of Toy extends own, tied { }
sharing again of Toy extends own { share norm across layers in cycle of 2 }
sharing grouped(n = 2, tied: bool = true) of Toy {
  share * across layers in groups of n
  if tied { tie head.weight = embed.weight }
}
sharing four of Toy extends grouped(n = 4, tied = false) { }
"""


def test_untie_leaves_the_others_as_they_were() -> None:
    result = MODEL.solve(PLANS, "own").ok()
    assert result.owners("layers[%d].norm.weight", 4) == [0, 1, 2, 3]
    assert result.owners("layers[%d].attn.q.weight", 4) == [0, 0, 0, 0]
    one = MODEL.solve(
        "sharing a of Toy { share * across layers }\nsharing b of Toy extends a { untie layers[0].attn.q }\n"
    ).ok()
    assert one.owners("layers[%d].attn.q.weight", 4) == [0, 1, 1, 1]
    assert "layers.1.attn.q.weight" in one.names()


def test_unions() -> None:
    extended, listed = MODEL.solve(PLANS, "both").ok(), MODEL.solve(PLANS, "own", "tied").ok()
    assert extended.names() == listed.names() and "head.weight" not in extended.names()
    assert MODEL.solve(PLANS, "tied", "own").solved.reads == listed.solved.reads


def test_lines_after_an_untie_share_again() -> None:
    assert MODEL.solve(PLANS, "again").ok().owners("layers[%d].norm.weight", 4) == [0, 1, 0, 1]


def test_parameters_of_plans() -> None:
    assert MODEL.solve(PLANS, "grouped").ok().owners("layers[%d].norm.bias", 4) == [0, 0, 1, 1]
    four = MODEL.solve(PLANS, "four").ok()
    assert four.owners("layers[%d].norm.bias", 4) == [0, 0, 0, 0] and "head.weight" in four.names()


def test_untie_takes_applications_apart() -> None:
    model = Toy(TREE, None, body=3)
    text = "sharing a of Toy { tie head.weight = embed.weight }\nsharing b of Toy extends a { untie body@*.norm }\n"
    result = model.solve(text).ok()
    assert {"body.norm.weight", "body.norm.weight_1", "body.norm.weight_2"} <= set(result.names())
    one = model.solve(text.replace("body@*", "body@1")).ok()
    assert "body.norm.weight_1" in one.names() and "body.norm.weight_2" not in one.names()
    assert one.read("body@2.norm.weight") == one.read("body@0.norm.weight")


def test_untie_of_a_middle_member_keeps_the_rest_joined() -> None:
    text = (
        "sharing a of Toy { tie rot.weight = 2 * sq.weight.T\ntie dec.weight[*, 0:8] = rot.weight }\n"
        "sharing b of Toy extends a { untie rot }\n"
    )
    result = MODEL.solve(text).ok()
    given = storages(result.solved)
    sq, dec = value(result.read("sq.weight"), given), value(result.read("dec.weight"), given)
    np.testing.assert_allclose(dec[:, :8], 2 * sq.T)
    assert "rot.weight" in result.names() and prod(storage(result, "rot.weight").shape) == 64


def test_untie_of_a_factorised_weight_gives_it_a_full_tensor() -> None:
    text = (
        "sharing a of Toy { tie head.weight = embed.weight\nfactorize head.weight rank 2\nfreeze head }\n"
        "sharing b of Toy extends a { untie head }\n"
    )
    result = MODEL.solve(text).ok()
    assert {"embed.weight_u", "embed.weight_v", "head.weight"} <= set(result.names())
    assert storage(result, "head.weight").trainable and not storage(result, "embed.weight_u").trainable


def test_lines_name_the_place_they_come_from() -> None:
    result = MODEL.solve("share * across layers\ntie head.weight = embed.weight").ok()
    spans = storage(result, "embed.weight").because
    assert [result.text[s.start : s.end] for s in spans] == ["tie head.weight = embed.weight"]


def test_transposed_convolutions_have_inputs_first() -> None:
    leaf = Leaf("ConvTranspose2d", {"weight": "4|6"})
    model = Toy({"a": leaf, "n": Norm("3")})
    spec = model.sites[0].spec
    object.__setattr__(spec, "axes", tuple(reversed([*spec.axes])))
    result = model.solve("share a.weight with lora(rank = 2), scale").ok()
    read = result.read("a.weight")
    assert value(read, storages(result.solved)).shape == (6, 4)
