"""Weights of the plan's own, and weights gathered from others by formulas of their positions."""

from __future__ import annotations

from tests.property.draw import Draw
from tests.property.lines import Lines
from tests.property.models import Model

#: formulas of i and j; each is made to fit its axis by `% n`
FORMULAS = (
    "i", "j", "i + j", "i - j", "j - i", "i * j", "i // 2", "3 * i + j", "abs(i - j)", "min(i, j)", "max(i, 2) - j",
    "hash(3, i, j)", "hash(7, i) // 5", "i * j - j", "-i",
)  # fmt: skip
SIGNS = ("(i + j) % 2 * 2 - 1", "hash(5, i, j) % 2 * 2 - 1", "min(i, 1)", "1 - 2 * (j % 2)", "i % 3 - 1")


def plan_weight(model: Model, draw: Draw) -> Lines | None:
    """A storage of the plan, read whole, in slices, transposed, by two layers."""
    name, rows, columns = model.fresh("p"), draw.number(2, 5), draw.number(2, 5)
    init = draw.pick(("", " init normal(std = 0.2)", " init ones()", " init zeros()"))
    line = f"weight {name}[{rows} | {columns}]{init}" if draw.chance(0.4) else f"weight {name}[{rows}, {columns}]{init}"
    draw.tag("plan-weight")
    way = draw.number(0, 3)
    if way == 0:
        return [line, f"tie {model.add_linear((rows,), (columns,))[0]} = {name}"]
    if way == 1:
        one, other = model.add_linear((rows,), (columns,))[0], model.add_linear((columns,), (rows,))[0]
        return [line, f"tie {one} = {name}", f"tie {other} = {name}.T"]
    if way == 2:
        cut = draw.number(1, rows - 1)
        one, other = model.add_linear((cut,), (columns,))[0], model.add_linear((rows - cut,), (columns,))[0]
        return [line, f"tie {one} = {name}[0:{cut}]", f"tie {other} = {name}[{cut}:{rows}]"]
    marks = draw.pick((f"freeze {name}", f"factorize {name} rank 1", f"adapt {name} with lora(rank = 1)"))
    return [line, f"tie {model.add_linear((rows,), (columns,))[0]} = {name}", marks]


def gather(model: Model, draw: Draw) -> Lines | None:
    """A formula for each axis, perhaps a sign; of a plan's weight, or of one that the model has."""
    rows, columns = draw.number(2, 5), draw.number(2, 5)
    sizes = [draw.number(2, 5) for _ in range(draw.pick((1, 2, 2)))]
    lines: Lines = []
    if len(sizes) == 2 and draw.chance(0.4):
        source, _ = model.add_linear((sizes[0],), (sizes[1],))
    else:
        source = model.fresh("p")
        lines.append(f"weight {source}[{', '.join(map(str, sizes))}]{draw.pick(('', ' init normal(std = 0.5)'))}")
    index = [f"({draw.pick(FORMULAS)}) % {size}" for size in sizes]
    sign = ""
    if draw.chance(0.4):
        sign = f", sign = {draw.pick(SIGNS)}"
        draw.tag("gather-sign")
    target, _ = model.add_linear((rows,), (columns,))
    draw.tag("gather", "plan-weight")
    value = f"gather({source}, [i in {rows}, j in {columns}], {', '.join(index)}{sign})"
    if draw.chance(0.3):
        draw.tag("gather-view")
        other, _ = model.add_linear((columns,), (rows,))
        return [*lines, f"tie {target} = {value}", f"tie {other} = 0.5 * {value}.T"]
    return [*lines, f"tie {target} = {value}"]


def named_gather(model: Model, draw: Draw) -> Lines | None:
    """`circulant`, `toeplitz`, `hankel`, `hashed`."""
    kind = draw.pick(("circulant", "toeplitz", "hankel", "hashed"))
    rows, columns = draw.number(2, 5), draw.number(2, 5)
    name = model.fresh("p")
    draw.tag(kind, "plan-weight")
    if kind == "circulant":
        columns = rows
    length = {"circulant": rows, "hashed": draw.number(1, 6)}.get(kind, rows + columns - 1)
    more = {
        "circulant": "", "hashed": f", {rows}, {columns}{draw.pick(('', ', seed = 5'))}",
    }.get(kind, f", {rows}, {columns}")  # fmt: skip
    target, _ = model.add_linear((rows,), (columns,))
    return [f"weight {name}[{length}]{draw.pick(('', ' init ones()'))}", f"tie {target} = {kind}({name}{more})"]
