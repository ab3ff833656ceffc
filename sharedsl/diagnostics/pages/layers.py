"""Codes of declarations: layers, stacks, weights, initialisers, blocks."""

from __future__ import annotations

from sharedsl.diagnostics.codes import Page
from sharedsl.diagnostics.pages.examples import layer

_LINEAR = "layer first = Linear(dim, dim)"

PAGES = (
    Page(
        "bad-size",
        "a size that cannot be",
        "Sizes and lengths of stacks are whole numbers of at least 1; some layers want more (a kernel, a divisor).",
        layer(_LINEAR, params="dim = 0"),
        layer(_LINEAR, params="dim = 8"),
    ),
    Page(
        "not-a-layer",
        "something else stands where a layer is wanted",
        "After `layer x =` comes a layer with its arguments, a stack `Layer(..) * n`, or a list of layers.",
        layer("layer first = relu(dim)"),
        layer(_LINEAR),
    ),
    Page(
        "unknown-dtype",
        "there is no such type of numbers",
        "Inputs are float, int or bool; weights may name a torch dtype such as bfloat16.",
        layer("weight first[dim]: float31", "x * first"),
        layer("weight first[dim]: float32", "x * first"),
    ),
    Page(
        "unknown-init",
        "there is no such initialiser",
        "An initialiser is written like a call: `normal(std = 0.02)`, `zeros()`, `kaiming_uniform()`.",
        layer("weight first[dim] init gaussian(std = 1)", "x * first"),
        layer("weight first[dim] init normal(std = 1)", "x * first"),
    ),
    Page(
        "recursive-block",
        "a block that contains itself",
        "Blocks are put together when the spec is compiled, so none can be a part of itself.",
        "\nblock A(dim) {\n  layer inner = A(dim)\n"
        "  forward(x: float[B, dim]) -> float[B, dim] { return inner(x) }\n}\n" + layer("layer first = A(dim)"),
        "\nblock A(dim) {\n  layer inner = Linear(dim, dim)\n"
        "  forward(x: float[B, dim]) -> float[B, dim] { return inner(x) }\n}\n" + layer("layer first = A(dim)"),
    ),
    Page(
        "require",
        "a condition that the spec requires does not hold",
        "`require` states what must hold for the parameters; the second place shown is where the values come from.",
        layer("require dim % 3 == 0\n  " + _LINEAR),
        layer("require dim % 2 == 0\n  " + _LINEAR),
    ),
    Page(
        "too-many-sites",
        "more than 200,000 weights, layers or turns",
        "The limit keeps a mistyped number from taking the machine with it.",
        layer("layer first = Linear(dim, dim) * 300_000"),
        layer("layer first = Linear(dim, dim) * 3"),
    ),
    Page(
        "not-yet",
        "part of the language, and not supported yet",
        "It parses, so that specs can be written for it; this version does not compile it.",
    ),
)
