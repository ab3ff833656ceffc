"""Rows of a table that is contracted from small tensors: slices chosen by the digits of the row's number."""

from __future__ import annotations

from sharedsl import pytree as py
from sharedsl.analysis import lowering as low
from sharedsl.model.contractions import steps


def looked_up(form: low.Digits, parts: list[py.Expr], x: py.Expr, cx: py.CodeContext) -> py.Expr:
    """The slices that the digits choose, contracted from the left; columns joined at the end."""
    cx.use("torch")
    slices = [_slice(part, chosen, x) for part, chosen in zip(parts, form.chosen, strict=True)]
    many = ["..." if chosen is not None else "" for chosen in form.chosen]
    code, before = slices[0], many[0]
    for step, part, rows in zip(steps(form.terms, form.result), slices[1:], many[1:], strict=True):
        after = before or rows
        code = py.call(
            "torch.einsum", py.Const(f"{before}{step.left},{rows}{step.right}->{after}{step.out}"), code, part
        )
        before = after
    return code if len(form.result) == 1 else py.method(code, "flatten", py.Const(-len(form.result)))


def _slice(part: py.Expr, chosen: tuple[int, int, int] | None, x: py.Expr) -> py.Expr:
    if chosen is None:
        return part
    axis, stride, length = chosen
    first = part if axis == 0 else py.method(part, "movedim", py.Const(axis), py.Const(0))
    digit = x if stride == 1 else py.Binary("//", x, py.Const(stride))
    return py.Index(first, py.Binary("%", digit, py.Const(length)))
