"""Every stage prints; the goldens hold the texts still."""

from __future__ import annotations

import pytest
from syrupy.assertion import SnapshotAssertion

from sharedsl.analysis.dump import dump_ast, dump_model, dump_plan, dump_sites
from sharedsl.analysis.pipeline import Compiled, analyze, compile_build
from sharedsl.source import SourceFile

SPEC = """\
block Gated(dim, ff = 2 * dim, act: function = silu) {
  layer gate = Linear(dim, ff, bias = false)
  layer down = Linear(ff, dim, bias = false)
  weight scale[dim] init ones() no_decay
  forward(x: float[..., dim], mask: bool[...] = none) -> float[..., dim] {
    y = down(act(gate(x))) * scale
    if mask != none { y = where(mask, y, 0) }
    return y
  }
}
model Small(vocab = 11, dim = 4, depth = 2) {
  layer embed = Embedding(vocab, dim)
  layer body  = Gated(dim) * depth
  layer head  = Linear(dim, vocab, bias = false)
  state seen: int = 0
  forward(tokens: int[B, T], mask: bool[B, T, 1] = none) -> float[B, T, vocab] {
    x = embed(tokens) |> body(mask)
    seen = seen + T
    for i, layer in body { x = layer(x) if i == 0 else x }
    return head(x)
  }
}
sharing tied of Small {
  tie head.weight = embed.weight
  share gate across body with lora(rank = 1)
  factorize body[0].down.weight rank 2
}
build Tiny = Small() with tied
"""


@pytest.fixture(scope="module")
def build() -> Compiled:
    whole = analyze(SourceFile("small.sdsl", SPEC))
    assert not whole.diagnostics, whole.diagnostics
    return compile_build(whole, "Tiny")


def test_ast(build: Compiled, snapshot: SnapshotAssertion) -> None:
    assert dump_ast(build.analysis.file) == snapshot


def test_model(build: Compiled, snapshot: SnapshotAssertion) -> None:
    assert dump_model(build.model) == snapshot


def test_sites(build: Compiled, snapshot: SnapshotAssertion) -> None:
    assert dump_sites(build.model.sites) == snapshot


def test_plan(build: Compiled, snapshot: SnapshotAssertion) -> None:
    assert dump_plan(build.solved) == snapshot
