"""Values that elements of a stack read from one another."""

from __future__ import annotations

from tests.property.draw import Draw
from tests.property.lines import Lines, claim
from tests.property.models import Model
from tests.property.parts import Part, below, linear, one
from tests.property.shares import how_for


def reuse(model: Model, draw: Draw) -> Lines | None:
    """Keys and values of attention, or what a block of the file's own assigns; shared, folded, adapted as well."""
    part, choices = _stack(model, draw)
    claim(model, part)
    draw.tag("reuse")
    assert part.count is not None
    what = draw.pick(choices)
    way = draw.number(0, 4)
    if way == 0:
        times = draw.number(2, 3)
        draw.tag("reuse-fold")
        how, _ = how_for(draw, part.count * times)
        return [f"fold {part.name} {times} times", f"reuse {what} across {part.name}@*{how}"]
    how, _ = how_for(draw, part.count)
    lines = [f"reuse {what} across {part.name}{how}"]
    if way == 1:
        draw.tag("reuse-share")
        lines.append(f"share * across {part.name}")
    elif way == 2:
        lines.append(f"adapt {part.name}[0] with lora(rank = 1)")
    elif way == 3 and part.count > 2:
        draw.tag("reuse-slice")
        return [f"reuse {what} across {part.name}[1:]{how_for(draw, part.count - 1)[0]}"]
    return lines


def _stack(model: Model, draw: Draw) -> tuple[Part, tuple[str, ...]]:
    """A fresh stack, and the values that it may reuse."""
    if model.lead != "B" and draw.chance(0.5):
        part = model.add_stack(draw.pick(("layer", "attention")), draw.number(2, 4))
        inner = "attn" if any(each.path.startswith("attn.") for each in part.weights) else "core"
        draw.tag("reuse-attention")
        return part, (f"{inner}.{{keys, values}}", f"{inner}.keys", f"{inner}.values", f"{inner}.queries")
    name, dim = model.fresh("m"), model.sizes.dim
    kind, lead = f"Gate{name.title()}", model.lead
    text = (
        f"block {kind}(dim) {{\n  layer a = Linear(dim, dim)\n  layer b = Linear(dim, 2)\n"
        f"  weight gain[dim] init ones()\n"
        f"  forward(x: float[{lead}, dim]) -> float[{lead}, dim] {{\n    hidden = tanh(a(x))\n"
        "    gate = sigmoid(sum(b(hidden), axis = -1, keep = true))\n    out = gain * hidden * gate\n"
        "    out = out + 0.5 * x\n    return tanh(out + x)\n  }\n}\n"
    )
    weights = (
        below("a", linear(one(dim), one(dim), True)) + below("b", linear(one(dim), one(2), True))
    )  # fmt: skip
    part = Part(name, f"{kind}(dim)", weights, ("a", "b"), count=draw.number(2, 5), texts=(text,), whole=True)
    model.parts.append(part)
    model.late.append(f"x = {name}(x)")
    return part, ("hidden", "gate", "{hidden, gate}", "out")
