"""Fixtures for all tests."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture
def no_collections() -> Iterator[None]:
    """What is timed is the work, not a collection of all that other tests of this process left behind."""
    gc.disable()
    yield
    gc.enable()
