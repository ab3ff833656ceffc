"""Private parts beside what is shared, and folds: names, shapes, expressions."""

from __future__ import annotations

from sharedsl.model import weights as w
from tests.sharing.evaluate import storages, value
from tests.sharing.small import MODEL, TREE, named, storage
from tests.sharing.toy import Leaf, Norm, Toy


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


def test_transposed_convolutions_have_inputs_first() -> None:
    leaf = Leaf("ConvTranspose2d", {"weight": "4|6"})
    model = Toy({"a": leaf, "n": Norm("3")})
    spec = model.sites[0].spec
    object.__setattr__(spec, "axes", tuple(reversed([*spec.axes])))
    result = model.solve("share a.weight with lora(rank = 2), scale").ok()
    read = result.read("a.weight")
    assert value(read, storages(result.solved)).shape == (6, 4)
