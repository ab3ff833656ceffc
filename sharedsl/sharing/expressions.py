"""Pieces to weight expressions: slices, permutations, reshapes, flips and repeats that an index map stands for."""

from __future__ import annotations

from math import prod

from sharedsl.diagnostics import InternalError
from sharedsl.model import weights as w
from sharedsl.model.sizes import Arith, literal
from sharedsl.sharing import strided
from sharedsl.sharing.merging import Piece
from sharedsl.sharing.strided import Box, Digit, Map


def assemble(pieces: list[Piece], shape: tuple[int, ...], read: dict[int, w.Expr]) -> w.Expr:
    """The expression of a weight of `shape` from its pieces; `read` gives each tensor's own expression."""
    return _joined(pieces, strided.whole(shape), read)


def _joined(pieces: list[Piece], box: Box, read: dict[int, w.Expr]) -> w.Expr:
    if len(pieces) == 1:
        return one(pieces[0], read)
    for axis in range(len(box)):
        starts = sorted({piece.box[axis][0] for piece in pieces})
        cuts = [at for at in starts if all(p.box[axis][0] >= at or p.box[axis][1] <= at for p in pieces)]
        if len(cuts) < 2:
            continue
        parts = []
        for lo, hi in zip(cuts, [*cuts[1:], box[axis][1]], strict=True):
            inside = [piece for piece in pieces if lo <= piece.box[axis][0] < hi]
            parts.append(_joined(inside, (*box[:axis], (lo, hi), *box[axis + 1 :]), read))
        return w.Concat(tuple(parts), axis, strided.extents(box))
    raise InternalError("pieces that no cut tells apart")


def separable(pieces: list[Piece], box: Box) -> bool:
    """Whether straight cuts take the pieces apart one by one."""
    if len(pieces) == 1:
        return True
    for axis in range(len(box)):
        starts = sorted({piece.box[axis][0] for piece in pieces})
        cuts = [at for at in starts if all(p.box[axis][0] >= at or p.box[axis][1] <= at for p in pieces)]
        if len(cuts) > 1:
            bounds = zip(cuts, [*cuts[1:], box[axis][1]], strict=True)
            return all(
                separable([p for p in pieces if lo <= p.box[axis][0] < hi], (*box[:axis], (lo, hi), *box[axis + 1 :]))
                for lo, hi in bounds
            )
    return False


def one(piece: Piece, read: dict[int, w.Expr]) -> w.Expr:
    """The expression of one piece."""
    expr = read[piece.var.index]
    if piece.box != strided.whole(expr.shape) or piece.map != strided.identity(piece.box):
        expr = view(expr, piece.map, strided.extents(piece.box))
    if piece.detached:
        expr = w.Detach(expr, expr.shape)
    return scaled(expr, piece.factor, piece.code)


def scaled(expr: w.Expr, factor: float, code: Arith | None) -> w.Expr:
    return expr if factor == 1.0 else w.Scale(expr, factor, code or literal(factor), expr.shape)


def view(of: w.Expr, map: Map, shape: tuple[int, ...]) -> w.Expr:
    """`of` under an index map, as a tensor of `shape`."""
    box = strided.image(map)
    expr = _sliced(of, box)
    digits = [_split_to(digits, box) for digits in map.digits]
    flat = [digit for axis in digits for digit in axis]
    straight = _straight(expr, digits, map)
    if straight is not None:
        return straight
    real = [digit for digit in flat if digit[1] >= 0]
    source = sorted(real, key=lambda d: (d[1], -abs(d[2])))
    expr = reshaped(expr, tuple(d[0] for d in source))
    expr = permuted(expr, tuple(source.index(d) for d in real))
    for at, (_, _, t) in enumerate(real):
        if t < 0:
            expr = w.Flip(expr, at, expr.shape)
    return _repeated(expr, flat, shape)


