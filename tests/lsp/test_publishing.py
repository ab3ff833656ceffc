"""What is published, and when: at every opening, edit and closing, to importers too, each code with its page."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

pytest.importorskip("pygls", reason="the extra `lsp` is not installed")
from sharedsl.diagnostics import error
from sharedsl.ide.workspace import Workspace
from sharedsl.lsp import answers
from sharedsl.lsp.pages import href, known
from sharedsl.source import SourceFile, Span
from tests.lsp.client import Client

MODEL = "model M(dim = 8) {\n  layer one = Linear(dim, dim)\n"
WHOLE = MODEL + "  forward(x: float[B, dim]) -> float[B, dim] { return one(x) }\n}\n"
USER = 'import "inner" { M }\n\nbuild B = M() {}\n'
#: imports what imports it
FAR = 'import "outer" { M }\n\nbuild C = M() {}\n'


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    made = Client(folder=str(tmp_path))
    yield made
    assert made.stop() == 0


def put(folder: Path, name: str, text: str) -> str:
    (folder / name).write_text(text, encoding="utf-8")
    return (folder / name).as_uri()


def becomes(client: Client, uri: str, version: int, clean: bool) -> bool:
    """Whether a document is soon told to be clean, or not to be; what was under way before may come first."""
    return any((client.published(uri, version) == []) == clean for _ in range(4))


def test_a_clean_opening_publishes_nothing_and_closing_clears(client: Client, tmp_path: Path) -> None:
    uri = put(tmp_path, "inner.sdsl", WHOLE)
    assert client.open(uri, WHOLE, 7) == []
    client.change(uri, 8, {"text": MODEL})
    assert client.published(uri, 8) != []
    assert client.close(uri) == []


def test_each_publication_has_the_version_of_its_text(client: Client, tmp_path: Path) -> None:
    uri = put(tmp_path, "inner.sdsl", WHOLE)
    client.open(uri, WHOLE, 3)
    for version in (4, 9, 10):  # numbers may be left out
        client.change(uri, version, {"text": WHOLE.replace("dim = 8", f"dim = {version}x")})
        assert client.published(uri, version) != []
    client.change(uri, 11, {"text": WHOLE})
    assert client.published(uri, 11) == []
    assert client.published(uri, 11) == []  # lint, after its pause, of the same version


@pytest.mark.parametrize("name", ["outer.sdsl", "far.sdsl"])
def test_mending_an_open_import_clears_its_importers(client: Client, tmp_path: Path, name: str) -> None:
    inner, outer = put(tmp_path, "inner.sdsl", MODEL), put(tmp_path, "outer.sdsl", USER)
    uri = outer if name == "outer.sdsl" else put(tmp_path, name, FAR)
    text = USER if uri == outer else FAR
    found = client.open(uri, text, 5)
    assert [each["range"]["start"] for each in found] == [{"line": 0, "character": 7}]
    client.open(inner, MODEL, 1)
    client.change(inner, 2, {"text": WHOLE})
    assert becomes(client, uri, 5, True)
    client.change(inner, 3, {"text": MODEL})
    assert becomes(client, uri, 5, False)
    client.change(inner, 4, {"text": WHOLE})
    assert becomes(client, uri, 5, True)
    client.close(inner)  # from now on the file counts, which is not mended
    assert becomes(client, uri, 5, False)


def test_mending_an_import_on_disk_clears_its_importers(client: Client, tmp_path: Path) -> None:
    inner, outer = put(tmp_path, "inner.sdsl", MODEL), put(tmp_path, "outer.sdsl", USER)
    assert client.open(outer, USER, 2) != []
    for text, clean, kind in ((WHOLE, True, 2), (MODEL, False, 2), (None, False, 3), (WHOLE, True, 1)):
        if text is None:
            os.remove(tmp_path / "inner.sdsl")
        else:
            (tmp_path / "inner.sdsl").write_text(text, encoding="utf-8")
        client.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": inner, "type": kind}]})
        assert becomes(client, outer, 2, clean)


def test_it_asks_to_be_told_of_files(tmp_path: Path) -> None:
    client = Client(folder=str(tmp_path), workspace={"didChangeWatchedFiles": {"dynamicRegistration": True}})
    asked = client.wait(lambda message: message.get("method") == "client/registerCapability")
    client.send({"id": asked["id"], "result": None})
    (wanted,) = asked["params"]["registrations"]
    assert wanted["method"] == "workspace/didChangeWatchedFiles"
    assert "**/*.sdsl" in [each["globPattern"] for each in wanted["registerOptions"]["watchers"]]
    assert client.stop() == 0


# ---------------------------------------------------------------------------- pages


def page_of(address: str) -> str:
    parts = urlsplit(address)
    assert parts.scheme == "file"
    return Path(unquote(parts.path)).read_text(encoding="utf-8")


@pytest.mark.parametrize("code", sorted(known()))
def test_every_code_leads_to_its_page(code: str) -> None:
    found = error(code, "wrong", Span("/specs/a.sdsl", 0, 1))
    made = answers.diagnostic(Workspace(), SourceFile("/specs/a.sdsl", "x"), found, "utf-16")
    assert made.code_description is not None
    text = page_of(made.code_description.href)
    assert text.startswith(f"## {code}\n") and known()[code].title in text


def test_what_is_published_has_its_address(client: Client, tmp_path: Path) -> None:
    text = WHOLE.replace("one(x)", "on(x)") + "model Other(x = 1) {}\n"
    found = client.open(put(tmp_path, "inner.sdsl", text), text)
    assert found
    for each in found:
        assert page_of(each["codeDescription"]["href"]).startswith(f"## {each['code']}\n")


@pytest.mark.parametrize("place", ["", "/proc/nowhere"])
def test_a_page_is_there_where_nothing_can_be_kept(monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    monkeypatch.setenv("SHAREDSL_CACHE", place)
    href.cache_clear()
    address = href("shape-mismatch") or href(next(iter(known())))
    href.cache_clear()
    assert address is not None and page_of(address).startswith("## ")
