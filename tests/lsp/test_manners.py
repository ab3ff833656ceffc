"""A client that does not keep to the protocol: each request has its answer, and the server goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("pygls", reason="the extra `lsp` is not installed")
from tests.lsp.client import Client
from tests.lsp.requests import METHODS, no_bug
from tests.lsp.test_server import FULL, SPEC, URI

INVALID_REQUEST, NO_METHOD, INVALID_PARAMS = -32600, -32601, -32602


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    made = Client()
    made.open(URI, SPEC)
    yield made
    assert made.at("hover", URI, 3, 7) is not None, "it no longer answers"
    assert not [each for each in made.told if each["method"] == "window/showMessage"], "users are not bothered"
    no_bug(made)
    assert made.stop() == 0


def error(client: Client, method: str, params: object) -> int:
    return int(client.answer(client.start(method, params))["error"]["code"])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("params", [None, {}, {"textDocument": 3}, {**FULL, "position": {"line": -1}}], ids=repr)
def test_parameters_that_cannot_be_read(client: Client, method: str, params: object) -> None:
    found = client.answer(client.start(f"textDocument/{method}", params))
    if "error" in found:  # the last one is enough for what has no position
        assert found["error"]["code"] == INVALID_PARAMS
    else:
        assert params and "position" in params


@pytest.mark.parametrize("method", ["textDocument/nope", "$/nope", "nope", "textDocument/declaration/x"])
def test_requests_that_there_are_not(client: Client, method: str) -> None:
    assert error(client, method, FULL) == NO_METHOD


@pytest.mark.parametrize(
    ("command", "arguments", "wanted"),
    [
        ("nope", [], INVALID_PARAMS), ("sharedsl.comparePlans", ["a", "b", "c"], INVALID_PARAMS),
        ("sharedsl.comparePlans", [], INVALID_PARAMS), ("sharedsl.comparePlans", None, None),
        ("sharedsl.comparePlans", [1, {}], None), ("sharedsl.comparePlans", ["/nowhere.sdsl", "Lm"], None),
    ],
)  # fmt: skip
def test_commands(client: Client, command: str, arguments: Any, wanted: int | None) -> None:
    given = {"command": command, **({} if arguments is None else {"arguments": arguments})}
    found = client.answer(client.start("workspace/executeCommand", given))
    assert (found["error"]["code"] if "error" in found else found["result"]) == wanted


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("nope/nope", None), ("textDocument/didChange", {"nonsense": 1}), ("textDocument/didOpen", None),
        ("textDocument/didClose", {"textDocument": {"uri": "file:///nowhere.sdsl"}}),
        ("textDocument/didSave", {"textDocument": {"uri": "file:///nowhere.sdsl"}}),
        ("workspace/didChangeConfiguration", {}), ("workspace/didChangeConfiguration", {"settings": None}),
        ("workspace/didChangeWatchedFiles", {"changes": None}), ("workspace/didChangeWatchedFiles", {"changes": []}),
        ("$/setTrace", {"value": "off"}), ("$/cancelRequest", {"id": "nope"}),
    ],
    ids=lambda each: json.dumps(each) if not isinstance(each, str) else each,
)  # fmt: skip
def test_notifications(client: Client, method: str, params: object) -> None:
    client.notify(method, params)
    assert client.at("hover", URI, 3, 7) is not None


def test_edits_of_what_is_not_open_or_not_there(client: Client) -> None:
    client.change("file:///nowhere.sdsl", 1, {"text": "x"})
    far = {"line": 99, "character": 0}
    client.change(URI, 7, {"range": {"start": far, "end": far}, "text": "# the end"})
    assert not [each for each in client.published(URI, 7) if each["severity"] == 1]
    client.change(URI, 8)
    client.change(URI, 9, {"text": SPEC})
    client.published(URI, 9)


def test_after_a_shutdown_requests_are_refused() -> None:
    client = Client()
    client.request("shutdown", None)
    assert error(client, "textDocument/hover", {**FULL, "position": {"line": 0, "character": 0}}) == INVALID_REQUEST
    client.notify("exit", None)
    assert client.process.wait(timeout=20) == 0
