"""Random ties: weights through views, slices, blocks, `[*]`, private parts."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from tests.property.draw import Draw
from tests.property.lines import Lines, claim, kinds_for, matrix_or_new, some_stack, target_for
from tests.property.models import Model
from tests.property.views import VIEWS, Viewed


def tie_view(model: Model, draw: Draw, wanted: str | None = None) -> Lines | None:
    """`tie A = view(view(E))`."""
    path, weight = matrix_or_new(model, draw)
    value = Viewed(path, weight.shape, tuple(name for name, _ in weight.dims))
    names = [wanted] if wanted else []
    names += [draw.pick(tuple(VIEWS)) for _ in range(draw.pick((0, 0, 1, 1, 2)))]
    used = []
    for name in names:
        viewed = VIEWS[name](draw, value)
        if viewed is not None and prod(viewed.shape) <= 600:
            value = viewed
            used.append(name)
    if not used:
        used = ["identity"]
    if len(used) > 1:
        draw.tag("nested-views")
    draw.tag("tie-weight", *(f"view-{name}" for name in used))
    return [f"tie {target_for(model, draw, value.shape)} = {value.text}"]


def tie_concat(model: Model, draw: Draw) -> Lines | None:
    path, weight = matrix_or_new(model, draw)
    axis = draw.number(0, len(weight.shape) - 1)
    size = weight.shape[axis]
    other = tuple(draw.number(1, 3) if at == axis else n for at, n in enumerate(weight.shape))
    second = target_for(model, draw, other)
    cut = max(1, size - 1)
    first = f"{path}[{', '.join([':'] * axis + [f'0:{cut}'])}]"
    shape = tuple(cut + other[at] if at == axis else n for at, n in enumerate(weight.shape))
    draw.tag("tie-weight", "view-concat", "view-slice", "nested-views")
    return [f"tie {target_for(model, draw, shape)} = concat({first}, {second}, axis = {axis})"]


def tie_slice(model: Model, draw: Draw) -> Lines | None:
    """One or two slices of a weight read slices of others; the rest stays its own."""
    path, weight = matrix_or_new(model, draw)
    name, rows = weight.dims[0]
    others = weight.shape[1:]
    long = draw.number(rows + 1, rows + 3)
    target, dims = model.add_linear((long,), others)
    axis = dims[0][0]
    cut = draw.number(1, rows)
    source = f"[{name} = 0:{cut}]" if name else f"[0:{cut}]"
    lines = [f"tie {target}[{axis} = 0:{cut}] = {path}{source}"]
    if long - cut >= 1 and draw.chance(0.4):
        second, _ = model.add_linear((long - cut,), others)
        lines.append(f"tie {target}[{axis} = {cut}:{long}] = {second}")
    draw.tag("tie-slice")
    return lines


def tie_block(model: Model, draw: Draw) -> Lines | None:
    kind = draw.pick(kinds_for(model, "mlp", "attention", "layer", "linear", "own"))
    part = model.add_stack(kind, draw.number(2, 3))
    draw.tag("tie-block")
    claim(model, part)
    way = draw.number(0, 2)
    if way == 0:
        twin = replace(part, name=model.fresh("y"))
        model.parts.append(twin)
        model.late.append(f"x = {twin.name}(x)")
        claim(model, twin)
        return [f"tie {twin.name} = {part.name}"]
    inner = draw.pick(part.blocks) if part.blocks and way == 2 else ""
    inner = f".{inner}" if inner else ""
    return [f"tie {part.name}[{at}]{inner} = {part.name}[{part.count - 1}]{inner}" for at in range(part.count - 1)]


def tie_star(model: Model, draw: Draw) -> Lines | None:
    """`tie s[*].attn.v = s[*].attn.k`."""
    if model.lead == "B":
        return None
    kind = draw.pick(("gated", "attention", "layer"))
    part = some_stack(model, draw, kind, most=4)
    pair, inner = ("gate", "up") if kind == "gated" else ("v", "k"), "attn." if kind == "layer" else "core."
    draw.tag("tie-star")
    end = draw.pick(("", ".weight"))
    return [f"tie {part.any()}.{inner}{pair[0]}{end} = {part.any()}.{inner}{pair[1]}{end}"]


def tie_with(model: Model, draw: Draw) -> Lines | None:
    path, weight = matrix_or_new(model, draw)
    target = model.add_linear(weight.shape[: weight.outs], weight.shape[weight.outs :])[0]
    square = prod(weight.shape[: weight.outs]) == prod(weight.shape[weight.outs :])
    kind = draw.pick(("lora(rank = 1)", "scale", "diagonal" if square else "scale"))
    draw.tag("tie-weight", f"with-{kind.split('(')[0]}", "tie-with")
    return [f"tie {target} = {path} with {kind}"]
