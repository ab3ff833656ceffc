"""How a weight expression is computed where it is read: which products are taken in which order.

Linear maps (Linear, Embedding, convolutions, attention projections) are linear in their weight, so a definition can
be applied part by part: `(U V) x` as `U (V x)`, `(W + B A) x` as `W x + B (A x)`, a repeated output as a repeat of the
small one. The cheaper order is chosen by counting multiplications for many rows, where the cost of building the whole
weight vanishes: the chain wins while `r * (in + out) < in * out` (measured: 40 of 40 cases at 128 rows and more).
"""

from __future__ import annotations

import math

from sharedsl.model import weights as w
from sharedsl.model.sites import Axis
from sharedsl.model.sizes import Arith
from sharedsl.record import dataclass

#: layers whose result is linear in `weight` and whose weight has an outputs side and an inputs side
LINEAR_LAYERS = frozenset(("Linear", "Embedding", "Conv1d", "Conv2d", "Conv3d"))
#: of those, the ones where a product of two factors can be applied as two steps
CHAINABLE = frozenset(("Linear", "Embedding"))


@dataclass(frozen=True, slots=True)
class Whole:
    """The weight is built from its expression, then used."""

    expr: w.Expr


@dataclass(frozen=True, slots=True)
class Chain:
    """right first, then left: rank-sized in between."""

    left: w.Expr
    right: w.Expr
    rank: int


@dataclass(frozen=True, slots=True)
class Sum:
    parts: tuple[Form, ...]


@dataclass(frozen=True, slots=True)
class Scaled:
    factor: float
    code: Arith
    of: Form


@dataclass(frozen=True, slots=True)
class Repeated:
    """The small result, each slice along the outputs axis `axis` `times` times in a row."""

    axis: int
    times: int
    of: Form


@dataclass(frozen=True, slots=True)
class Digits:
    """A row of a table that is a contraction: the digits of its number choose slices of the parts.

    `terms` and `result` are without the letters of the rows; `chosen[i]` is (axis, stride, length) of part i's digit.
    """

    expr: w.Expr
    parts: tuple[w.Expr, ...]
    terms: tuple[str, ...]
    result: str
    chosen: tuple[tuple[int, int, int] | None, ...]


Form = Whole | Chain | Sum | Scaled | Repeated | Digits


def _outputs(axes: tuple[Axis, ...]) -> int:
    """How many of the axes are outputs; an owner of the same shape may have been split in another place."""
    outs = sum(axis.side == "out" for axis in axes)
    return 1 if outs == len(axes) else outs


def _is_product(expr: w.Expr) -> bool:
    return isinstance(expr.of if isinstance(expr, w.Scale) else expr, w.MatMul)


def lower(expr: w.Expr, layer: str, axes: tuple[Axis, ...]) -> Form:
    """The form in which a site of a `layer` reads `expr`; `axes` are the site's own."""
    if layer not in LINEAR_LAYERS:
        return Whole(expr)
    match expr:
        case w.Scale():
            return Scaled(expr.factor, expr.code, lower(expr.of, layer, axes))
        case w.Add() if layer in CHAINABLE and any(_is_product(part) for part in expr.parts):
            return Sum(tuple(lower(part, layer, axes) for part in expr.parts))
        case w.MatMul() if layer in CHAINABLE and len(expr.left.shape) - 1 == _outputs(axes):
            rank = expr.left.shape[-1]
            rows = math.prod(expr.left.shape[:-1])
            columns = math.prod(expr.right.shape[1:])
            return Chain(expr.left, expr.right, rank) if rank * (rows + columns) < rows * columns else Whole(expr)
        case w.Repeat() if layer == "Linear" and axes[expr.axis].side == "out":
            return Repeated(expr.axis, expr.times, lower(expr.of, layer, axes))
        case w.Reshape() | w.Slice() | w.Contract() if layer == "Embedding":
            return _digits(expr) or Whole(expr)
        case _:
            return Whole(expr)


def _digits(expr: w.Expr) -> Digits | None:
    """The table as rows whose number has digits, where each digit is an axis of one part."""
    of = expr
    while isinstance(of, w.Reshape) or (isinstance(of, w.Slice) and (of.axis, of.start, of.step) == (0, 0, 1)):
        of = of.of
    if not isinstance(of, w.Contract) or len(expr.shape) != 2:
        return None
    lengths = dict(zip(of.result, of.shape, strict=True))
    count = next((n for n in range(len(of.shape)) if math.prod(of.shape[n:]) == expr.shape[1]), 0)
    rows = of.result[:count]
    chosen: list[tuple[int, int, int] | None] = []
    for term in of.terms:
        mine = [letter for letter in term if letter in rows]
        if len(mine) > 1 or any(mine[0] in other for other in of.terms if mine and other is not term):
            return None
        stride = math.prod(lengths[letter] for letter in rows[rows.index(mine[0]) + 1 :]) if mine else 1
        chosen.append((term.index(mine[0]), stride, lengths[mine[0]]) if mine else None)
    left = tuple("".join(letter for letter in term if letter not in rows) for term in of.terms)
    return Digits(expr, of.parts, left, of.result[count:], tuple(chosen)) if count else None
