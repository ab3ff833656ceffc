"""Plans for later in training, and what a client of a federation keeps for itself."""

from __future__ import annotations

from tests.property.draw import Draw
from tests.property.lines import Lines, claim, kinds_for
from tests.property.models import Model


def stage(model: Model, draw: Draw) -> Lines | None:
    """A stack that is one at first and set apart later, or the other way round."""
    part = model.add_stack(draw.pick(kinds_for(model, "linear", "mlp", "layer")), draw.number(2, 4))
    claim(model, part)
    assert part.count is not None
    draw.tag("stage")
    name, step, inner = model.fresh("later"), draw.number(1, 9) * 100, draw.pick(part.weights).path
    start = f"stage {name} from step {step}"
    pairs = f"share * across {part.name} in {draw.number(1, part.count)} groups"
    way = draw.number(0, 5)
    draw.tag(f"stage-{way}")
    match way:
        case 0:
            return [f"share * across {part.name}", f"{start} {{ untie {part.name} }}"]
        case 1:
            return [f"share * across {part.name}", f"{start} {{ untie {part.any()}.{inner} }}"]
        case 2:
            return [f"{start} {{ {pairs} }}"]
        case 3:
            return [f"{start} {{ fold {part.name} 2 times }}"]
        case 4:
            return [f"{start} {{ freeze {part.name}[0] }}"]
    return (
        [f"factorize {part.any()}.{inner} rank 1", f"{start} {{ freeze {part.name} }}"]
        if inner.endswith("weight") and "norm" not in inner
        else [f"{start} {{ tie {part.name}[0].{inner} = {part.name}[1].{inner} }}"]
    )


def local(model: Model, draw: Draw) -> Lines | None:
    """Some layer, a weight, the norms of a stack."""
    draw.tag("local")
    if draw.chance(0.5):
        return [f"local {draw.pick(model.parts).name}"]
    return [f"local {draw.pick(model.weights())[0]}"]
