"""Ties: who owns, what is read through views, what a partial tie leaves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sharedsl.model import weights as w
from tests.sharing.evaluate import storages, value
from tests.sharing.small import MODEL, storage
from tests.sharing.toy import Table, Toy, W


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
