"""Stored and applied counts of published models, against the numbers in `data/counts.toml`."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.compiled import SPECS, compiled, problems, totals

DATA = Path(__file__).parent / "data"
TABLE: dict[str, Any] = tomllib.loads((DATA / "counts.toml").read_text())
ROWS = [(group["path"], row) for group in TABLE["spec"] for row in group["rows"]]

#: the builds that the library has to have under these names
NAMED = {
    "encoder/albert": {
        "AlbertBase": 11_683_584, "AlbertLarge": 17_683_968, "AlbertXLarge": 58_724_864, "AlbertXXLarge": 222_595_584,
        "AlbertBaseGroups4": 32_947_200, "AlbertBasePrivateNorms": 11_717_376,
    },
    "encoder/bert": {"BertBase": 109_482_240},
    "language/gpt2": {"Gpt2Small": 124_439_808, "Gpt2SmallAllShared": 46_473_216},
    "encoder_decoder/t5": {"T5Small": 60_506_624},
    "language/llama": {
        "Llama3_8B": 8_030_261_248, "Llama2_70B": 68_976_648_192, "RecursiveTinyLlama": 615_561_216,
        "MobileLLM125M_LS": 124_635_456,
    },
}  # fmt: skip
APPLIED = {
    ("encoder/albert", "AlbertBase"): 89_650_176,
    ("encoder/albert", "AlbertBaseGroups4"): 89_650_176,
    ("encoder/albert", "AlbertBasePrivateNorms"): 89_650_176,
    ("encoder/bert", "BertBase"): 109_482_240,
    ("language/gpt2", "Gpt2Small"): 163_037_184,
    ("language/gpt2", "Gpt2SmallAllShared"): 163_037_184,
    ("language/llama", "Llama3_8B"): 8_030_261_248,
    ("language/llama", "Llama2_70B"): 68_976_648_192,
    ("language/llama", "RecursiveTinyLlama"): 1_100_048_384,
}


def text_of(path: str) -> str:
    return (SPECS / f"{path}.sdsl").read_text()


def with_build(path: str, row: dict[str, Any]) -> str:
    """The spec and one more build of the row's model, with the row's plan where it has one."""
    text, build = text_of(path), row["build"]
    if "plan" in row:
        model = row.get("model", build.split("(")[0])
        header, body = row["plan"].split("{", 1)
        text += f"\nsharing wanted of {model} {header}{{\n{body.rstrip()[:-1]}\n}}\n"
        build += " with wanted"
    return f"{text}\nbuild Wanted = {build}\n"


def assert_counts(text: str, name: str, path: str, stored: int, applied: int | None, frozen: int = 0) -> None:
    found = totals(compiled(text, name, path)).at()
    assert found["stored"] == stored
    assert found["trainable"] == stored - frozen and found["frozen"] == frozen
    if applied is not None:
        assert found["applied"] == applied


@pytest.mark.parametrize(
    ("path", "row"), ROWS, ids=[f"{path.split('/')[1]}-{row.get('plan', '')}{row['build']}" for path, row in ROWS]
)
def test_published(path: str, row: dict[str, Any]) -> None:
    assert_counts(
        with_build(path, row), "Wanted", str(SPECS / path), row["stored"], row.get("applied"), row.get("frozen", 0)
    )


@pytest.mark.parametrize(
    ("path", "name", "stored"),
    [(path, name, count) for path, builds in NAMED.items() for name, count in builds.items()],
)
def test_named_builds(path: str, name: str, stored: int) -> None:
    assert_counts(text_of(path), name, str(SPECS / path), stored, APPLIED.get((path, name)))


def test_mobile_llm_applies_60_layers() -> None:
    build = compiled(text_of("language/llama"), "MobileLLM125M_LS", str(SPECS / "language/llama.sdsl"))
    layers = {site.path[0] for site in build.solved.sites if site.path[0].name == "layers"}
    assert len(layers) == 60


@pytest.mark.parametrize("row", TABLE["layer"], ids=lambda row: row["value"])
def test_layers(row: dict[str, Any]) -> None:
    model = f"  layer one = {row['value']}\n  forward{row['forward']} {{ return one(x) }}\n"
    text = f"model M() {{\n{model}}}\nbuild B = M()\n"
    assert_counts(text, "B", "one.sdsl", row["stored"], row["stored"])


def test_resnets_and_shared_resnets() -> None:
    """The counts stand in the file, as budgets."""
    path = DATA / "resnet.sdsl"
    assert [(each.code, each.message) for each in problems(path.read_text(), str(path))] == []


def test_specs_keep_their_budgets() -> None:
    for path in sorted(SPECS.rglob("*.sdsl")):
        found = problems(path.read_text(), str(path))
        assert [(each.code, each.message) for each in found] == [], path


def test_owner_init_of_gqa_said_twice() -> None:
    """Grouped heads by argument and by plan are one module: counts and shapes."""
    text, path = text_of("language/llama"), str(SPECS / "language/llama.sdsl")
    by_argument, by_plan = (
        compiled(text, name, path, test=True, kv_heads=2, heads=8)
        if name == "Llama3_8B"
        else compiled(text, name, path, test=True, heads=8)
        for name in ("Llama3_8B", "Llama3_8BByPlan")
    )
    shapes = [sorted(each.shape for each in build.solved.storages) for build in (by_argument, by_plan)]
    assert shapes[0] == shapes[1]
