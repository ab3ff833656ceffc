"""Random relations of a plan, each legal by construction when it stands alone.

A relation may add layers to the model, so that a view finds a weight of its shape. Each returns its lines and tags what
it is; None where the model has nothing for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import prod

from tests.property import shares, ties
from tests.property.draw import Draw
from tests.property.lines import Lines, claim, kinds_for, matrix_or_new, private_part, some_stack
from tests.property.models import Model
from tests.property.views import VIEWS


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
    **{f"tie-{name}": (lambda model, draw, name=name: ties.tie_view(model, draw, name)) for name in VIEWS},
    "tie": ties.tie_view,
    "tie-concat": ties.tie_concat,
    "tie-slice": ties.tie_slice,
    "tie-block": ties.tie_block,
    "tie-star": ties.tie_star,
    "tie-with": ties.tie_with,
    "share-set": shares.share_set,
    "share-across": shares.share_across,
    "share-with": shares.share_with,
    "share-along": shares.share_along,
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
