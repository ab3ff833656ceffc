"""A server on a spec in a folder of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sharedsl.serve.server import Server
from tests.cli.conftest import SPEC


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "toy.sdsl"
    path.write_text(SPEC, encoding="utf-8")
    return path


@pytest.fixture
def server(spec: Path) -> Iterator[Server]:
    yield from serving(str(spec))


def serving(path: str) -> Iterator[Server]:
    server = Server(path)
    thread = threading.Thread(target=server.run)
    thread.start()
    yield server
    server.shutdown()
    thread.join(10)
    assert not thread.is_alive()
