"""Random shares: sets, across collections with every map, along an axis."""

from __future__ import annotations

from dataclasses import replace

from tests.property.draw import Draw
from tests.property.lines import Lines, claim, first, kinds_for, private_part, some_stack
from tests.property.models import Model


def share_set(model: Model, draw: Draw) -> Lines | None:
    """`share S`: everything that S names is one."""
    draw.tag("share-set")
    if draw.chance(0.5):
        part = some_stack(model, draw)
        path = draw.pick(part.weights).path
        model.groups.append(tuple(f"{part.path(at)}.{path}" for at in range(part.count or 0)))
        return [f"share {part.any()}.{path}"]
    shape = (draw.number(2, 4),), (draw.number(2, 4),)
    paths = [model.add_linear(*shape)[0].removesuffix(".weight") for _ in range(draw.number(2, 3))]
    model.groups.append(tuple(f"{path}.weight" for path in paths))
    return [f"share {{{', '.join(paths)}}}.weight"]


def how_for(draw: Draw, count: int) -> tuple[str, list[int]]:
    """A map that is legal for `count` elements, and the label of each element."""
    divisors = [n for n in range(1, count + 1) if count % n == 0]
    any_number = draw.number(1, count)
    way = draw.number(0, 5)
    if way == 0:
        n = draw.pick(divisors)
        draw.tag("map-groups-of")
        return f" in groups of {n}", [at // n for at in range(count)]
    if way == 1:
        draw.tag("map-in-groups")
        return f" in {any_number} groups", [at * any_number // count for at in range(count)]
    if way == 2:
        draw.tag("map-cycle")
        return f" in cycle of {any_number}", [at % any_number for at in range(count)]
    if way == 3:
        draw.tag("map-cycle-reversed")
        return f" in cycle of {any_number} reversed", _mirrored(any_number, count)
    if way == 4:
        draw.tag("map-list")
        labels = [draw.number(0, 2) for _ in range(count)]
        return f" as {labels}", labels
    draw.tag("map-all")
    return "", [0] * count


def _mirrored(n: int, count: int) -> list[int]:
    """0 1 2 0 1 2 2 1 0: the last turn backwards."""
    turns = [at % n for at in range(max(n, count - n))]
    return (turns + list(range(n))[::-1])[:count]


def share_across(model: Model, draw: Draw, with_part: bool = False) -> Lines | None:
    if with_part:
        part = some_stack(model, draw, *kinds_for(model, "linear", "mlp", "layer", "attention"))
    else:
        part = some_stack(model, draw)
    assert part.count is not None
    where, elements = part.name, [part.path(at) for at in range(part.count)]
    if part.count > 2 and draw.chance(0.3):
        cut, elements = draw.pick((("[1:]", elements[1:]), ("[0::2]", elements[0::2]), ("[1:-1]", elements[1:-1])))
        where += cut
        draw.tag("collection-slice")
    elif draw.chance(0.2):
        twin = replace(part, name=model.fresh("y"))
        model.parts.append(twin)
        model.late.append(f"x = {twin.name}(x)")
        claim(model, twin)
        where, elements = f"{part.name}, {twin.name}", elements + [twin.path(at) for at in range(part.count)]
        draw.tag("collection-several")
    what = "*"
    if part.blocks and draw.chance(0.35):
        chosen = draw.some([each for each in part.blocks if "." not in each], 1, 2)
        what = chosen[0] if len(chosen) == 1 else f"{{{', '.join(chosen)}}}"
    how, labels = how_for(draw, len(elements))
    line = f"share {what} across {where}{how}"
    draw.tag("share-across")
    shared = [
        each
        for each in part.weights
        if what == "*" or any(each.path.startswith(one.strip() + ".") for one in what.strip("{}").split(","))
    ]
    if what == "*" and len(part.weights) > 1 and draw.chance(0.45):
        dropped = draw.pick((*part.blocks, *(each.path for each in part.weights)))
        line += f" except {dropped}"
        shared = [each for each in shared if each.path != dropped and not each.path.startswith(dropped + ".")]
        draw.tag("share-except")
    for weight in shared:
        for label in set(labels):
            group = [element for element, each in zip(elements, labels, strict=True) if each == label]
            model.groups.append(tuple(f"{element}.{weight.path}" for element in group))
    if with_part:
        line += private_part(draw, shared)
    return [line]


def share_with(model: Model, draw: Draw) -> Lines | None:
    return share_across(model, draw, with_part=True)


def share_along(model: Model, draw: Draw) -> Lines | None:
    """Grouped-query attention by a plan, and slices of a plain weight."""
    heads = model.sizes.heads
    if model.lead != "B" and heads > 1 and draw.chance(0.7):
        part = some_stack(model, draw, "layer", most=3)
        groups = [n for n in range(1, heads + 1) if heads % n == 0]
        what = draw.pick(("{k, v}", "k", "k.weight"))
        line = f"share {part.any()}.attn.{what} along heads"
    else:
        path, dims = model.add_linear((draw.pick((4, 6)),), (draw.number(2, 3),))
        model.claims.add(first(path))
        groups = [n for n in range(1, dims[0][1] + 1) if dims[0][1] % n == 0]
        line = f"share {path} along outputs"
    if draw.chance(0.6):
        draw.tag("along-groups")
        return [f"{line} in groups of {draw.pick(groups)}"]
    draw.tag("along")
    return [line]
