"""Random relations of a plan, each legal by construction when it stands alone.

A relation may add layers to the model, so that a view finds a weight of its shape. Each returns its lines and tags what
it is; None where the model has nothing for it.
"""

from __future__ import annotations

from collections.abc import Callable
from sharedsl.record import replace
from math import prod

from tests.property.draw import Draw
from tests.property.models import Model
from tests.property.parts import Part, Weight
from tests.property.views import VIEWS, Viewed

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
    found = [(path, each) for path, each in model.weights() if fits(each) and _first(path) not in claimed]
    if not found:
        return None
    path, weight = draw.pick(found)
    model.claims.add(_first(path))
    return path, weight


def _first(path: str) -> str:
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


# ---------------------------------------------------------------------------- tie


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


# ---------------------------------------------------------------------------- share


def share_set(model: Model, draw: Draw) -> Lines | None:
    """`share S`: everything that S names is one."""
    draw.tag("share-set")
    if draw.chance(0.5):
        part = some_stack(model, draw)
        return [f"share {part.any()}.{draw.pick(part.weights).path}"]
    shape = (draw.number(2, 4),), (draw.number(2, 4),)
    paths = [model.add_linear(*shape)[0].removesuffix(".weight") for _ in range(draw.number(2, 3))]
    return [f"share {{{', '.join(paths)}}}.weight"]


def how_for(draw: Draw, count: int) -> str:
    """A map that is legal for `count` elements."""
    divisors = [n for n in range(1, count + 1) if count % n == 0]
    way = draw.number(0, 5)
    if way == 0:
        draw.tag("map-groups-of")
        return f" in groups of {draw.pick(divisors)}"
    if way == 1:
        draw.tag("map-in-groups")
        return f" in {draw.number(1, count)} groups"
    if way == 2:
        draw.tag("map-cycle")
        return f" in cycle of {draw.number(1, count)}"
    if way == 3:
        draw.tag("map-cycle-reversed")
        return f" in cycle of {draw.number(1, count)} reversed"
    if way == 4:
        draw.tag("map-list")
        return f" as {[draw.number(0, 2) for _ in range(count)]}"
    draw.tag("map-all")
    return ""


