"""The arithmetic of gathers: formulas of positions evaluated at one place, and the hash that they may use."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import product

from sharedsl.model.sizes import Arith

#: hashes are whole numbers from 0 up to this
MASK = 0x7FFF_FFFF
#: of the integer hash by Wang and Mueller; a 31-bit number times this fits into 63 bits
MIX = 0x45D9_F3B


def hashed(seed: int, *numbers: int) -> int:
    """A whole number below 2 ** 31 that looks random and is the same everywhere: xor-shift and multiply, twice."""
    value = seed & MASK
    for number in numbers:
        value = (value * 31 + number) & MASK
        for _ in range(2):
            value = ((value ^ (value >> 16)) * MIX) & MASK
        value ^= value >> 16
    return value


def at(formula: Arith, names: Mapping[str, int]) -> int:
    """The value of a formula at one position; ZeroDivisionError as Python says it."""
    if formula.op == "name":
        return names[str(formula.args[0])]
    if formula.op == "num":
        return int(formula.args[0])  # type: ignore[arg-type]
    parts = [at(arg, names) for arg in formula.args if isinstance(arg, Arith)]
    return FUNCTIONS[formula.op](*parts)


FUNCTIONS: dict[str, Callable[..., int]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
    "neg": lambda a: -a,
    "abs": abs,
    "min": min,
    "max": max,
    "hash": hashed,
}


def positions(names: tuple[str, ...], shape: tuple[int, ...]) -> Iterator[dict[str, int]]:
    """Every position of a shape, the last axis fastest."""
    for place in product(*(range(length) for length in shape)):
        yield dict(zip(names, place, strict=True))


def bounds(formula: Arith, names: Mapping[str, tuple[int, int]]) -> tuple[int, int] | None:
    """An interval that the values lie in, both ends counted; None where that cannot be said from intervals."""
    if formula.op == "name":
        return names[str(formula.args[0])]
    if formula.op == "num":
        return (int(formula.args[0]), int(formula.args[0]))  # type: ignore[arg-type]
    if formula.op == "hash":
        return (0, MASK)
    parts = [bounds(arg, names) for arg in formula.args if isinstance(arg, Arith)]
    if any(part is None for part in parts):
        return None
    known = [part for part in parts if part is not None]
    match formula.op:
        case "neg":
            return (-known[0][1], -known[0][0])
        case "abs":
            low, high = known[0]
            return (max(low, -high, 0), max(high, -low))
        case "%" | "//" if known[1][0] < 1:
            return None
        case "%":
            (low, high), (_, most) = known
            return (low, high) if low >= 0 and high < known[1][0] else (0, most - 1)
    corners = [FUNCTIONS[formula.op](a, b) for a in known[0] for b in known[1]]
    return (min(corners), max(corners))
