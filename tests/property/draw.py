"""Random choices of one pair, from one seed, and what they exercised."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Draw:
    """A source of choices. `tags` collects the kinds of relation, view, private part and nesting that were used."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.random = Random(seed)
        self.tags: set[str] = set()

    def pick(self, items: Sequence[T]) -> T:
        return items[self.random.randrange(len(items))]

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def number(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return self.random.randint(low, high)

    def some(self, items: Sequence[T], least: int, most: int) -> list[T]:
        """Between `least` and `most` different items, in their own order."""
        count = min(len(items), self.number(least, most))
        return [items[at] for at in sorted(self.random.sample(range(len(items)), count))]

    def tag(self, *names: str) -> None:
        self.tags.update(names)
