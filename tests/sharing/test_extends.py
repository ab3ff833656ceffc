"""Plans made of plans: inherited, untied, united, with parameters."""

from __future__ import annotations

from math import prod

import numpy as np

from tests.sharing.evaluate import storages, value
from tests.sharing.small import MODEL, TREE, storage
from tests.sharing.toy import Toy

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
