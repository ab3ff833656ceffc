"""What the examples have in common: a small model, and a build of it under a plan."""

from __future__ import annotations


def layer(declaration: str, use: str = "first(x)", params: str = "dim = 8") -> str:
    """A model of one declaration and one line of forward."""
    return f"""
model M({params}) {{
  {declaration}
  forward(x: float[B, dim]) -> float[B, dim] {{ return {use} }}
}}
"""


def forward(*lines: str, result: str = "float[B, T, dim]", inputs: str = "x: float[B, T, dim]") -> str:
    """A model with a layer or two whose forward has these lines."""
    text = "\n    ".join(lines)
    layers = {"first": "Linear(dim, dim)", "wide": "Linear(dim, 4 * dim)", "cell": "Cell(dim)"}
    declared = "\n  ".join(f"layer {name} = {value}" for name, value in layers.items() if name in text)
    return f"""
model M(dim = 8) {{
  {declared}
  forward({inputs}) -> {result} {{
    {text}
  }}
}}
"""


#: something to scan
CELL = """
block Cell(dim) {
  layer inner = Linear(dim, dim)
  state h: float[B, dim] = 0
  forward(x: float[B, dim]) -> float[B, dim] {
    h = tanh(x + inner(h))
    return h
  }
}
"""

MODEL = """
model M(dim = 8, depth = 4) {
  layer layers = Linear(dim, dim) * depth
  layer head   = Linear(dim, dim, bias = false)
  forward(x: float[B, dim]) -> float[B, dim] { return x |> layers |> head }
}
"""


def plan(*lines: str, before: str = "", build: str = "build Small = M() with shared") -> str:
    """The model under a plan of these lines."""
    text = "".join(f"\n  {line}" for line in lines)
    return f"{MODEL}\n{before}sharing shared of M {{{text}\n}}\n\n{build}\n"


def build(*lines: str) -> str:
    """A build of the model with these lines."""
    text = "".join(f"\n  {line}" for line in lines)
    return f"{MODEL}\nbuild Small = M() {{{text}\n}}\n"
