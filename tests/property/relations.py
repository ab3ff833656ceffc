"""Random relations of a plan, each legal by construction when it stands alone.

A relation may add layers to the model, so that a view finds a weight of its shape. Each returns its lines and tags what
it is; None where the model has nothing for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import prod

from tests.property import adapts, forms, gathers, running, shares, ties, training, values
from tests.property.draw import Draw
from tests.property.lines import Lines, claim, kinds_for, matrix_or_new, private_part, some_stack
from tests.property.models import Model
from tests.property.views import VIEWS


def fold_layer(model: Model, draw: Draw, end: str = "") -> Lines | None:
    """One layer again and again; `end` is "except" or "with"."""
    kinds = ("layer", "own", "attention", "mlp", "norm") if end == "except" else ("linear", "mlp", "layer", "attention")
    made = model.add_stack(draw.pick(kinds_for(model, *kinds)), 1)
    part = replace(made, count=None)
    model.parts[-1] = part
    model.late[-1] = f"x = {part.name}(x)"
    claim(model, part)
    draw.tag("fold-times", "fold-layer")
    line = f"fold {part.name} {draw.number(2, 3)} times"
    if end == "except" and len(part.weights) > 1:
        draw.tag("fold-except")
        line += f" except {draw.pick(part.weights).path}"
    elif end == "with":
        text = private_part(draw, list(part.weights))
        draw.tag(*(["fold-with"] if text else []))
        line += text
    return [line]


def fold_stack(model: Model, draw: Draw) -> Lines | None:
    """A stack in another order, or again; a slice of it; both."""
    way = draw.number(0, 3)
    part = some_stack(model, draw, least=3 if way in (1, 2) else 2)
    assert part.count is not None
    if way == 0:
        order = list(range(part.count)) + [draw.number(0, part.count - 1) for _ in range(draw.number(1, 2))]
        draw.random.shuffle(order)
        draw.tag("fold-as")
        return [f"fold {part.name} as {order}"]
    draw.tag("fold-times")
    if way == 1:
        low = draw.number(0, part.count - 2)
        draw.tag("fold-slice")
        return [f"fold {part.name}[{low}:{draw.number(low + 1, part.count)}] {draw.number(2, 3)} times"]
    if way == 2:
        draw.tag("fold-nested", "fold-slice")
        return [f"fold {part.name} 2 times", f"fold {part.name}[0:2] 2 times"]
    draw.tag("fold-stack")
    return [f"fold {part.name} {draw.number(2, 3)} times"]


def factorize(model: Model, draw: Draw) -> Lines | None:
    path, weight = matrix_or_new(model, draw)
    rows, columns = prod(weight.shape[: weight.outs]), prod(weight.shape[weight.outs :])
    rank = draw.number(1, max(1, min(rows, columns) - 1))
    draw.tag("factorize-rank")
    lines = [f"factorize {path} rank {rank}"]
    if rank > 1 and rows > 1 and draw.chance(0.5):
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
    "share-across-again": shares.share_across,
    "share-with": shares.share_with,
    "share-along": shares.share_along,
    "fold": fold_layer,
    "fold-except": lambda model, draw: fold_layer(model, draw, "except"),
    "fold-with": lambda model, draw: fold_layer(model, draw, "with"),
    "fold-stack": fold_stack,
    "fold-stack-again": fold_stack,
    "factorize": factorize,
    "factorize-shared": factorize_shared,
    "factorize-across": factorize_across,
    "factorize-across-again": factorize_across,
    "adapt": adapts.adapt,
    "adapt-again": adapts.adapt,
    "adapt-reader": adapts.adapt_reader,
    "adapt-shared": adapts.adapt_shared,
    "adapter": adapts.adapter,
    "contracted": forms.contracted,
    "contracted-digits": forms.digits,
    "contracted-blocks": forms.blocks,
    "contracted-parts": forms.parts,
    "plan-weight": gathers.plan_weight,
    "gather": gathers.gather,
    "gather-named": gathers.named_gather,
    "reuse": values.reuse,
    "reuse-again": values.reuse,
    "running-loop": running.running_loop,
    "scan": running.scanned,
    "stage": training.stage,
    "local": training.local,
    "freeze": freeze,
    "init": init,
    "untie-applications": untie_applications,
    "share-applications": share_applications,
}
