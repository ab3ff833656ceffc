"""Frozen storages and initialisers, through whatever reads them."""

from __future__ import annotations

import pytest

from sharedsl.model.sites import Init
from tests.sharing.small import MODEL, storage


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


@pytest.mark.parametrize(
    ("init", "code"),
    [
        ("step_sizes()", "missing-argument"),
        ("constant()", "missing-argument"),
        ("constant(1, 2)", "wrong-count"),
        ("normal(deviation = 1)", "unknown-argument"),
        ("nrmal()", "unknown-init"),
        ("zeros", None),
    ],
)
def test_initialisers_take_what_they_take(init: str, code: str | None) -> None:
    assert MODEL.solve(f"init sq.weight = {init}").codes == ([] if code is None else [code])