def _repeated(expr: w.Expr, flat: list[Digit], shape: tuple[int, ...]) -> w.Expr:
    """Digits that go nowhere become repeats of an axis of size 1."""
    if any(k < 0 for _, k, _ in flat):
        expr = reshaped(expr, tuple(n if k >= 0 else 1 for n, k, _ in flat))
        for at, (n, k, _) in enumerate(flat):
            if k < 0:
                expr = w.Repeat(expr, at, n, (*expr.shape[:at], n, *expr.shape[at + 1 :]))
    return reshaped(expr, shape)


def _straight(expr: w.Expr, digits: list[tuple[Digit, ...]], map: Map) -> w.Expr | None:
    """Whole axes permuted, flipped and repeated, without a reshape; None where that is not all."""
    if len(digits) != len(map.offset):
        return None
    order: list[int] = []
    for axis in digits:
        real = [digit for digit in axis if digit[1] >= 0]
        if len(real) > 1 or (len(axis) > len(real) and axis[0][1] < 0 and real) or len(axis) - len(real) > 1:
            return None
        order.append(real[0][1] if real else -1)
    used = [k for k in order if k >= 0]
    if len(set(used)) != len(used):
        return None
    free = iter(k for k in range(len(order)) if k not in used)
    order = [k if k >= 0 else next(free) for k in order]
    expr = permuted(expr, tuple(order))
    for at, axis in enumerate(digits):
        for n, k, t in axis:
            if k >= 0 and t < 0:
                expr = w.Flip(expr, at, expr.shape)
            elif k < 0:
                expr = w.Repeat(expr, at, n, (*expr.shape[:at], expr.shape[at] * n, *expr.shape[at + 1 :]))
    return expr


def _split_to(digits: tuple[Digit, ...], box: Box) -> tuple[Digit, ...]:
    return tuple(digit for digit in digits if digit[0] > 1)


def _sliced(expr: w.Expr, box: Box) -> w.Expr:
    for axis, (lo, hi) in enumerate(box):
        if (lo, hi) != (0, expr.shape[axis]):
            expr = _slice(expr, axis, lo, hi)
    return expr


def _slice(expr: w.Expr, axis: int, lo: int, hi: int) -> w.Expr:
    shape = (*expr.shape[:axis], hi - lo, *expr.shape[axis + 1 :])
    if isinstance(expr, w.MatMul):
        outs = len(expr.left.shape) - 1
        if axis < outs:
            return w.MatMul(_slice(expr.left, axis, lo, hi), expr.right, shape)
        return w.MatMul(expr.left, _slice(expr.right, axis - outs + 1, lo, hi), shape)
    return w.Slice(expr, axis, lo, hi, 1, shape)


def reshaped(expr: w.Expr, shape: tuple[int, ...]) -> w.Expr:
    if expr.shape == shape:
        return expr
    if prod(expr.shape) != prod(shape):
        raise InternalError(f"a view of {expr.shape} with shape {shape}")
    return w.Reshape(expr, shape)


def permuted(expr: w.Expr, order: tuple[int, ...]) -> w.Expr:
    """A permutation; of a product whose sides change places it is the product of the permuted factors."""
    if order == tuple(range(len(order))):
        return expr
    shape = tuple(expr.shape[at] for at in order)
    if isinstance(expr, w.Permute):
        return permuted(expr.of, tuple(expr.order[at] for at in order))
    if isinstance(expr, w.MatMul):
        outs = len(expr.left.shape) - 1
        ins = len(expr.right.shape) - 1
        if all(at >= outs for at in order[:ins]):
            left = permuted(expr.right, (*(at - outs + 1 for at in order[:ins]), 0))
            right = permuted(expr.left, (outs, *order[ins:]))
            return w.MatMul(left, right, shape)
        if all(at < outs for at in order[:outs]):
            left = permuted(expr.left, (*order[:outs], outs))
            right = permuted(expr.right, (0, *(at - outs + 1 for at in order[outs:])))
            return w.MatMul(left, right, shape)
    if isinstance(expr, w.Repeat):
        return w.Repeat(permuted(expr.of, order), order.index(expr.axis), expr.times, shape)
    return w.Permute(expr, order, shape)
