"""A server that is edited in all day does not grow: its memory, as the system counts it, over ten thousand edits."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

pytest.importorskip("pygls", reason="the extra `lsp` is not installed")
from tests.lsp.client import Client
from tests.lsp.requests import fire
from tests.lsp.test_server import SPEC

EDITS = 10_000
#: edits before the memory is looked at: modules are loaded, caches of a fixed size are full
WARM_UP = 2_000
#: megabytes
MOST = 20
WORDS = ("embed", "layers", "head", "tokens", "Lm", "tied", "all", "Small", "dim", "100", "16", "{", ")", "=")


def resident(client: Client) -> float:
    """Megabytes of the server's process."""
    status = Path(f"/proc/{client.process.pid}/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def edited(rng: random.Random, number: int) -> str:
    """The spec with one of its words another: a name that was never there before, a number, or a hole."""
    word = rng.choice(WORDS)
    at = rng.choice([at for at in range(len(SPEC)) if SPEC.startswith(word, at)])
    instead = rng.choice((f"n{number}", str(number), "", "🙂"))
    return SPEC[:at] + instead + SPEC[at + len(word) :]


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_ten_thousand_edits(tmp_path: Path) -> None:
    rng, client, uri = random.Random(1), Client(folder=str(tmp_path)), (tmp_path / "edited.sdsl").as_uri()
    client.open(uri, SPEC, 0)
    before = 0.0
    for number in range(1, WARM_UP + EDITS + 1):
        # every other edit takes the last one back, as one who types does
        client.change(uri, number, {"text": SPEC if number % 2 else edited(rng, number)})
        if number % 20 == 0:
            fire(client, uri, rng.randrange(22), rng.randrange(40), rename=number % 200 == 0)
        if number % 1000 == 0:  # a document that was closed leaves nothing
            assert client.close(uri) == []
            client.open(uri, SPEC, number)
        if number == WARM_UP:
            before = resident(client)
    grown = resident(client) - before
    print(f"\n{before:.1f} MB, {grown:+.1f} MB")
    assert client.stop() == 0
    assert grown < MOST, f"{grown:.1f} MB more than after {WARM_UP} edits"
