"""One colour for each shared storage: storages of one owner are one family of hues, so that plans can be seen."""

from __future__ import annotations

from collections import Counter

from sharedsl.model.sites import Path
from sharedsl.model.weights import Expr, Repeat, Solved, children, storages_of

#: hues of OKLCH that stay apart, for the first families; further ones follow the golden angle
_HUES = (255.0, 50.0, 152.0, 325.0, 92.0, 205.0, 22.0, 290.0, 122.0, 350.0)
_GOLDEN = 137.508
#: how far the hues of one family spread
_SPREAD = 30.0


def readers(solved: Solved) -> Counter[int]:
    """How many sites read each storage; one that is repeated inside of a site counts twice there."""
    found: Counter[int] = Counter()
    for expr in solved.reads:
        found.update(storages_of(expr) * (2 if _repeats(expr) else 1))
    return found


def shared(solved: Solved) -> list[int]:
    """The storages that more than one site, or one site more than once, reads."""
    found = readers(solved)
    return [storage.index for storage in solved.storages if found[storage.index] > 1]


def colours(solved: Solved) -> dict[int, tuple[float, float]]:
    """Storage -> (hue, shade from 0 to 1). No two are alike; storages that one site reads, and once, have none."""
    families: dict[Path, list[int]] = {}
    for index in shared(solved):
        families.setdefault(_home(solved.storages[index].owner), []).append(index)
    found: dict[int, tuple[float, float]] = {}
    for number, members in enumerate(families.values()):
        base = _HUES[number] if number < len(_HUES) else (_HUES[0] + number * _GOLDEN) % 360
        for at, index in enumerate(members):
            shade = (at + 0.5) / len(members) if len(members) > 1 else 0.35
            found[index] = (round((base + (shade - 0.5) * _SPREAD) % 360, 2), round(shade, 4))
    return found


def _home(owner: Path) -> Path:
    """The layer that a storage belongs to: its owner up to the last step with an index, or its first step."""
    end = 1
    for at, step in enumerate(owner, 1):
        if step.index is not None:
            end = at
    return owner[:end]


def _repeats(expr: Expr) -> bool:
    """Whether slices of one weight are one: sharing inside of a weight."""
    return isinstance(expr, Repeat) or any(_repeats(each) for each in children(expr))
