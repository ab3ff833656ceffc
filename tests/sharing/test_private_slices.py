"""Private parts beside slices: what the slices have in common is the base, and the part is as large as the weight."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sharedsl.model import weights as w
from tests.sharing.evaluate import value
from tests.sharing.toy import Toy, W

LAYER = {"q": W("heads=4, 2 | 8"), "k": W("heads=4, 2 | 8")}
MODEL = Toy({"layers": (LAYER, 3)})


def solved(line: str) -> tuple[Any, dict[str, Any]]:
    """The plan, and a function from a weight to its value and to its base's, with random numbers in all storages."""
    result = MODEL.solve(line).ok()
    draw = np.random.default_rng(0)
    held = [draw.normal(size=storage.shape) for storage in result.solved.storages]
    names = result.names()
    found: dict[str, Any] = {}
    for i in range(3):
        for kind in "qk":
            name = f"layers[{i}].{kind}.weight"
            whole = value(result.read(name), held)
            key = f"layers.{i}.{kind}.weight"
            scale = held[names.index(f"{key}_scale")] if f"{key}_scale" in names else 1.0
            part = 0.0
            if f"{key}_lora_a" in names:
                a, b = held[names.index(f"{key}_lora_a")], held[names.index(f"{key}_lora_b")]
                part = np.tensordot(b, a, axes=1)
            found[name] = whole
            found[f"{name}.base"] = (whole - part) / np.asarray(scale)[..., None]
    return result, found


def count(result: Any) -> int:
    return sum(int(np.prod(storage.shape)) for storage in result.solved.storages)


def test_heads_are_one_and_their_corrections_are_not() -> None:
    result, found = solved("share layers[*].k along heads in groups of 2 with lora(rank = 2)")
    assert count(result) == 6 * 64 - 3 * 32 + 3 * 2 * (8 + 8)
    for i in range(3):
        whole, base = found[f"layers[{i}].k.weight"], found[f"layers[{i}].k.weight.base"]
        assert np.allclose(base[0], base[1]) and np.allclose(base[2], base[3])
        assert not np.allclose(base[1], base[2]) and not np.allclose(whole[0], whole[1])


def test_one_head_with_scales_on_some() -> None:
    result, found = solved("share layers[*].{q, k} along heads with scale on layers[*].k")
    assert count(result) == 6 * 16 + 3 * 8
    for i in range(3):
        q, k = found[f"layers[{i}].q.weight"], found[f"layers[{i}].k.weight.base"]
        assert np.allclose(q, q[:1]) and np.allclose(k, k[:1])
        assert not np.allclose(found[f"layers[{i}].k.weight"], found[f"layers[{i}].k.weight"][:1])


@pytest.mark.parametrize("parts", ["lora(rank = 2)", "scale", "lora(rank = 2), scale"])
def test_slices_across_layers(parts: str) -> None:
    result, found = solved(f"share q.weight[heads = 0:2] across layers with {parts}")
    more = 3 * (32 * ("lora" in parts) + 8 * ("scale" in parts))
    assert count(result) == 6 * 64 - 2 * 32 + more
    first = found["layers[0].q.weight.base"]
    for i in (1, 2):
        base = found[f"layers[{i}].q.weight.base"]
        assert np.allclose(base[:2], first[:2]) and not np.allclose(base[2:], first[2:])
        assert not np.allclose(found[f"layers[{i}].q.weight"][:2], found["layers[0].q.weight"][:2])


def test_a_slice_of_the_left_reads_another_weight_and_its_part() -> None:
    result, found = solved(
        "tie layers[2].q.weight[heads = 1:3] = 0.5 * layers[0].k.weight[heads = 0:2] with lora(rank = 1)"
    )
    assert count(result) == 6 * 64 - 32 + 16
    assert np.allclose(found["layers[2].q.weight.base"][1:3], 0.5 * found["layers[0].k.weight"][0:2])
    assert isinstance(result.read("layers[0].k.weight"), w.Read)


def test_mistakes() -> None:
    both = "share layers[*].k along heads with scale\nshare k across layers with lora(rank = 1)"
    assert set(MODEL.solve(both).codes) == {"two-private-parts"}
    assert MODEL.solve("share layers[*].k along heads with scale on layers[*].q").codes == ["no-site"]
    assert set(MODEL.solve("share layers[*].k along heads with lora(rank = 0)").codes) == {"missing-argument"}
