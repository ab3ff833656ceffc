"""What the rules' examples have in common: a small model of a stack, and one of a language."""

from __future__ import annotations


def stack(
    *plan: str, layer: str = "Linear(dim, dim)", use: str = "x |> layers", params: str = "dim = 8, depth = 4"
) -> str:
    """A stack of four layers and a build of it under a plan of these lines."""
    text = "".join(f"\n  {line}" for line in plan)
    return f"""
model M({params}) {{
  layer layers = {layer} * depth
  forward(x: float[B, T, dim]) -> float[B, T, dim] {{ return {use} }}
}}

sharing p of M {{{text}
}}

build Small = M() with p
"""


def language(*plan: str, before: str = "", head: str = "head(x)") -> str:
    """A model with a table and a head, and a build of it under a plan of these lines."""
    text = "".join(f"\n  {line}" for line in plan)
    return f"""
model Lm(vocab = 100, dim = 8) {{
  layer embed = Embedding(vocab, dim)
  layer mid   = Linear(dim, dim)
  layer head  = Linear(dim, vocab, bias = false)
  {before}
  forward(tokens: int[B, T]) -> float[B, T, vocab] {{
    x = embed(tokens) |> mid
    return {head}
  }}
}}

sharing p of Lm {{{text}
}}

build Small = Lm() with p
"""
