"""`scan` and `once`: what they mean, what they cost, and the code that they become."""

from __future__ import annotations

import pytest

from sharedsl.runtime.verify import verify
from tests.compiled import compiled, source, totals

PARTS = """
block Cell(dim) {
  layer up = Linear(dim, dim)
  state h: float[B, dim] = 0
  forward(x: float[B, dim]) -> float[B, dim] {
    h = tanh(up(x) + h)
    return h
  }
}
block Two(dim) {
  layer up   = Linear(dim, 3)
  layer cell = Cell(dim)
  state count: int = 0
  state peak: float[B, dim] = -1.0
  forward(x: float[B, dim], gate: float[B, dim], memory: float[B, M, dim],
          extra: float[B, dim] = none) -> (y: float[B, dim], z: float[B, 3]) {
    y = cell(x) * sigmoid(gate) + mean(once(memory * 2.0), axis = 1) + 0.1 * count
    count = count + 1
    peak = max(peak, y)
    if extra != none { y = y + extra }
    return y + peak, up(y)
  }
}
"""
#: name -> the statements of a forward(x: float[B, T, dim], memory: float[B, M, dim], extra: float[B, dim] = none)
FORWARDS = {
    "one cell": "return scan(cell, x, along = T)",
    "backwards": "return scan(cell, x, along = T, reverse = true)",
    "a stack in every step": "return scan(cells, x, along = T)",
    "a part of a stack": "return scan(cells[1:], x, along = T)",
    "one by one": "for each in cells { x = scan(each, x, along = T) }\n return x",
    "residual": "for each in cells { x = x + scan(each, x, along = T) }\n return x",
    "one layer again and again": "for t in range(3) { x = scan(cell, x, along = T) }\n return x",
    "inside an expression": "return scan(cell, x, along = T) - scan(cell, x + 1.0, along = T, reverse = true)",
    "two results, what goes along and what does not": (
        "y, z = scan(two, x, x * x, memory - 1.0, extra, along = T)\n return y + sum(z, axis = -1, keep = true)"
    ),
    "another axis": 'return permute(scan(cell, permute(x, "b t d -> t b d"), along = T), "t b d -> b t d")',
    "along the memory": 'return x + reshape(mean(once(scan(cell, memory, along = M)), axis = 1), "b d -> b 1 d")',
}


def model(name: str, plan: str = "", lines: str = "") -> str:
    text = FORWARDS[name]
    declared = {"cell": "Cell(dim)", "cells": "Cell(dim) * 3", "two": "Two(dim)"}
    layers = "\n".join(
        f"  layer {key} = {of}" for key, of in declared.items() if f"scan({key}" in text or f"in {key} " in text
    )
    return f"""{PARTS}
model Toy(dim = 4) {{
{layers}
  forward(x: float[B, T, dim], memory: float[B, M, dim], extra: float[B, dim] = none) -> float[B, T, dim] {{
    {text}
  }}
}}
sharing planned of Toy {{ {plan} }}
build Built = Toy() with planned {{ {lines} }}
"""


@pytest.mark.parametrize("name", FORWARDS)
def test_the_code_computes_what_is_meant(name: str) -> None:
    report = verify(compiled(model(name), "Built"))
    assert report.ok, report.problems


@pytest.mark.parametrize("name", [name for name in FORWARDS if "inside" not in name and "back" not in name])
def test_a_sequence_in_pieces(name: str) -> None:
    report = verify(compiled(model(name, lines="incremental"), "Built"))
    assert report.ok, (report.problems, report.outputs)
    assert any("in pieces" in each.call for each in report.outputs)


def test_shared_and_folded_cells() -> None:
    assert verify(compiled(model("one by one", "share * across cells"), "Built")).ok
    assert verify(compiled(model("one by one", "fold cells as [0, 1, 2, 2, 0]", "incremental"), "Built")).ok
    assert verify(compiled(model("one cell", "factorize cell.up.weight rank 1"), "Built")).ok


def test_all_steps_are_one_application() -> None:
    build = compiled(model("one by one"), "Built")
    known = totals(build)
    assert known.at()["applied"] == known.at()["stored"] == 3 * (4 * 4 + 4)
    assert known.at({"B": 2, "T": 10, "M": 1})["flops"] == 3 * 10 * 2 * (2 * 4 * 4)


def test_states_are_handed_on_in_a_loop() -> None:
    text = source(compiled(model("one by one"), "Built"))
    assert "for each in self.cells:" in text
    assert "h = each(x_t, h)" in text
    assert "cache=None" not in text


def test_once_is_the_value_itself_where_nothing_is_kept() -> None:
    lines = (
        "block Keys(dim) {\n layer k = Linear(dim, dim)\n"
        " forward(memory: float[B, M, dim]) -> float[B, M, dim] { return once(k(memory)) }\n}\n"
        "model Toy(dim = 4) {\n layer keys = Keys(dim)\n"
        " forward(memory: float[B, M, dim]) -> float[B, M, dim] { return keys(memory) }\n}\nbuild Built = Toy()\n"
    )
    assert "state" not in source(compiled(lines, "Built"))
    kept = source(compiled(lines.replace("Toy()\n", "Toy() { incremental }\n"), "Built"))
    assert 'if "k" not in state:' in kept
