"""Loops that stay loops when the module runs: dataflow, applications, budgets, code, and the states of each turn."""

from __future__ import annotations

import pytest
import torch

import sharedsl
from sharedsl.model import dataflow as d
from sharedsl.model.sites import show
from tests.compiled import compiled, source, totals

DEPTH = """
import "std/transformer" {{ DecoderLayer }}
model M(dim = 8, depth = 2) {{
  layer core = Linear(dim, dim) * depth
  layer body = DecoderLayer(dim, 2)
  weight rows[9, dim]
  forward(x: float[B, T, dim], steps: int = 4, other: int = 3) -> float[B, T, dim] {{
    {body}
    return body(core(x)) + rows[0]
  }}
}}
build Built = M() {{ {extra} }}
"""


def built(body: str, extra: str = ""):
    return compiled(DEPTH.format(body=body, extra=extra), "Built")


def flops(body: str, **sizes: int) -> int:
    return totals(built(body)).at({"B": 2, "T": 3, **sizes})["flops"]


def test_one_body_and_one_application() -> None:
    made = built("for t in range(steps) { x = core(x) + rows[t] }")
    (loop,) = (each for each in made.model.root.bodies["forward"].statements if isinstance(each, d.While))
    assert (loop.name, str(loop.stop), loop.carried, len(loop.body)) == ("t", "steps", ("x",), 1)
    paths = [show(site.path) for site in made.model.sites if site.path[0].name == "core"]
    assert paths == [f"core{run}[{at}].{name}" for at in (0, 1) for run in ("@0", "@1") for name in ("weight", "bias")]


def test_code_does_not_know_the_number_of_turns() -> None:
    texts = {source(built(f"for t in range({n}) while any(x > 0) {{ x = core(x) }}")) for n in ("3", "300")}
    assert len({text.count("\n") for text in texts}) == 1
    assert all("if not (x > 0).any():\n                break" in text for text in texts)


@pytest.mark.parametrize(
    ("loop", "turns"),
    [
        ("range(steps)", lambda steps, other: steps),
        ("range(other, steps)", lambda steps, other: max(steps - other, 0)),
        ("range(min(steps, other))", min),
        ("range(steps) while any(x > 0)", lambda steps, other: steps),
        ("range(5) while any(x > 0)", lambda steps, other: 5),
    ],
)
def test_flops_are_those_of_a_turn_times_their_number(loop: str, turns) -> None:
    """Two linear layers of 8 x 8 on 2 x 3 rows are 1,536 a turn."""
    rest = flops("x = 2 * x")
    for steps, other in ((4, 3), (7, 2), (1, 6)):
        spent = flops(f"for t in {loop} {{ x = core(x) }}", steps=steps, other=other)
        assert spent - rest == 1536 * turns(steps, other)


def test_numbers_of_turns_left_out_are_the_defaults() -> None:
    assert flops("for t in range(steps) { x = core(x) }") == flops("for t in range(steps) { x = core(x) }", steps=4)


def test_a_loop_that_may_stop_early_is_an_upper_bound() -> None:
    assert totals(built("for t in range(9) while any(x > 0) { x = core(x) }")).early
    assert not totals(built("for t in range(steps) { x = core(x) }")).early


def test_stored_does_not_depend_on_turns() -> None:
    counts = {totals(built(body)).at()["stored"] for body in ("x = 2 * x", "for t in range(steps) { x = core(x) }")}
    assert len(counts) == 1


RUN = """
model M(dim = 4) {
  layer core = Linear(dim, dim)
  forward(x: float[B, dim], steps: int = 3, least: float = 0.5) -> (x: float[B, dim], turns: float[B], last: int[]) {
    turns, last = zeros(B), 0
    for t in range(1, steps + 1) while any(abs(x) > least) and not all(turns > 7) {
      x = x + core(x) * t
      half = x / 2
      for u in range(t) { half = half * 0.5 }
      x = half
      turns = turns + 1
      last = last + t
    }
    return x, turns, last
  }
}
build Built = M()
"""


def test_what_a_loop_computes(tmp_path) -> None:
    file = tmp_path / "run.sdsl"
    file.write_text(RUN)
    build = sharedsl.load(file)["Built"]
    module, x = build.module(), torch.randn(3, 4)
    for steps, least in ((0, 0.0), (1, 0.0), (5, 0.0), (50, 0.3), (50, 0.0)):
        want, turns, last = x, 0, 0
        while turns < steps and bool((want.abs() > least).any()) and turns <= 7:
            turns += 1
            want = (want + module.core(want) * turns) / 2 * 0.5**turns
            last += turns
        got = module(x, steps, least)
        assert torch.allclose(got[0], want, atol=1e-6) and got[1].tolist() == [turns] * 3 and int(got[2]) == last
    assert build.verify().ok


PIECES = """
import "std/transformer" { RotaryDecoderLayer }
block Core(dim, heads) {
  layer layers = RotaryDecoderLayer(dim, heads, heads, 2 * dim) * 2
  forward(x: float[B, T, dim], steps: int) -> float[B, T, dim] {
    for t in range(steps) { for u in range(1, t + 2) { x = layers(x) } }
    return x
  }
}
model M(vocab = 23, dim = 8, heads = 2) {
  layer embed = Embedding(vocab, dim)
  layer core = Core(dim, heads)
  layer head = Linear(dim, vocab)
  forward(tokens: int[B, T], steps: int = 3) -> float[B, T, vocab] {
    x = core(embed(tokens), steps)
    return core(x, 2) |> head
  }
}
build Built = M() { incremental }
"""


def test_every_turn_keeps_states_of_its_own(tmp_path) -> None:
    """Keys and values of turn t are those of turn t: in pieces as in one go."""
    file = tmp_path / "pieces.sdsl"
    file.write_text(PIECES)
    build = sharedsl.load(file)["Built"]
    report = build.verify()
    assert report.ok and any("in pieces" in each.call for each in report.outputs)
    module, tokens, cache = build.module().eval(), torch.randint(0, 23, (2, 5)), {}
    whole = module(tokens, 2)
    pieces = [module(tokens[:, at : at + 1], 2, cache=cache) for at in range(5)]
    assert torch.allclose(torch.cat(pieces, dim=1), whole, atol=1e-5)
    per_turn = 2 * 2 * 8
    state = totals(compiled(PIECES, "Built")).at({"steps": 3})["state_per_token"]
    assert state >= per_turn * (1 + 2 + 3 + 1 + 2), "no turn is forgotten"
