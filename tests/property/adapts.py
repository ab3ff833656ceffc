"""Adapted storages and blocks: one part each, readers through views, factors in common, factors drawn once."""

from __future__ import annotations

from math import prod

from tests.property.draw import Draw
from tests.property.lines import Lines, claim, first, kinds_for, matrix_or_new
from tests.property.models import Model


def adapt(model: Model, draw: Draw) -> Lines | None:
    """One storage with one part; sometimes frozen as a whole as well, or one of the factors is."""
    path, weight = matrix_or_new(model, draw)
    rows, columns = prod(weight.shape[: weight.outs]), prod(weight.shape[weight.outs :])
    rank = draw.number(1, max(1, min(rows, columns)))
    kind = draw.pick(("lora", "dora", "gated", "scale", "vera", "diagonal" if rows == columns else "capped"))
    draw.tag(f"adapt-{kind}")
    part = {
        "lora": f"lora(rank = {rank}, alpha = {draw.number(1, 5)})",
        "dora": f"dora(rank = {rank})",
        "gated": f"lora(rank = {rank}, gated = true)",
        "vera": f"vera(rank = {draw.number(1, 4)}, seed = 3)",
        "capped": f"lora(rank = {rank + 20}, capped = true)",
        "scale": f"scale(inputs = {draw.pick(('true', 'false'))})",
    }.get(kind, kind)
    lines = [f"adapt {path} with {part}"]
    if draw.chance(0.3):
        lines.append(f"freeze {path}")
    elif kind in ("lora", "gated") and draw.chance(0.4):
        lines.append(f"freeze {path}.lora.{draw.pick(('a', 'b'))}")
        draw.tag("mark-factor")
    return lines


def adapt_reader(model: Model, draw: Draw) -> Lines | None:
    """A storage that is named through a transposed reader, and one that is a product itself."""
    rows, columns = draw.number(2, 5), draw.number(2, 5)
    a, _ = model.add_linear((rows,), (columns,))
    if draw.chance(0.5):
        b, _ = model.add_linear((columns,), (rows,))
        draw.tag("adapt-reader")
        return [f"tie {b} = {a}.T", f"adapt {draw.pick((a, b))} with lora(rank = 1)"]
    draw.tag("adapt-product")
    return [f"factorize {a} rank 1", f"adapt {a} with lora(rank = 2, alpha = 3)"]


def adapt_shared(model: Model, draw: Draw) -> Lines | None:
    """Two storages with a factor in common, by a line or drawn once; the second may be smaller."""
    rows, columns = draw.number(3, 5), draw.number(3, 5)
    a, _ = model.add_linear((rows,), (columns,))
    if draw.chance(0.5):
        b, _ = model.add_linear((draw.number(2, 6),), (draw.number(2, 6),))
        draw.tag("adapt-vera")
        return [f"adapt {{{first(a)}, {first(b)}}}.weight with vera(rank = {draw.number(1, 3)})"]
    b, _ = model.add_linear((rows,), (columns,))
    which = draw.pick(("a", "b"))
    draw.tag("adapt-gated", "share-factor")
    part = f"lora(rank = {draw.number(1, 2)}, gated = true)"
    lines = [f"adapt {a} with {part}", f"tie {b}.lora.{which} = {a}.lora.{which}"]
    if part != "lora(rank = 1, gated = true)":
        return [f"adapt {{{first(a)}, {first(b)}}}.weight with {part}", lines[1]]
    return [lines[0], f"adapt {b} with {part}", lines[1]]


def adapter(model: Model, draw: Draw) -> Lines | None:
    """Bottlenecks behind the blocks of a stack, which may be one layer or be applied again."""
    kinds = kinds_for(model, "mlp", "own", "layer", "attention")
    part = model.add_stack(draw.pick(kinds), draw.number(2, 3))
    claim(model, part)
    draw.tag("adapt-adapter")
    lines = [f"adapt {part.name} with adapter(width = {draw.number(1, 3)})"]
    more = draw.number(0, 3)
    if more == 1:
        lines.append(f"share * across {part.name}")
    elif more == 2:
        lines.append(f"fold {part.name} 2 times")
    elif more == 3:
        lines.append(f"share adapter across {part.name}")
    return lines
