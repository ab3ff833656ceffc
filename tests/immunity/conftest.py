"""Each test of this folder runs over every build in specs/, at its test size."""

from __future__ import annotations

import pytest
import torch

from tests.immunity import builds


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "build" in metafunc.fixturenames:
        known = builds.names()
        metafunc.parametrize("build", known, ids=[name for _, name in known], indirect=True)


@pytest.fixture
def build(request: pytest.FixtureRequest) -> builds.Built:
    torch.set_num_threads(1)
    return builds.built(*request.param)