def share_across(model: Model, draw: Draw, with_part: bool = False) -> Lines | None:
    if with_part:
        part = some_stack(model, draw, *kinds_for(model, "linear", "mlp", "layer", "attention"))
    else:
        part = some_stack(model, draw)
    assert part.count is not None
    where, count = part.name, part.count
    if count > 2 and draw.chance(0.25):
        where, count = draw.pick(((f"{part.name}[1:]", count - 1), (f"{part.name}[0::2]", (count + 1) // 2)))
        draw.tag("collection-slice")
    elif draw.chance(0.12):
        twin = replace(part, name=model.fresh("y"))
        model.parts.append(twin)
        model.late.append(f"x = {twin.name}(x)")
        claim(model, twin)
        where, count = f"{part.name}, {twin.name}", 2 * count
        draw.tag("collection-several")
    what = "*"
    if part.blocks and draw.chance(0.35):
        chosen = draw.some([each for each in part.blocks if "." not in each], 1, 2)
        what = chosen[0] if len(chosen) == 1 else f"{{{', '.join(chosen)}}}"
    line = f"share {what} across {where}{how_for(draw, count)}"
    draw.tag("share-across")
    shared = [
        each
        for each in part.weights
        if what == "*" or any(each.path.startswith(one.strip() + ".") for one in what.strip("{}").split(","))
    ]
    if what == "*" and len(part.weights) > 1 and draw.chance(0.3):
        dropped = draw.pick((*part.blocks, *(each.path for each in part.weights)))
        line += f" except {dropped}"
        shared = [each for each in shared if each.path != dropped and not each.path.startswith(dropped + ".")]
        draw.tag("share-except")
    if with_part:
        line += private_part(draw, shared)
    return [line]


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


def share_with(model: Model, draw: Draw) -> Lines | None:
    return share_across(model, draw, with_part=True)


def tie_with(model: Model, draw: Draw) -> Lines | None:
    path, weight = matrix_or_new(model, draw)
    target = model.add_linear(weight.shape[: weight.outs], weight.shape[weight.outs :])[0]
    square = prod(weight.shape[: weight.outs]) == prod(weight.shape[weight.outs :])
    kind = draw.pick(("lora(rank = 1)", "scale", "diagonal" if square else "scale"))
    draw.tag("tie-weight", f"with-{kind.split('(')[0]}", "tie-with")
    return [f"tie {target} = {path} with {kind}"]


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
        model.claims.add(_first(path))
        groups = [n for n in range(1, dims[0][1] + 1) if dims[0][1] % n == 0]
        line = f"share {path} along outputs"
    if draw.chance(0.6):
        draw.tag("along-groups")
        return [f"{line} in groups of {draw.pick(groups)}"]
    draw.tag("along")
    return [line]


# ---------------------------------------------------------------------------- fold


def fold(model: Model, draw: Draw, with_part: bool = False) -> Lines | None:
    kinds = ("linear", "mlp", "layer", "own", "attention", "norm")
    way = 0 if with_part else draw.number(0, 4)
    draw.tag("fold")
    if way == 0:
        name = draw.pick(kinds_for(model, *kinds))
        part = model.add_stack(name, 1)
        single = replace(part, count=None)
        model.parts[-1] = single
        model.late[-1] = f"x = {single.name}(x)"
        claim(model, single)
        line, elements = f"fold {single.name} {draw.number(2, 3)} times", single
        draw.tag("fold-times", "fold-layer")
    else:
        part = some_stack(model, draw)
        elements = part
        assert part.count is not None
        if way == 1:
            order = list(range(part.count)) + [draw.number(0, part.count - 1) for _ in range(draw.number(1, 2))]
            draw.random.shuffle(order)
            line = f"fold {part.name} as {order}"
            draw.tag("fold-as")
        elif way == 2 and part.count > 2:
            low = draw.number(0, part.count - 2)
            line = f"fold {part.name}[{low}:{draw.number(low + 1, part.count)}] {draw.number(2, 3)} times"
            draw.tag("fold-times", "fold-slice")
        elif way == 3 and part.count > 2:
            draw.tag("fold-times", "fold-nested", "fold-slice")
            return [f"fold {part.name} 2 times", f"fold {part.name}[0:2] 2 times"]
        else:
            line = f"fold {part.name} {draw.number(2, 3)} times"
            draw.tag("fold-times", "fold-stack")
    if len(elements.weights) > 1 and not with_part and draw.chance(0.5):
        line += f" except {draw.pick(elements.weights).path}" if elements.count is None else ""
        draw.tag(*(("fold-except",) if elements.count is None else ()))
    elif with_part and elements.count is None:
        part_text = private_part(draw, list(elements.weights))
        line += part_text
        draw.tag(*(("fold-with",) if part_text else ()))
    return [line]


def fold_with(model: Model, draw: Draw) -> Lines | None:
    return fold(model, draw, with_part=True)


# ---------------------------------------------------------------------------- factorize


def factorize(model: Model, draw: Draw) -> Lines | None:
    path, weight = matrix_or_new(model, draw)
    rows, columns = prod(weight.shape[: weight.outs]), prod(weight.shape[weight.outs :])
    rank = draw.number(1, max(1, min(rows, columns) - 1))
    draw.tag("factorize-rank")
    lines = [f"factorize {path} rank {rank}"]
    if rank > 1 and rows > 1 and draw.chance(0.3):
        lines.append(f"factorize {path}.u rank 1")
        draw.tag("factor-of-factor")
    elif draw.chance(0.3):
        lines.append(f"freeze {path}.{draw.pick(('u', 'v'))}")
        draw.tag("mark-factor")
    return lines


def factorize_shared(model: Model, draw: Draw) -> Lines | None:
    """Two weights, each a product, with one factor in common."""
    rows, columns, rank = draw.number(3, 5), draw.number(3, 5), 2
    a, _ = model.add_linear((rows,), (columns,))
    b, _ = model.add_linear((rows,), (columns,))
    which = draw.pick(("u", "v"))
    draw.tag("factorize-rank", "share-factor")
    return [f"factorize {a} rank {rank}", f"factorize {b} rank {rank}", f"tie {b}.{which} = {a}.{which}"]


def factorize_across(model: Model, draw: Draw) -> Lines | None:
    part = some_stack(model, draw, *kinds_for(model, "linear", "mlp", "layer", "attention"), most=4)
    assert part.count is not None
    weight = draw.pick([each for each in part.weights if each.layer == "Linear"])
    rows, columns = prod(weight.shape[: weight.outs]), prod(weight.shape[weight.outs :])
    how = f" in groups of {draw.pick([n for n in range(1, part.count + 1) if part.count % n == 0])}"
    how = how if draw.chance(0.5) else ""
    if draw.chance(0.5):
        draw.tag("factorize-basis")
        rank = draw.number(1, max(1, min(rows, columns) - 1))
        return [f"factorize {weight.path} across {part.name}{how} rank {rank} as basis"]
    draw.tag("factorize-bank")
    return [f"factorize {weight.path} across {part.name}{how} as bank({draw.number(1, 3)})"]


# ---------------------------------------------------------------------------- marks, applications


def freeze(model: Model, draw: Draw) -> Lines | None:
    draw.tag("freeze")
    if draw.chance(0.3):
        return [f"freeze {draw.pick(model.parts).name}"]
    return [f"freeze {draw.pick(model.weights())[0]}"]


def init(model: Model, draw: Draw) -> Lines | None:
    draw.tag("init")
    path, _ = draw.pick(model.weights())
    values = ["normal(std = 0.1)", "zeros()", "ones()", "uniform(bound = 0.2)", "constant(0.3)"]
    return [f"init {path} = {draw.pick(values)}"]


def untie_applications(model: Model, draw: Draw) -> Lines | None:
    """A layer called twice, its applications (or some of their weights) taken apart."""
    part = model.add_twice(draw.pick(kinds_for(model, "linear", "mlp", "own", "layer")))
    claim(model, part)
    draw.tag("untie", "untie-applications", "called-twice")
    way = draw.number(0, 2)
    if way == 0:
        return [f"untie {part.name}@*"]
    if way == 1:
        return [f"untie {part.name}@*.{draw.pick(part.weights).path}"]
    return [f"untie {part.name}@1"]


def share_applications(model: Model, draw: Draw) -> Lines | None:
    """A layer called twice with a private part for each application."""
    part = model.add_twice(draw.pick(kinds_for(model, "linear", "mlp")))
    claim(model, part)
    text = private_part(draw, list(part.weights))
    draw.tag("collection-applications", "called-twice")
    return [f"share * across {part.name}@*{text}"]


RELATIONS: dict[str, Callable[[Model, Draw], Lines | None]] = {
    **{f"tie-{name}": (lambda model, draw, name=name: tie_view(model, draw, name)) for name in VIEWS},
    "tie": tie_view,
    "tie-concat": tie_concat,
    "tie-slice": tie_slice,
    "tie-block": tie_block,
    "tie-star": tie_star,
    "tie-with": tie_with,
    "share-set": share_set,
    "share-across": share_across,
    "share-with": share_with,
    "share-along": share_along,
    "fold": fold,
    "fold-with": fold_with,
    "factorize": factorize,
    "factorize-shared": factorize_shared,
    "factorize-across": factorize_across,
    "freeze": freeze,
    "init": init,
    "untie-applications": untie_applications,
    "share-applications": share_applications,
}
