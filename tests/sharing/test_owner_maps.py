"""Golden owner maps: which layer reads whose weights, position by position."""

from __future__ import annotations

import pytest

from tests.sharing.toy import Norm, Toy, W

BLOCK = {"attn": W("4|4"), "ffn": {"up": W("8|4", "8"), "down": W("4|8")}, "norm": Norm("4")}


def stack(depth: int) -> Toy:
    return Toy({"layers": (BLOCK, depth), "other": (BLOCK, 3)}, {"depth": depth})


@pytest.mark.parametrize(
    ("depth", "how", "wanted"),
    [
        (12, "", "000000000000"),
        (12, "in 3 groups", "000011112222"),
        (12, "in 5 groups", "000112223344"),
        (12, "in 7 groups", "001122344556"),
        (12, "in groups of 3", "000111222333"),
        (12, "in groups of 2", "001122334455"),
        (12, "in cycle of 4", "012301230123"),
        (12, "in cycle of 4 reversed", "012301233210"),
        (18, "in cycle of 6 reversed", "012345012345543210"),
        (9, "in cycle of 3 reversed", "012012210"),
        (5, "in cycle of 3 reversed", "01221"),
        (12, "in cycle of 6 reversed", "012345543210"),
        (6, "as [0, 1, 1, 1, 1, 2]", "011112"),
        (8, "as [0, 1, 2, 1, 2, 1, 2, 3]", "01212123"),
        (8, "as [0, 1, 1, 1, 2, 2, 2, 3]", "01112223"),
        (6, "as [0, 1, 0, 2, 0, 3]", "010203"),
        (12, "as [min(i, 5) for i in range(depth)]", "012345555555"),
        (14, "as [0, 1, 2, 3, 4, 5, 6, 7, 3, 4, 5, 6, 7, 2]", "01234567345672"),
        (18, "in 14 groups", "001233456778910111112" + "13"),
    ],
)
def test_maps(depth: int, how: str, wanted: str) -> None:
    result = stack(depth).solve(f"share * across layers {how}").ok()
    for weight in ("attn.weight", "ffn.up.weight", "ffn.up.bias", "norm.bias"):
        owners = result.owners(f"layers[%d].{weight}", depth)
        if how == "in 14 groups":
            assert owners == [i * 14 // 18 for i in range(18)]
        else:
            assert "".join(map(str, owners)) == wanted


@pytest.mark.parametrize(("layers", "group"), [(18, 14), (22, 22), (12, 5), (24, 7), (199, 13)])
def test_groups_are_exact_integers(layers: int, group: int) -> None:
    """The floats of both reference ALBERT code bases get some layers wrong: (18, 14, 9), (22, 22, 15)."""
    result = Toy({"layers": (W("2|2"), layers)}).solve(f"share * across layers in {group} groups").ok()
    assert result.owners("layers[%d].weight", layers) == [i * group // layers for i in range(layers)]


def test_slices_are_narrowed_collections() -> None:
    result = stack(6).solve("share * across layers[1:-1]").ok()
    assert "".join(map(str, result.owners("layers[%d].attn.weight", 6))) == "011112"
    result = stack(6).solve("share * across layers[0::2]").ok()
    assert "".join(map(str, result.owners("layers[%d].attn.weight", 6))) == "010203"


def test_middle_cycle() -> None:
    result = stack(8).solve("share * across layers[1:-1] in cycle of 2").ok()
    assert "".join(map(str, result.owners("layers[%d].attn.weight", 8))) == "01212123"
    result = stack(8).solve("share * across layers[1:-1] in groups of 3").ok()
    assert "".join(map(str, result.owners("layers[%d].attn.weight", 8))) == "01112223"


def test_except_narrows_and_shifts_nothing() -> None:
    result = stack(6).solve("share * across layers in cycle of 2 except norm, ffn.up").ok()
    assert result.owners("layers[%d].attn.weight", 6) == [0, 1, 0, 1, 0, 1]
    assert result.owners("layers[%d].ffn.down.weight", 6) == [0, 1, 0, 1, 0, 1]
    assert result.owners("layers[%d].norm.weight", 6) == [0, 1, 2, 3, 4, 5]
    assert result.owners("layers[%d].ffn.up.bias", 6) == [0, 1, 2, 3, 4, 5]


def test_two_stacks_and_single_blocks_are_one_flat_list() -> None:
    result = stack(4).solve("share * across layers[0:2], other in cycle of 2").ok()
    assert result.owners("other[%d].attn.weight", 3) == [0, 1, 0]
    assert "other.0.attn.weight" not in result.names()


@pytest.mark.parametrize("n", [2, 4])
def test_gqa_repeats_neighbours(n: int) -> None:
    model = Toy({"attn": {"k": W("heads=8,2|4", "heads=8,2"), "q": W("heads=8,2|4")}})
    result = model.solve(f"share attn.k along heads in groups of {n}").ok()
    read = result.read("attn.k.weight")
    assert (type(read).__name__, read.axis, read.times, read.of.shape) == ("Repeat", 0, n, (8 // n, 2, 4))
    assert result.read("attn.k.bias").of.shape == (8 // n, 2)
    assert result.read("attn.q.weight").shape == (8, 2, 4)


def test_mqa_keeps_one_head() -> None:
    model = Toy({"attn": {"k": W("heads=8,2|4")}})
    result = model.solve("share attn.k along heads").ok()
    assert result.solved.storages[0].shape == (1, 2, 4)
    assert result.read("attn.k.weight").times == 8


def test_zamba_blocks_with_loras_of_their_own() -> None:
    result = (
        Toy({"attn": ({"up": W("8|4"), "out": W("4|4")}, 9)})
        .solve("share * across attn in cycle of 2 with lora(rank = 3) on up")
        .ok()
    )
    assert result.owners("attn[%d].out.weight", 9) == [0, 1, 0, 1, 0, 1, 0, 1, 0]
    loras = [s for s in result.solved.storages if s.role == "lora"]
    assert len(loras) == 18 and result.stored == 2 * (32 + 16) + 9 * 3 * (8 + 4)


def test_a_rank_is_capped_at_the_weights_own() -> None:
    """Relaxed recursive transformers: 1.60B with r = 512 only if k and v, with 256 outputs, get 256."""
    result = Toy({"layers": ({"k": W("2|6")}, 3)}).solve("share * across layers with lora(rank = 5)").ok()
    assert [s.shape for s in result.solved.storages if s.role == "lora"] == [(2, 6), (2, 2)] * 3


def test_perceiver_and_universal_transformer_folds() -> None:
    model = stack(2)
    result = model.solve("fold layers 3 times").ok()
    assert [(e.kind, e.order) for e in result.edits] == [("stack", (0, 1, 0, 1, 0, 1))]
    assert len(result.solved.sites) == 3 * 2 * 6 + 3 * 6
    assert [k for k in result.names() if k.startswith("layers")] == [
        k for k in stack(2).solve("").names() if k.startswith("layers")
    ]
