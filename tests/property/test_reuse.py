"""Reused values against the same network written out by hand, for random maps and folds."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from sharedsl.runtime.built import module_class
from tests.compiled import compiled, source

MODEL = """
block Gate(dim) {
  layer a = Linear(dim, dim)
  layer b = Linear(dim, 2)
  forward(x: float[B, dim]) -> float[B, dim] {
    hidden = tanh(a(x))
    gate = sigmoid(sum(b(hidden), axis = -1, keep = true))
    mixed = hidden * gate
    mixed = mixed + 0.5 * x
    return tanh(mixed + x)
  }
}
model M(dim = 4) {
  layer s = Gate(dim) * COUNT
  forward(x: float[B, dim]) -> float[B, dim] { return s(x) }
}
sharing p of M {
  LINES
}
build Built = M() with p
"""


def by_hand(module: Any, x: Tensor, elements: list[int], of: list[int], what: tuple[str, ...]) -> Tensor:
    """`elements[n]` is the layer that runs as the n-th, `of[n]` the run whose values it reads."""
    known: list[dict[str, Tensor]] = []
    for at, layer in enumerate(module.s[each] for each in elements):
        given = {name: known[of[at]][name] for name in what} if of[at] < at else {}
        hidden = given.get("hidden")
        if hidden is None and "mixed" not in given:
            hidden = torch.tanh(layer.a(x))
        gate = given.get("gate")
        if gate is None and "mixed" not in given:
            gate = torch.sigmoid(layer.b(hidden).sum(-1, keepdim=True))
        mixed = given["mixed"] if "mixed" in given else hidden * gate + 0.5 * x  # type: ignore[operator]
        known.append({"hidden": hidden, "gate": gate, "mixed": mixed})  # type: ignore[dict-item]
        x = torch.tanh(mixed + x)
    return x


@pytest.mark.parametrize("seed", range(24))
def test_reuse_is_what_is_written(seed: int) -> None:
    random = Random(seed)
    count, what = random.randint(2, 5), random.choice((("hidden",), ("gate",), ("hidden", "gate"), ("mixed",)))
    times = random.choice((1, 1, 2, 3))
    elements = list(range(count)) * times
    labels = [random.randint(0, 2) for _ in elements]
    across = "s" if times == 1 else "s@*"
    names = what[0] if len(what) == 1 else f"{{{', '.join(what)}}}"
    lines = [f"reuse {names} across {across} as {labels}"]
    if times > 1:
        lines.append(f"fold s {times} times")
    random.shuffle(lines)
    build = compiled(MODEL.replace("COUNT", str(count)).replace("LINES", "\n  ".join(lines)), "Built")
    module: nn.Module = module_class(source(build), "Built")().double()
    x = torch.randn(3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    of = [labels.index(label) for label in labels]
    torch.testing.assert_close(module(x), by_hand(module, x, elements, of, what), rtol=1e-12, atol=1e-12)
