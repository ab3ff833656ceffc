"""A factorised layer starts as widely spread as the dense one that it stands for."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import sharedsl

SPEC = """
model Net(dim = 512, ff = 768, rows = 4000) {
  layer embed = Embedding(rows, dim)
  layer up    = Linear(dim, ff, bias = false)
  forward(tokens: int[B]) -> (table: float[B, dim], widened: float[B, ff]) {
    x = embed(tokens)
    return x, up(x)
  }
}
sharing low(rank = 32) of Net { factorize {embed, up}.weight rank rank }
build Dense = Net()
build Low   = Net() with low
build Lower = Net() with low(rank = 8)
"""


@pytest.mark.parametrize("name", ["Low", "Lower"])
def test_low_rank_spread(name: str, tmp_path: Path) -> None:
    path = tmp_path / "net.sdsl"
    path.write_text(SPEC)
    builds = sharedsl.load(str(path))
    tokens = torch.arange(4000)
    spreads = []
    for each in ("Dense", name):
        runs = []
        for seed in range(8):
            torch.manual_seed(seed)
            table, widened = builds[each].module()(tokens)
            runs.append((table.std(), widened.std() / table.std()))
        spreads.append([torch.stack(column).mean() for column in zip(*runs, strict=True)])
    for dense, low in zip(*spreads, strict=True):
        assert abs(float((low / dense).detach()) - 1) < 0.05
