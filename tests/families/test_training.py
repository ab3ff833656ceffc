"""Training with shared weights begins where it should and loses little: the recorded runs, and a short one here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.training.__main__ import LIMIT, recorded
from benchmarks.training.tasks import tasks
from benchmarks.training.train import families, pair

DOCS = Path(__file__).parents[2] / "docs"
NAMES = [family.name for family in families()]


def test_every_family_is_recorded() -> None:
    assert list(recorded()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_record(name: str) -> None:
    """Over three seeds: it begins within 1 of chance, and ends at most 1.25 times as high, or the page says why."""
    row = recorded()[name]
    assert len(row["curves"]["shared"]) == len(row["curves"]["apart"]) == 3
    for curve in row["curves"]["shared"]:
        assert abs(curve[0][1] - row["chance"]) < 1
        assert curve[-1][1] < 0.7 * curve[0][1]
    assert row["ratio"] <= LIMIT or row["explained"]
    page = (DOCS / "training.md").read_text(encoding="utf-8")
    assert row["member"] in page and f"{row['ratio']:.2f} |" in page


@pytest.mark.slow
@pytest.mark.parametrize("family", families(), ids=NAMES)
def test_short_run(family: Any) -> None:
    """A hundred steps of one seed: the builds of today begin and fall as the recorded ones did."""
    apart, shared = pair(family, 0, 100)
    chance = tasks()[family.task].chance
    assert abs(shared.first - chance) < 1
    assert shared.last < 0.9 * shared.first
    assert shared.last <= 1.5 * apart.last
    row = recorded()[family.name]
    assert [apart.parameters, shared.parameters] == row["parameters"]
