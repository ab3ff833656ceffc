"""`adapt`: what is frozen, what is trained, how transposed readers see the parts, what `untie` leaves."""

from __future__ import annotations

from tests.sharing.toy import Norm, Table, Toy, W

MODEL = Toy(
    {
        "embed": Table("vocab=10|d=8"),
        "layers": ({"q": W("8|8", "8"), "norm": Norm("8")}, 3),
        "enc": W("16|8"),
        "dec": W("8|16"),
        "head": W("10|8"),
    },
    {"dim": 8},
)


def trained(body: str) -> dict[str, bool]:
    result = MODEL.solve(body).ok()
    return {".".join((*map(str, each.owner), each.name)): each.trainable for each in result.solved.storages}


def test_freezes_the_storage_and_trains_the_parts() -> None:
    found = trained("adapt enc.weight with lora(rank = 2)")
    assert found["enc.weight"] is False and found["enc.weight_lora_a"] and found["enc.weight_lora_b"]
    assert found["dec.weight"] is True


def test_freezing_all_leaves_the_parts() -> None:
    found = trained("freeze *\nadapt layers[*].q.weight with dora(rank = 2)")
    kept = {name.rpartition(".")[2] for name, each in found.items() if each}
    assert kept == {"weight_lora_a", "weight_lora_b", "weight_magnitude"}


def test_vera_draws_one_pair() -> None:
    found = trained("adapt {enc, dec, head}.weight with vera(rank = 2)")
    factors = {name: each for name, each in found.items() if name.endswith(("lora_a", "lora_b"))}
    assert factors == {"dec.weight_lora_a": False, "enc.weight_lora_b": False}
    assert sum(found[name] for name in found if "inner" in name or "outer" in name) == 6


def test_transposed_readers_see_the_factors_change_places() -> None:
    tied = "tie dec.weight = enc.weight.T\nadapt dec.weight with lora(rank = 2)\n"
    found = trained(tied + "freeze dec.weight.lora.a")
    assert found == {**found, "enc.weight": False, "enc.weight_lora_b": False, "enc.weight_lora_a": True}


def test_the_same_adaptation_twice_is_said_once() -> None:
    lines = "tie dec.weight = enc.weight.T\nadapt {} with lora(rank = 2)"
    both = lines.format("dec.weight") + "\nadapt enc.weight with lora(rank = 2)"
    assert trained(both) == trained(lines.format("enc.weight"))


def test_a_factorised_weight_is_adapted_whatever_comes_first() -> None:
    lines = ["factorize enc.weight rank 3", "adapt enc.weight with lora(rank = 2)"]
    found = trained("\n".join(lines))
    assert found == trained("\n".join(reversed(lines)))
    assert not found["enc.weight_u"] and not found["enc.weight_v"] and found["enc.weight_lora_a"]
