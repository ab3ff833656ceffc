"""Random models with random plans: the oracle holds, the budget is exact, the order of lines says nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.property.checks import check_pair, smallest
from tests.property.specs import KINDS, random_pair

#: how many pairs each part of the long run checks; all parts together are more than 2,000
PART, PARTS = 520, 4
#: of the pairs, at least so many have to be legal
LEGAL = 0.9


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def run(part: int, count: int) -> tuple[Counter[str], int]:
    """Checks `count` pairs; how often each kind was legal, and how many pairs were.

    Each pair is drawn to exercise the kind that was seen least so far, so that all come up about as often.
    """
    kinds: Counter[str] = Counter(dict.fromkeys(KINDS, 0))
    wanted: dict[int, str] = {}
    asked: Counter[str] = Counter()
    legal = 0

    @settings(
        max_examples=count, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(st.integers(0, 2**40))
    def check(number: int) -> None:
        nonlocal legal
        kind = wanted.setdefault(number, min(KINDS, key=lambda each: (kinds[each], asked[each])))
        asked[kind] += 1
        pair = random_pair(number * PARTS + part, kind)
        try:
            outcome = check_pair(pair)
        except Exception as problem:
            small, again = smallest(pair, check_pair)
            raise AssertionError(f"seed {pair.seed}: {again or problem}\n{small.text}") from problem
        if outcome.build is not None:
            legal += 1
            kinds.update(pair.tags)

    check()
    return kinds, legal


def missing(kinds: Counter[str]) -> list[str]:
    return [kind for kind in KINDS if not kinds[kind]]


def test_pairs() -> None:
    kinds, legal = run(0, 150)
    assert legal >= LEGAL * 150, legal
    assert not missing(kinds)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_many_pairs(part: int) -> None:
    kinds, legal = run(part, PART)
    assert legal >= LEGAL * PART, legal
    assert not missing(kinds)
