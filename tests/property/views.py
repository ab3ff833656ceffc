"""Random views of a weight: the text of the expression and the shape it has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

from tests.property.draw import Draw


@dataclass(frozen=True)
class Viewed:
    """An expression over weights. `axes` are the names that its axes still have, where a slice may use them."""

    text: str
    shape: tuple[int, ...]
    axes: tuple[str | None, ...]

    @property
    def atom(self) -> str:
        """The text, fit to stand before a subscript or a `.T`."""
        return self.text if "*" not in self.text.split("(")[0] else f"({self.text})"


View = Callable[[Draw, Viewed], "Viewed | None"]


def transpose(draw: Draw, of: Viewed) -> Viewed | None:
    if len(of.shape) != 2:
        return None
    return Viewed(f"{of.atom}.T", of.shape[::-1], of.axes[::-1])


def permute(draw: Draw, of: Viewed) -> Viewed | None:
    if len(of.shape) < 2:
        return None
    order = list(range(len(of.shape)))
    draw.random.shuffle(order)
    names = [of.axes[at] for at in order]
    named = draw.chance(0.4) and None not in names and len(set(names)) == len(names)
    text = f"permute({of.text}, [{', '.join(str(each) for each in (names if named else order))}])"
    return Viewed(text, tuple(of.shape[at] for at in order), tuple(of.axes[at] for at in order))


def reshape(draw: Draw, of: Viewed) -> Viewed | None:
    size = prod(of.shape)
    divisors = [n for n in range(2, min(size, 24)) if size % n == 0]
    if not divisors or size > 400:
        return None
    rows = draw.pick(divisors)
    return Viewed(f"reshape({of.text}, [{rows}, {size // rows}])", (rows, size // rows), (None, None))


def part(draw: Draw, of: Viewed) -> Viewed | None:
    axis = draw.number(0, len(of.shape) - 1)
    size = of.shape[axis]
    if size < 2:
        return None
    start = draw.number(0, size - 2)
    stop = draw.number(start + 1, size)
    cut = f"{start}:{stop}"
    name = of.axes[axis]
    text = f"{name} = {cut}" if name is not None and draw.chance(0.6) else ", ".join([":"] * axis + [cut])
    shape = tuple(stop - start if at == axis else n for at, n in enumerate(of.shape))
    return Viewed(f"{of.atom}[{text}]", shape, of.axes)


def flip(draw: Draw, of: Viewed) -> Viewed | None:
    axis = draw.number(0, len(of.shape) - 1)
    return Viewed(f"flip({of.text}, axis = {axis})", of.shape, of.axes)


def rot90(draw: Draw, of: Viewed) -> Viewed | None:
    if len(of.shape) < 2:
        return None
    a = draw.number(0, len(of.shape) - 2)
    times = draw.number(1, 3)
    shape = list(of.shape)
    if times % 2:
        shape[a], shape[a + 1] = shape[a + 1], shape[a]
    return Viewed(f"rot90({of.text}, {times}, axes = [{a}, {a + 1}])", tuple(shape), (None,) * len(shape))


def roll(draw: Draw, of: Viewed) -> Viewed | None:
    axis = draw.number(0, len(of.shape) - 1)
    return Viewed(f"roll({of.text}, {draw.number(1, 3)}, axis = {axis})", of.shape, of.axes)


def repeat(draw: Draw, of: Viewed) -> Viewed | None:
    axis, times = draw.number(0, len(of.shape) - 1), draw.number(2, 3)
    if prod(of.shape) > 300:
        return None
    shape = tuple(n * times if at == axis else n for at, n in enumerate(of.shape))
    return Viewed(f"repeat({of.text}, {times}, axis = {axis})", shape, of.axes)


def scale(draw: Draw, of: Viewed) -> Viewed | None:
    factor = draw.pick(("0.5", "2", "dim ** -0.5", "sqrt(dim)", "-1.5"))
    return Viewed(f"{factor} * {of.text}", of.shape, of.axes)


def detach(draw: Draw, of: Viewed) -> Viewed | None:
    return Viewed(f"detach({of.text})", of.shape, of.axes)


VIEWS: dict[str, View] = {
    "T": transpose,
    "permute": permute,
    "reshape": reshape,
    "slice": part,
    "flip": flip,
    "rot90": rot90,
    "roll": roll,
    "repeat": repeat,
    "scale": scale,
    "detach": detach,
}
