"""In which order a contraction is carried out, and what its steps cost: parts from the left, two at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeVar


class Step(NamedTuple):
    """`left` and `right` are the letters of what is contracted, `out` those of what comes of it."""

    left: str
    right: str
    out: str

    @property
    def summed(self) -> str:
        """The letters that both have and the result has not."""
        return "".join(each for each in self.left if each in self.right and each not in self.out)


def steps(terms: tuple[str, ...], result: str) -> tuple[Step, ...]:
    """One step for each part after the first. A letter is summed as soon as nothing more needs it."""
    found: list[Step] = []
    current = terms[0]
    for at, right in enumerate(terms[1:], 1):
        needed = set(result).union(*terms[at + 1 :])
        both = dict.fromkeys(current + right)
        out = result if at == len(terms) - 1 else "".join(each for each in both if each in needed)
        found.append(Step(current, right, out))
        current = out
    return tuple(found)


Length = TypeVar("Length")


def multiplied(step: Step, lengths: Mapping[str, Length]) -> list[Length]:
    """The lengths whose product is the multiplications of a step that sums; none where it only scales."""
    if not step.summed:
        return []
    alone = {each for each in step.left + step.right if each not in step.out and each not in step.summed}
    return [lengths[each] for each in dict.fromkeys(step.left + step.right) if each not in alone]
