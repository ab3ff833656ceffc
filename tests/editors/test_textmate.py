"""Colours of the TextMate grammar, held still for lines of each kind."""

from __future__ import annotations

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.editors import textmate

LINES = {
    "items": [
        'import "std/transformer" { EncoderLayer }',
        "## What it is.",
        "model Gate(dim, reduce: int = 4, act: function = gelu) {",
        'extern layer Fast(dim) from "my.module" {',
        "sharing pairs(n = 2) of Gate extends tied, other(n = 3) {",
        "build Small = Gate(dim = 8) with pairs(n = 2) {",
    ],
    "declarations": [
        "  layer xs[i in range(depth)] = Linear(dim, [heads, head_dim], bias = i in wide) * depth",
        "  weight table[outs | ins]: float init normal(std = 0.02) frozen no_decay",
        "  buffer mean: float[dim] = 0",
        "  state keys: float[B, S, heads] = 0",
        "  require dim % heads == 0  # a comment",
        "  init layers[*].{attn, ffn}.*.weight = zeros()",
        "  forward encode(tokens: int[B, T], mask: bool[...] = none) -> (x: float[B, T], y: float[B]) {",
    ],
    "statements": [
        "    x, y = embed(tokens) |> layers(mask), split(x, [dim, dim], axis = -1)",
        "    for t in range(steps) while any(open > 0.1) {",
        "    if mask != none and not causal { return x[:, 0] if a else -y @ w ** 2 }",
    ],
    "relations": [
        "  tie head.weight[inputs = 0:8] = dim ** -0.5 * embed.weight.T",
        "  share {attn, mlp} across layers[1:-1] in cycle of 2 reversed except norm1, norm2 with lora(rank = 2) on **",
        "  share attn.{k, v} along heads in n groups",
        "  fold layers[2:4] 3 times",
        "  fold layers as [0, 1, 1, 0]",
        "  factorize mlp.up.weight across layers in groups of 2 rank rank as basis",
        "  untie decoder@*  # sharedsl: ignore[fold-of-one] on purpose",
        "  stage apart from step 2 * at { untie tower@1 }",
    ],
    "builds": [
        "  budget artifact(bits = 8) <= 256kB",
        "  budget params == 11_683_584",
        "  dtype bfloat16",
        "  test (vocab = 31, dim = 8)",
        "  incremental",
    ],
}


@pytest.mark.parametrize("kind", LINES)
def test_colours(kind: str, snapshot: SnapshotAssertion) -> None:
    shown = []
    for line in LINES[kind]:
        shown.append(f">{line}")
        shown += [f"   {text.strip():24} {scopes}".rstrip() for text, scopes in textmate.runs(line) if text.strip()]
    assert "\n".join(shown) == snapshot
