"""Sizes under a sliding window: convolutions and pooling."""

from __future__ import annotations

from sharedsl.model.dataflow import Setting
from sharedsl.model.sizes import Size, combine, product, size
from sharedsl.ops.base import ShapeError, sizes_of

ONE, TWO = size(1), size(2)


def each(setting: Setting, count: int, what: str) -> tuple[Size, ...]:
    """One number for all axes, or one for each."""
    values = sizes_of(setting, f"`{what}`")
    if isinstance(setting, tuple):
        if len(values) != count:
            raise ShapeError(f"`{what}` has {len(values)} numbers for {count} ax{'i' if count == 1 else 'e'}s")
        return values
    return values * count


def span(kernel: Size, dilation: Size) -> Size:
    """How many entries a window reaches over: dilation * (kernel - 1) + 1."""
    return combine("+", combine("*", dilation, combine("-", kernel, ONE)), ONE)


def slid(length: Size, kernel: Size, stride: Size, padding: Size, dilation: Size = ONE) -> Size:
    """How many places a window has: (length + 2 padding - span) // stride + 1."""
    room = combine("-", combine("+", length, combine("*", TWO, padding)), span(kernel, dilation))
    if room.value is not None and room.value < 0:
        raise ShapeError(
            f"a window over {span(kernel, dilation)} entries does not fit into {length} with padding {padding}", 0
        )
    places = combine("+", combine("//", room, stride), ONE)
    return length if places.formula == length.formula and places.ground == length.ground else places


def spread(length: Size, kernel: Size, stride: Size, padding: Size, more: Size, dilation: Size = ONE) -> Size:
    """The length that a transposed convolution gives: (length - 1) stride - 2 padding + span + output_padding."""
    laid = combine("*", combine("-", length, ONE), stride)
    laid = combine("-", laid, combine("*", TWO, padding))
    return combine("+", combine("+", laid, span(kernel, dilation)), more)


def work(weight: tuple[Size, ...], places: tuple[Size, ...], batch: Size) -> Size:
    """FLOPs of a convolution: 2 x weights x places x batch."""
    return combine("*", TWO, product([*weight, *places, batch]))
