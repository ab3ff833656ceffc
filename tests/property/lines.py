"""What relations have in common: stacks and weights that no line has touched, targets that fit, private parts."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from tests.property.draw import Draw
from tests.property.models import Model
from tests.property.parts import Part, Weight

Lines = list[str]


def kinds_for(model: Model, *kinds: str) -> tuple[str, ...]:
    """The kinds of part that may be added: after pooling there is no sequence for attention."""
    return tuple(kind for kind in kinds if model.lead != "B" or kind in ("linear", "mlp", "norm"))


def some_stack(model: Model, draw: Draw, *kinds: str, least: int = 2, most: int = 6) -> Part:
    """A stack that no line has touched: one of the model's own, or a new one."""
    found = [
        part for part in model.stacks()
        if least <= (part.count or 0) <= most and part.name not in model.claims and part.calls == 1
    ]  # fmt: skip
    if not kinds and found and draw.chance(0.7):
        part = draw.pick(found)
    else:
        pick = draw.pick(kinds_for(model, *(kinds or ("linear", "mlp", "layer", "own", "attention"))) or ("linear",))
        part = model.add_stack(pick, draw.number(least, most if pick == "linear" else min(most, max(least, 4))))
    claim(model, part)
    return part


def claim(model: Model, part: Part) -> None:
    model.claims.add(part.name)


def some_weight(model: Model, draw: Draw, fits: Callable[[Weight], bool]) -> tuple[str, Weight] | None:
    """A weight of a layer that no line has touched."""
    claimed = model.claims
    found = [(path, each) for path, each in model.weights() if fits(each) and first(path) not in claimed]
    if not found:
        return None
    path, weight = draw.pick(found)
    model.claims.add(first(path))
    return path, weight


def first(path: str) -> str:
    return path.split(".")[0].split("[")[0]


def matrix(weight: Weight) -> bool:
    return 2 <= len(weight.shape) <= 4 and 4 <= prod(weight.shape) <= 300 and weight.outs < len(weight.shape)


def matrix_or_new(model: Model, draw: Draw) -> tuple[str, Weight]:
    found = some_weight(model, draw, matrix)
    if found is not None:
        return found
    path, dims = model.add_linear((draw.number(2, 5),), (draw.number(2, 5),))
    return path, Weight(path, dims, 1)


def target_for(model: Model, draw: Draw, shape: tuple[int, ...]) -> str:
    """A new weight of this shape."""
    if len(shape) == 1:
        return model.add_vector(shape[0])[0]
    cut = draw.number(1, len(shape) - 1)
    return model.add_linear(shape[:cut], shape[cut:])[0]


def private_part(draw: Draw, weights: list[Weight]) -> str:
    """` with lora(rank = 2) on ..` for some of these weights."""
    matrices = [each for each in weights if each.outs < len(each.shape) and each.layer == "Linear"]
    square = [each for each in matrices if prod(each.shape[: each.outs]) == prod(each.shape[each.outs :])]
    kind = draw.pick(("lora", "diagonal", "scale"))
    if kind == "diagonal" and not square:
        kind = "lora"
    chosen = square if kind == "diagonal" else matrices
    if not chosen:
        return ""
    paths = [each.path for each in draw.some(chosen, 1, 2)]
    on = paths[0] if len(paths) == 1 else f"{{{', '.join(paths)}}}"
    draw.tag(f"with-{kind}")
    return f" with lora(rank = {draw.number(1, 2)}) on {on}" if kind == "lora" else f" with {kind} on {on}"
