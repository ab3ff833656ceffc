"""The real solver against the one that works element by element, on many more random plans than the usual run."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from tests.sharing.plans import plans
from tests.sharing.test_reference import compare


@pytest.mark.slow
def test_real_solver_and_elements_agree() -> None:
    solved = 0

    @settings(
        max_examples=2000, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(plans())
    def check(plan: Any) -> None:
        nonlocal solved
        solved += compare(*plan) == "solved"

    check()
    assert solved > 400, solved
