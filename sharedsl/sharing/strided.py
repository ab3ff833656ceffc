"""Index maps between boxes of weights: which element of B each element of A is, in closed form.

Along each axis of A an index is written in mixed radix; one digit `(n, k, t)` takes n values and moves t elements along
axis k of B for each (k = -1: it moves nowhere, as in `repeat`). Permutations, reshapes, flips, slices and repeats are
all of this form, are compared by it, and cost nothing in the size of the weight.
"""

from __future__ import annotations

from functools import lru_cache
from math import prod

from sharedsl.record import dataclass

Digit = tuple[int, int, int]
Box = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Map:
    """`digits[a]` outermost first; `offset` is where the first element of A's box lies in B."""

    digits: tuple[tuple[Digit, ...], ...]
    offset: tuple[int, ...]


@lru_cache(maxsize=4096)
def whole(shape: tuple[int, ...]) -> Box:
    return tuple((0, n) for n in shape)


def extents(box: Box) -> tuple[int, ...]:
    return tuple(hi - lo for lo, hi in box)


@lru_cache(maxsize=4096)
def identity(box: Box) -> Map:
    return Map(
        tuple(((hi - lo, a, 1),) if hi - lo > 1 else () for a, (lo, hi) in enumerate(box)), tuple(lo for lo, _ in box)
    )


def simplified(digits: tuple[Digit, ...]) -> tuple[Digit, ...]:
    """No digits of one value, neighbours merged where they move as one: then equal maps have equal digits."""
    if len(digits) == 1:
        return digits if digits[0][0] > 1 else ()
    out: list[Digit] = []
    for n, k, t in digits:
        if n == 1:
            continue
        if k < 0:
            t = 0
        if out and out[-1][1] == k and out[-1][2] == n * t:
            out[-1] = (out[-1][0] * n, k, t)
        else:
            out.append((n, k, t))
    return tuple(out)


@lru_cache(maxsize=4096)
def canonical(map: Map) -> Map:
    return Map(tuple(simplified(axis) for axis in map.digits), map.offset)


def image(map: Map) -> Box:
    """The smallest box of B that holds every element of A."""
    low, high = list(map.offset), [at + 1 for at in map.offset]
    for axis in map.digits:
        for n, k, t in axis:
            if k >= 0:
                if t < 0:
                    low[k] += t * (n - 1)
                else:
                    high[k] += t * (n - 1)
    return tuple(zip(low, high, strict=True))


def bijective(map: Map) -> bool:
    return all(k >= 0 for axis in map.digits for _, k, _ in axis)


def dense(map: Map) -> bool:
    """Whether every element of the image box is met, if often."""
    return prod(extents(image(map))) == prod(n for axis in map.digits for n, k, _ in axis if k >= 0)


def fills(map: Map) -> bool:
    """Whether every element of the image box is met once."""
    return bijective(map) and prod(extents(image(map))) == prod(n for axis in map.digits for n, _, _ in axis)


def _cut(digits: tuple[Digit, ...], lo: int, hi: int, moved: list[int]) -> tuple[Digit, ...] | None:
    """Values lo .. hi of an axis; what the start moves goes to `moved`. None where that is not a box of digits."""
    if not digits:
        return ()
    (_, k, t), inner = digits[0], digits[1:]
    step = prod(d[0] for d in inner)
    if lo // step == (hi - 1) // step and (lo % step or hi % step):
        if k >= 0:
            moved[k] += t * (lo // step)
        return _cut(inner, lo - lo // step * step, hi - lo // step * step, moved)
    if lo % step or hi % step:
        return None
    if k >= 0:
        moved[k] += t * (lo // step)
    return (((hi - lo) // step, k, t), *inner)


def restrict(map: Map, box: Box, part: Box) -> Map | None:
    """The map on a part of its box; None where the part cuts through a digit."""
    if part == box:
        return map
    moved = list(map.offset)
    out: list[tuple[Digit, ...]] = []
    for digits, (lo, _), (a, b) in zip(map.digits, box, part, strict=True):
        kept = _cut(digits, a - lo, b - lo, moved)
        if kept is None:
            return None
        out.append(simplified(kept))
    return Map(tuple(out), tuple(moved))


def inverse(map: Map, box: Box) -> Map:
    """From the image back to `box`; the map must fill its image."""
    back: list[list[tuple[int, Digit]]] = [[] for _ in map.offset]
    offset = [lo for lo, _ in box]
    for a, digits in enumerate(map.digits):
        place = 1
        for n, k, t in reversed(digits):
            if t < 0:
                offset[a] += place * (n - 1)
            back[k].append((abs(t), (n, a, place if t > 0 else -place)))
            place *= n
    ordered = tuple(simplified(tuple(d for _, d in sorted(axis, key=lambda item: -item[0]))) for axis in back)
    return Map(ordered, tuple(offset))


def _through(n: int, t: int, digits: tuple[Digit, ...]) -> list[Digit] | None:
    """A digit that moves t along an axis, written in that axis's own digits."""
    size, sign, place = abs(t), 1 if t > 0 else -1, 1
    for count, k, step in reversed(digits):
        top = place * count
        if size < top:
            if size % place or top % size:
                return None
            room = top // size
            if n <= room:
                return [(n, k, sign * (size // place) * step)]
            if n % room:
                return None
            outer = _through(n // room, sign * size * room, digits)
            return None if outer is None else [*outer, (room, k, sign * (size // place) * step)]
        place = top
    return None


def point(map: Map, box: Box, at: tuple[int, ...]) -> tuple[int, ...]:
    """Where the element `at` of A lies in B."""
    out = list(map.offset)
    for digits, (lo, _), index in zip(map.digits, box, at, strict=True):
        rest = index - lo
        for n, k, t in reversed(digits):
            if k >= 0:
                out[k] += t * (rest % n)
            rest //= n
    return tuple(out)


def compose(first: Map, second: Map, middle: Box) -> Map | None:
    """A to C through B; `middle` is the box of B that `second` is defined on. None where the digits do not match."""
    out: list[tuple[Digit, ...]] = []
    for axis in first.digits:
        digits: list[Digit] = []
        for n, k, t in axis:
            if k < 0:
                digits.append((n, -1, 0))
                continue
            passed = _through(n, t, second.digits[k])
            if passed is None:
                return None
            digits.extend(passed)
        out.append(simplified(tuple(digits)))
    return Map(tuple(out), point(second, middle, first.offset))


def cut_through(map: Map, box: Box, there: Box, axis: int, position: int) -> tuple[int, int] | bool | None:
    """Where a cut of A's axis at `position` cuts B's box `there`: (axis, position), True for nowhere.

    None where what it cuts off is not a box of B.
    """
    digits = map.digits[axis]
    lo, hi = box[axis]
    if not lo < position < hi:
        return True
    (n, k, t), inner = digits[0], digits[1:]
    step = prod(d[0] for d in inner)
    if (position - lo) % step:
        return None
    if k < 0:
        return True
    low, high = there[k]
    if abs(t) * n != high - low:
        return None
    moved = (position - lo) // step * abs(t)
    return (k, low + moved) if t > 0 else (k, high - moved)
