"""Specs typed into the real server letter by letter, with every request after each letter."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("pygls", reason="the extra `lsp` is not installed")
from tests.lsp.client import Client
from tests.lsp.requests import fire, no_bug

ROOT = Path(__file__).parents[2]
#: a small one, one that imports another file and the library, one with every construct and every relation
SPECS = ("specs/tying/scaled.sdsl", "specs/adapting/tied_lora.sdsl", "tests/syntax/data/everything.sdsl")
#: one letter in so many is followed by a rename too
RENAMED = 8


def place(text: str) -> tuple[int, int]:
    """Where a text ends, as a client counts: its line, and the units of UTF-16 on it."""
    lines = text.split("\n")
    return len(lines) - 1, len(lines[-1].encode("utf-16-le")) // 2


def typed(path: Path, begin: int, end: int) -> None:
    text = path.read_text(encoding="utf-8")
    client, uri = Client(folder=str(path.parent)), path.as_uri()
    client.open(uri, text[:begin], 0)
    for at in range(begin, end):
        line, character = place(text[:at])
        where = {"line": line, "character": character}
        client.change(uri, at + 1, {"range": {"start": where, "end": where}, "text": text[at]})
        fire(client, uri, *place(text[: at + 1]), rename=at % RENAMED == 0)
    client.request("textDocument/documentSymbol", {"textDocument": {"uri": uri}})
    assert client.close(uri) == []
    no_bug(client)
    assert client.stop() == 0


@pytest.mark.parametrize("name", SPECS)
def test_some_letters(name: str) -> None:
    path = ROOT / name
    length = len(path.read_text(encoding="utf-8"))
    typed(path, length * 2 // 3, length * 2 // 3 + 25)


@pytest.mark.slow
@pytest.mark.parametrize("name", SPECS)
def test_letter_by_letter(name: str) -> None:
    path = ROOT / name
    typed(path, 0, len(path.read_text(encoding="utf-8")))
