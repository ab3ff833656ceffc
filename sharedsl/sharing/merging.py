"""Pieces of weights, and neighbours that are one box of one tensor put together."""

from __future__ import annotations

from typing import NamedTuple

from sharedsl.model.sizes import Arith
from sharedsl.sharing import strided
from sharedsl.sharing.strided import Box, Digit, Map
from sharedsl.sharing.variables import Var


class Piece(NamedTuple):
    """A box of a weight that is `factor` times elements of `var`, under `map`."""

    box: Box
    var: Var
    map: Map
    factor: float = 1.0
    code: Arith | None = None
    detached: bool = False


def merged(pieces: list[Piece], rank: int) -> list[Piece]:
    """Neighbours that are one box of one tensor become one piece, as far as that goes."""
    changed = True
    while changed and len(pieces) > 1:
        changed = False
        for axis in range(rank):
            grouped: dict[object, list[Piece]] = {}
            for piece in pieces:
                rest = (*piece.box[:axis], *piece.box[axis + 1 :])
                grouped.setdefault(rest, []).append(piece)
            out: list[Piece] = []
            for run in grouped.values():
                run.sort(key=lambda piece: piece.box[axis])
                last = run[0]
                for piece in run[1:]:
                    joined = _joined(last, piece, axis)
                    if joined is None:
                        out.append(last)
                        last = piece
                    else:
                        last, changed = joined, True
                out.append(last)
            pieces = out
    return sorted(pieces, key=lambda piece: piece.box)


def _joined(one: Piece, other: Piece, axis: int) -> Piece | None:
    """Both as one piece, where the second goes on where the first ends."""
    if one.var is not other.var or one.box[axis][1] != other.box[axis][0]:
        return None
    if one.detached != other.detached or abs(one.factor - other.factor) > 1e-12:
        return None
    others = [at for at in range(len(one.box)) if at != axis]
    if any(one.map.digits[at] != other.map.digits[at] for at in others):
        return None
    outer = _outer(one.map, other.map, axis)
    if outer is None:
        return None
    digits = tuple(strided.simplified(outer) if at == axis else each for at, each in enumerate(one.map.digits))
    box = tuple((lo, other.box[axis][1]) if at == axis else (lo, hi) for at, (lo, hi) in enumerate(one.box))
    map = Map(digits, one.map.offset)
    # with elements left out in between it would be no box of the tensor
    return one._replace(box=box, map=map) if strided.dense(map) else None


def _outer(one: Map, other: Map, axis: int) -> tuple[Digit, ...] | None:
    """The digits of an axis that is one part after the other, or None where they do not follow each other."""
    first, second = one.digits[axis], other.digits[axis]
    moved = [(k, b - a) for k, (a, b) in enumerate(zip(one.offset, other.offset, strict=True)) if a != b]
    if len(moved) != 1:
        return None
    k, by = moved[0]
    for head, inner in _splits(first):
        for after, rest in _splits(second):
            count, more = head[0] if head else 1, after[0] if after else 1
            t, uneven = divmod(by, count)
            step = (k, t)
            if uneven or inner != rest or (head and head[1:] != step) or (after and after[1:] != step):
                continue
            return ((count + more, k, t), *inner)
    return None


def _splits(digits: tuple[Digit, ...]) -> list[tuple[Digit | None, tuple[Digit, ...]]]:
    """Readings of an axis as steps of an inner part: its outermost digit, or one step of all of it."""
    if not digits:
        return [(None, ())]
    return [(digits[0], digits[1:]), (None, digits)]
