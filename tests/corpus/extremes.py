"""Specs that ask for too much of something: depth, width, length, numbers, memory, patience."""

from __future__ import annotations

_HEAD = "  layer head = Linear(dim, dim)\n"
_FORWARD = "  forward(x: float[B, dim]) -> float[B, dim] { return head(x) }\n"
_BUILD = "build Built = Toy()\n"


def _toy(head: str = _HEAD, forward: str = _FORWARD, params: str = "dim = 8", plan: str = "", top: str = "") -> str:
    if plan:
        plan = f"sharing p of Toy {{\n{plan}\n}}\n"
    build = "build Built = Toy() with p\n" if plan else _BUILD
    return f"{top}model Toy({params}) {{\n{head}{forward}}}\n{plan}{build}"


def _body(text: str) -> str:
    return f"  forward(x: float[B, dim]) -> float[B, dim] {{\n{text}\n  }}\n"


_STACK = "  layer head = Linear(dim, dim)\n  layer layers = Linear(dim, dim) * depth\n"
_THROUGH = "  forward(x: float[B, dim]) -> float[B, dim] { return x |> layers |> head }\n"


def _stack(plan: str, depth: str = "4") -> str:
    return _toy(head=_STACK, forward=_THROUGH, params=f"dim = 8, depth = {depth}", plan=plan)


def _next(at: int, count: int) -> str:
    return f"B{at + 1}(dim)" if at + 1 < count else "Linear(dim, dim)"


def _chain(count: int) -> str:
    """Blocks that contain one another, `count` deep."""
    blocks = [
        f"block B{at}(dim) {{\n  layer inner = {_next(at, count)}\n"
        "  forward(x: float[B, dim]) -> float[B, dim] { return inner(x) }\n}\n"
        for at in range(count)
    ]
    return "".join(blocks) + _toy(head="  layer head = B0(dim)\n")


def _comprehension(levels: int) -> str:
    text = "i0"
    for at in range(levels):
        text = f"[{text} for i{at} in range(99)]"
    return text


def _wide(count: int, levels: int) -> str:
    """Stacks of stacks: `count ** levels` sites."""
    blocks = [
        f"block B{at}(dim) {{\n  layer inner = {_next(at, levels)} * {count}\n"
        "  forward(x: float[B, dim]) -> float[B, dim] { return inner(x) }\n}\n"
        for at in range(levels)
    ]
    return "".join(blocks) + _toy(head="  layer head = B0(dim)\n")


def _params(*more: str) -> str:
    return ", ".join(("dim = 8", *more))


def _parameters(count: int, of: str) -> str:
    """`count` parameters, each made from the one before it, which `of` calls `p`."""
    rest = [f"p{at} = {of.replace('p', f'p{at - 1}')}" for at in range(1, count)]
    return _params("p0 = dim", *rest)


def _function(name: str, value: str) -> str:
    return f"function {name}(x: float[...]) -> float[...] {{ return {value} }}\n"


def _doubling(count: int) -> str:
    """Functions that each call the next one twice."""
    return "".join(_function(f"f{at}", f"f{at + 1}(x) + f{at + 1}(x)") for at in range(count)) + _function(
        f"f{count}", "x"
    )


_AGAIN = """\
block A(dim) {
  layer a = A(dim + 1) * 2
  forward(x: float[B, dim]) -> float[B, dim] { return a(x) }
}
"""

