"""Weights contracted from small tensors, in every form, with digits; their parts tied, shared, frozen, low rank."""

from __future__ import annotations

from math import gcd, prod

from tests.property.draw import Draw
from tests.property.lines import Lines, first, kinds_for, matrix_or_new, some_stack
from tests.property.models import Model

#: two sizes of the weights, with digits that multiply to them
DIGITS = {4: "[2, 2]", 6: "[2, 3]", 8: "[2, 2, 2]", 9: "[3, 3]", 12: "[2, 6]"}


def contracted(model: Model, draw: Draw) -> Lines | None:
    """One weight, its axes as they are."""
    path, weight = matrix_or_new(model, draw)
    form = draw.pick(("tucker", "cp", "tt", "kronecker"))
    draw.tag(f"form-{form}")
    rank = draw.number(1, 3)
    if form == "kronecker":
        rows, columns = prod(weight.shape[: weight.outs]), prod(weight.shape[weight.outs :])
        return [f"factorize {path} as kronecker({draw.pick(_divisors(gcd(rows, columns)))})"]
    smallest = min(weight.shape)
    line = f"factorize {path} rank {min(rank, smallest)} as {form}"
    if form == "tucker" and weight.layer == "Linear" and len(weight.shape) == 2 and draw.chance(0.5):
        line = f"factorize {path} as tucker(outputs = {draw.number(1, weight.shape[0])})"
    return [line, *_marks(path, form, draw)]


def _marks(path: str, form: str, draw: Draw) -> Lines:
    part = {"tucker": "core", "cp": "weights", "tt": "core0"}[form]
    if draw.chance(0.25):
        draw.tag("form-part")
        return [f"freeze {path}.{part}"]
    return []


def _divisors(number: int) -> list[int]:
    return [each for each in range(1, number + 1) if number % each == 0]


def digits(model: Model, draw: Draw) -> Lines | None:
    """Both sides of a new weight as digits; of a table, whose rows may be padded."""
    form, rank = draw.pick(("tucker", "cp", "tt")), draw.number(1, 2)
    draw.tag(f"form-{form}", "form-digits")
    if draw.chance(0.4):
        table = next((part for part in model.parts if part.name == "embed" and "embed" not in model.claims), None)
        dim = model.sizes.dim
        if table is not None and dim in DIGITS:
            model.claims.add("embed")
            rows = draw.pick(("[2, 4]", "[4, 2]", "[2, 2, 2]")) if len(DIGITS[dim]) == 6 else "[2, 2, 2]"
            draw.tag("form-table")
            return [f"factorize embed.weight rank {rank} as {form}(rows = {rows}, columns = {DIGITS[dim]})"]
    rows, columns = draw.pick(((4, 4), (6, 4), (8, 8), (9, 6), (4, 12)))
    path, _ = model.add_linear((rows,), (columns,))
    return [f"factorize {path} rank {rank} as {form}(rows = {DIGITS[rows]}, columns = {DIGITS[columns]})"]


def blocks(model: Model, draw: Draw) -> Lines | None:
    """Kronecker sums, Monarch, butterflies: square-ish weights of their own."""
    form = draw.pick(("kronecker", "kronecker-rank", "kronecker-left", "monarch", "butterfly"))
    draw.tag(f"form-{form.split('-')[0]}")
    if form == "butterfly":
        size = draw.pick((2, 4, 8))
        path, _ = model.add_linear((size,), (size,))
        return [f"factorize {path} as butterfly"]
    rows, columns = draw.pick(((4, 4), (8, 4), (4, 8), (8, 8)))
    path, _ = model.add_linear((rows,), (columns,))
    match form:
        case "monarch":
            return [f"factorize {path} as monarch({draw.pick((2, 4) if rows * columns > 32 else (2,))})"]
        case "kronecker-rank":
            return [f"factorize {path} rank 1 as kronecker({draw.pick((2, 4))})"]
        case "kronecker-left":
            return [f"factorize {path} as kronecker({draw.number(1, 3)}, left = [2, {draw.pick((1, 2, 4))}])"]
    return [f"factorize {path} as kronecker({draw.pick((1, 2, 4))})"]


def parts(model: Model, draw: Draw) -> Lines | None:
    """Equal weights with a part in common, a part that is a product itself, a part that starts at zero."""
    part = some_stack(model, draw, *kinds_for(model, "linear", "mlp"), most=3)
    weight = next(each for each in part.weights if each.layer == "Linear")
    path = f"{part.any()}.{weight.path}"
    form = draw.pick(("tucker", "cp", "tt", "kronecker"))
    draw.tag(f"form-{form}", "form-part")
    head = f"factorize {path} as kronecker(1)" if form == "kronecker" else f"factorize {path} rank 2 as {form}"
    name = {
        "tucker": ("core", "outputs", "inputs"), "cp": ("weights", "outputs", "inputs"), "tt": ("core0", "core1"),
        "kronecker": ("a", "b"),
    }[form]  # fmt: skip
    if prod(weight.shape) == 1 or min(weight.shape) < 2:
        return None
    chosen = draw.pick(name)
    model.claims.add(first(path))
    way = draw.number(0, 2)
    if way == 0:
        return [head, f"share {path}.{chosen}"]
    if way == 1:
        return [head, f"share {weight.path}.{chosen} across {part.name}"]
    return [head, f"init {path}.{chosen} = {draw.pick(('zeros()', 'ones()', 'normal(std = 0.3)'))}"]
