"""Small questions about calls and inputs that rewriting a body for a `reuse` asks."""

from __future__ import annotations

from collections.abc import Callable

from sharedsl.model import dataflow as d
from sharedsl.model.flowing import reads, size_names
from sharedsl.model.sizes import Arith, Size, named
from sharedsl.record import replace

_EXPRS = (d.Var, d.Const, d.Weight, d.Buffer, d.Op, d.Call, d.CallSelf, d.CallFunction, d.Pick, d.Collect, d.IfPresent)


def mapped(expr: d.Expr, change: Callable[[d.Expr], d.Expr]) -> d.Expr:
    """The expression with its operands changed."""
    parts: dict[str, object] = {}
    for name in ("args", "items", "of", "value", "then", "other"):
        part = getattr(expr, name, None)
        if isinstance(part, tuple):
            changed = tuple(change(each) if isinstance(each, _EXPRS) else each for each in part)
            if any(a is not b for a, b in zip(changed, part, strict=True)):
                parts[name] = changed
        elif isinstance(part, _EXPRS) and (new := change(part)) is not part:
            parts[name] = new
    return replace(expr, **parts) if parts else expr  # type: ignore[arg-type]


def sizes_outside(body: d.Body, args: tuple[d.Expr | None, ...], env: dict[str, Arith]) -> dict[str, Arith]:
    """What a part's names for sizes are in its caller's code."""
    given = {one.name: arg for one, arg in zip(body.inputs, args, strict=False) if arg is not None}
    for name, (source, axis) in body.sizes:
        arg = given.get(source)
        if arg is not None and isinstance(arg.type, d.Tensor):
            env[name] = arg.type.dims[axis].code
    for one in body.inputs:
        arg = given.get(one.name)
        if one.size is not None and isinstance(arg, d.Const) and isinstance(arg.value, Size):
            env[one.name] = arg.value.code
    return env


def word_of(expr: d.Expr) -> str:
    return expr.uses[0].child if isinstance(expr, d.Call) else "given"


def result_names(call: d.Call, count: int) -> list[str]:
    """Names for the results of a call inside of an expression."""
    name = "x" if len(call.uses) > 1 else f"{call.uses[0].child}_out"
    return [name, *(f"{name}_{at + 1}" for at in range(1, count))]


def without_unread(body: d.Body, old: d.Body) -> d.Body:
    """Inputs that were read, and are no longer: their callers need not compute them."""
    read, before = reads(body.statements), reads(old.statements)
    said = size_names((body.statements, body.output))
    inputs, sizes = list(body.inputs), dict(body.sizes)
    for at, one in enumerate(inputs[: len(old.inputs)]):
        if one.name in read or one.name not in before or not isinstance(one.type, d.Tensor):
            continue
        moved: dict[str, tuple[str, int] | None] = {}
        for name, (source, _) in sizes.items():
            if source == one.name and name in said:
                moved[name] = _elsewhere(name, [each for each in inputs if each is not one])
        if all(place is not None for place in moved.values()):
            sizes = {name: place for name, place in sizes.items() if place[0] != one.name or name in moved}
            sizes |= {name: place for name, place in moved.items() if place is not None}
            inputs[at] = d.Input(one.name, None)
    return replace(body, inputs=tuple(inputs), sizes=tuple(sizes.items()))


def _elsewhere(name: str, inputs: list[d.Input]) -> tuple[str, int] | None:
    """Another input that has this size."""
    for one in inputs:
        if isinstance(one.type, d.Tensor) and not one.type.optional and one.default is None:
            for axis, size in enumerate(one.type.dims):
                if size.code == named(name):
                    return (one.name, axis)
    return None
