"""reshape, permute, repeat: axes by a pattern of their names."""

from __future__ import annotations

from sharedsl import pytree as py
from sharedsl.model.dataflow import Tensor, Type
from sharedsl.ops.base import (
    Args,
    Call,
    Settings,
    ShapeError,
    number,
    size_of,
    tensor,
)
from sharedsl.ops.patterns import Bound, bind, flat, parse


def _bound(x: Tensor, settings: Settings) -> Bound:
    text = settings["text"]
    if not isinstance(text, str):
        raise ShapeError('the pattern must be a text such as "b t d -> b d t"')
    given = {name: size_of(value, f"`{name}`") for name, value in settings.items() if name != "text"}
    return bind(parse(text), x.dims, given, x)


def pattern_rule(args: Args, settings: Settings) -> Type:
    x = tensor(args, 0, "`x`")
    bound = _bound(x, settings)
    lost = [name for name in flat(bound.left) if name not in flat(bound.right) and bound.size(name).value != 1]
    if lost:
        raise ShapeError(
            f'"{settings["text"]}" drops `{lost[0]}`, which has {bound.size(lost[0])} entries; sum over it first'
        )
    return Tensor(x.dtype, bound.dims(bound.right))


def pattern_code(call: Call) -> py.Expr:
    """Split, drop axes of one, permute, insert axes, expand, join: only the steps that are needed."""
    bound = _bound(call.type(0), call.settings)
    code, names = _split_groups(call.code(0), bound)
    wanted = [name for name in flat(bound.right) if name in names and name != "1"]
    for at in reversed(range(len(names))):
        if names[at] not in wanted:
            code = py.method(code, "squeeze", py.integer(at))
            del names[at]
    code = _permuted(code, names, wanted)
    return _joined(_inserted(code, bound, wanted), bound)


def _split_groups(code: py.Expr, bound: Bound) -> tuple[py.Expr, list[str]]:
    names: list[str] = []
    last = len(bound.left) - 1
    for at in reversed(range(len(bound.left))):
        group = bound.left[at]
        if len(group) > 1:
            lengths = [py.integer(-1) if name in bound.rest else number(bound.size(name)) for name in group]
            parts = py.TupleExpr(tuple(lengths))
            code = py.method(code, "unflatten", py.integer(-1 if at == last else at), parts)
        names = list(group) + names
    return code, names


def _permuted(code: py.Expr, names: list[str], wanted: list[str]) -> py.Expr:
    if names == wanted:
        return code
    moved = [at for at in range(len(names)) if names[at] != wanted[at]]
    if len(moved) == 2:
        return py.method(code, "transpose", *(py.integer(at) for at in moved))
    return py.method(code, "permute", *(py.integer(names.index(name)) for name in wanted))


def _inserted(code: py.Expr, bound: Bound, wanted: list[str]) -> py.Expr:
    names = flat(bound.right)
    fresh = [at for at, name in enumerate(names) if name not in wanted]
    for at in fresh:
        code = py.method(code, "unsqueeze", py.integer(at))
    if any(bound.size(names[at]).value != 1 for at in fresh):
        lengths = [number(bound.size(name)) if at in fresh else py.integer(-1) for at, name in enumerate(names)]
        code = py.method(code, "expand", *lengths)
    return code


def _joined(code: py.Expr, bound: Bound) -> py.Expr:
    end = len(flat(bound.right))
    last = end - 1
    for group in reversed(bound.right):
        start = end - len(group)
        if len(group) > 1:
            code = py.method(code, "flatten", py.integer(start), *((py.integer(end - 1),) if end - 1 != last else ()))
            last = -1
        elif not group:
            code = py.method(code, "unsqueeze", py.integer(start))
        end = start
    return code