#: name -> a spec that asks for too much of something
EXTREMES: dict[str, str] = {
    "parentheses": _toy(params="dim = " + "(" * 5000 + "8" + ")" * 5000),
    "parentheses-below-the-limit": _toy(params="dim = " + "(" * 90 + "8" + ")" * 90),
    "brackets": _toy(params="dims: list = " + "[" * 3000 + "]" * 3000 + ", dim = 8"),
    "open-brackets": "model Toy(" + "(" * 20000,
    "open-braces": "model Toy() " + "{" * 20000,
    "ifs": _toy(forward=_body("if dim == 8 { " * 3000 + "x = head(x)" + " }" * 3000 + "\n    return x")),
    "ifs-below-the-limit": _toy(forward=_body("if dim == 8 { " * 80 + "x = head(x)" + " }" * 80 + "\n    return x")),
    "plan-ifs": _stack("if dim == 8 { " * 2000 + "share * across layers" + " }" * 2000),
    "operators": _toy(forward=_body("return head(x)" + " + x" * 20000)),
    "operators-some": _toy(forward=_body("return head(x)" + " + x" * 90)),
    "minus": _toy(params="dim = " + "-" * 20000 + "8"),
    "not": _toy(forward=_body("if " + "not " * 5000 + "true { x = head(x) }\n    return x")),
    "pipes": _toy(forward=_body("return x" + " |> head" * 5000)),
    "attributes": _stack("tie head" + ".weight" * 10000 + " = head.weight"),
    "transposes": _stack("tie head.weight = layers[0].weight" + ".T" * 90),
    "calls": _toy(forward=_body("return " + "relu(" * 90 + "x" + ")" * 90)),
    "ternaries": _toy(params="dim = " + "8 if true else " * 5000 + "8"),
    "comprehensions": _toy(params="dims: list = [[a for a in range(1000)] for b in range(1000)], dim = 8"),
    "comprehension-of-a-million": _toy(params="dims: list = [a for a in range(1_000_000)], dim = 8"),
    "comprehensions-nested": _toy(params=_params(f"d: list = {_comprehension(4)}")),
    "range": _toy(params="dims: list = range(1_000_000_000_000_000_000), dim = 8"),
    "sum-of-a-range": _toy(params="dim = sum(range(1_000_000_000_000))"),
    "power": _toy(params="dim = 10 ** 10 ** 10"),
    "power-of-powers": _toy(params="dim = 2 ** 2 ** 2 ** 2 ** 2 ** 2"),
    "real-power": _toy(params="rate: float = 10.0 ** 10.0 ** 10.0, dim = 8"),
    "huge-number": _toy(params="dim = 1" + "0" * 5000),
    "huge-exponent": _toy(params="rate: float = 1e" + "9" * 4000 + ", dim = 8"),
    "largest-size": _toy(params="dim = 1_000_000_000_000_000_000"),
    "product-of-sizes": _toy(params="dim = 1_000_000_000 * 1_000_000_000 * 1_000_000_000"),
    "negative-shift": _toy(params="dim = 8 % 0 + 8 // 0"),
    "stack": _stack("share * across layers", "1_000_000"),
    "stack-largest": _stack("share * across layers", "1_000_000_000_000_000_000"),
    "stack-negative": _stack("share * across layers", "0 - 5"),
    "stack-by-comprehension": _toy(
        head="  layer head[i in range(1_000_000)] = Linear(dim, dim)\n", forward=_body("return head[0](x)")
    ),
    "stacks-of-stacks": _wide(60, 4),
    "stacks-of-stacks-of-stacks": _wide(2, 60),
    "blocks-in-blocks": _chain(300),
    "blocks-in-blocks-below-the-limit": _chain(60),
    "fold": _stack("fold layers 1_000_000 times"),
    "fold-largest": _stack("fold layers 1_000_000_000_000_000_000 times"),
    "folds": _stack("fold layers 1000 times\nfold layers[0:2] 1000 times"),
    "fold-list": _stack("fold layers as [i % 4 for i in range(200_000)]"),
    "plan-loop": _stack("for i in range(200_000) { tie head.weight = layers[i % 4].weight }"),
    "plan-loops": _stack("for i in range(2000) { for j in range(2000) { tie head.weight = layers[j % 4].weight } }"),
    "forward-loop": _toy(forward=_body("for i in range(1_000_000) { x = head(x) }\n    return x")),
    "forward-loops": _toy(forward=_body("for i in range(1000) { for j in range(1000) { x = head(x) } }\n    return x")),
    "rank": _stack("factorize head.weight rank 1_000_000_000_000_000_000"),
    "repeat": _stack("tie head.weight = repeat(layers[0].weight, 1_000_000_000_000_000_000, axis = 0)"),
    "roll": _stack("tie head.weight = roll(layers[0].weight, 1_000_000_000_000_000_000, axis = 0)"),
    "long-line": _toy() + "# " + "x" * 1_500_000,
    "long-name": _toy(params="dim = 8, " + "x" * 300_000 + " = 3"),
    "long-string": 'import "' + "x" * 1_000_000 + '" { A }\n' + _toy(),
    "many-names": "import \"std/mlp\" { " + ", ".join(f"N{i}" for i in range(3000)) + " }\n" + _toy(),
    "many-errors": "build Built = Nothing()\n" * 5000,
    "many-items": "".join(f"function f{i}(x: float[...]) -> float[...] {{ return x }}\n" for i in range(3000)),
    "many-layers": _toy(head="".join(f"  layer l{i} = Linear(dim, dim)\n" for i in range(3000)) + _HEAD),
    "many-parameters": _toy(params=_parameters(2000, "p + 1")),
    "doubling-parameters": _toy(params=_parameters(60, "p * p")),
    "growing-formula": _toy(params=_parameters(40, "p + p // 3 + p % 7")),
    "self-recursive-block": _AGAIN + _toy(head="  layer head = A(dim)\n"),
    "self-recursive-function": _function("f", "f(f(x))") + _toy(forward=_body("return f(head(x))")),
    "mutual-functions": _function("f", "g(x) + g(x)")
    + _function("g", "f(x)")
    + _toy(forward=_body("return f(head(x))")),
    "doubling-functions": _doubling(40) + _toy(forward=_body("return f0(head(x))")),
    "plan-extends-itself": _stack("freeze head").replace("of Toy", "of Toy extends p"),
    "stars": _stack("freeze " + "**." * 60 + "weight"),
    "alternatives": _stack("freeze " + "{head, layers[0]}." * 12 + "weight"),
    "nested-alternatives": _stack("freeze " + "{" * 80 + "head" + "}" * 80),
    "tokens-only": "= = = = ) ( } { ] [ , , | | @ * ** |> -> " * 3000,
    "words-only": "model block layer sharing build import function extern " * 3000,
    "carriage-returns": _toy().replace("\n", "\r"),
    "no-newline": _toy().replace("\n", " "),
    "empty": "",
    "blank": " \t\n\r\f\v" * 1000,
}  # fmt: skip
