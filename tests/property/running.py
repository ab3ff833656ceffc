"""Loops that run as often as the caller says, scans, and what is kept: together with plans of what is inside."""

from __future__ import annotations

from tests.property.draw import Draw
from tests.property.lines import Lines, claim, private_part
from tests.property.models import Model
from tests.property.parts import Part

BOUNDS = ("steps", "steps + 1", "min(steps, 2)", "1, steps", "max(steps, 1)", "0, 2 * steps")


def running_loop(model: Model, draw: Draw) -> Lines | None:
    """A layer or a stack in a loop of a run-time length, perhaps stopped early, perhaps cut off behind."""
    if "steps: int" not in model.inputs:
        model.inputs += f", steps: int = {draw.number(0, 3)}"
    part = model.add_stack("linear", draw.number(1, 3))
    claim(model, part)
    model.late.pop()
    draw.tag("loop-steps")
    inside = f"x = tanh({part.name}(x))"
    if draw.chance(0.3):
        row = model.fresh("r")
        model.declarations.append(f"weight {row}[12, dim] init normal(std = 0.1)")
        inside += f"; x = x + {row}[t]"
        draw.tag("loop-rows")
    stop = ""
    if draw.chance(0.3):
        stop = f" while {draw.pick(('any', 'all'))}({draw.pick(('x > 0.3', 'abs(x) < 0.9'))})"
        draw.tag("loop-while")
    body = "\n      ".join(inside.split("; "))
    model.late.append(f"for t in range({draw.pick(BOUNDS)}){stop} {{\n      {body}\n    }}")
    if draw.chance(0.2):
        model.late.append("x = stop_gradient(x)")
        draw.tag("loop-cut")
    return _plan(part, model, draw)


def scanned(model: Model, draw: Draw) -> Lines | None:
    """Cells along the sequence, each way; of a stack, one after the other or all in each step."""
    if model.lead == "B":
        return None
    name = model.fresh("c")
    part = _cell(model, name, draw.number(1, 3), draw)
    model.parts.append(part)
    claim(model, part)
    draw.tag("scan")
    more = ", reverse = true" if draw.chance(0.3) else ""
    if more:
        draw.tag("scan-reverse")
    way = draw.number(0, 2)
    if way == 0:
        step = f"x = x + scan({name}, x, along = T{more})"
    elif way == 1:
        step = f"for each in {name} {{ x = x + scan(each, x, along = T{more}) }}"
    else:
        step = f"x = x + once(scan({name}[0], x, along = T{more})) * scan({name}, tanh(x), along = T)"
        draw.tag("once")
    model.late.append(step)
    return _plan(part, model, draw)


def _cell(model: Model, name: str, count: int, draw: Draw) -> Part:
    inner = model.add_stack("linear", 1)
    model.parts.pop()
    model.late.pop()
    kind = f"Cell{name.title()}"
    change = draw.pick(("tanh(up(x) + h)", "0.5 * h + tanh(up(x))", "h * sigmoid(up(x)) + x"))
    text = (
        f"block {kind}(dim, heads, ff) {{\n  layer up = {inner.value}\n  state h: float[B, dim] = "
        f"{draw.pick(('0', '0.5'))}\n  forward(x: float[B, dim]) -> float[B, dim] {{\n    h = {change}\n"
        f"    return {draw.pick(('h', 'h - x', 'up(h)'))}\n  }}\n}}\n"
    )
    weights = tuple(_below(each) for each in inner.weights)
    return Part(name, f"{kind}(dim, heads, ff)", weights, ("up",), count=count, texts=(text,), whole=True)


def _below(weight):  # type: ignore[no-untyped-def]
    from dataclasses import replace

    return replace(weight, path=f"up.{weight.path}")


def _plan(part: Part, model: Model, draw: Draw) -> Lines:
    """A plan of what is inside of the loop."""
    weight = part.weights[0].path
    way = draw.number(0, 6)
    draw.tag(f"inside-{way}")
    if way == 0:
        return [f"share * across {part.name}{private_part(draw, list(part.weights))}"]
    if way == 1 and "scan(" not in model.late[-1]:
        return [f"fold {part.name} 2 times"]
    if way == 2:
        return [f"adapt {part.any()}.{weight} with lora(rank = 1, alpha = 2)"]
    if way == 3:
        return [f"factorize {part.any()}.{weight} rank 1"]
    if way == 4:
        return [f"freeze {part.name}"]
    if way == 5:
        return [f"factorize {part.name}[0].{weight} rank 1 as cp"]
    return [f"share * across {part.name}"]
