"""Every request that the server answers, as an editor fires them at a place."""

from __future__ import annotations

import json
from typing import Any

from tests.lsp.client import Client

#: requests at a place, and requests of the whole text
AT = ("hover", "completion", "signatureHelp", "definition", "references", "documentHighlight", "prepareRename")
WHOLE = ("documentSymbol", "foldingRange", "semanticTokens/full", "formatting", "codeLens")
RANGED = ("semanticTokens/range", "inlayHint", "codeAction")
#: a rename proves that it changes nothing, which takes a whole analysis
RENAME = "rename"
METHODS = (*AT, RENAME, *WHOLE, *RANGED, "selectionRange")


def params(uri: str, line: int, character: int) -> dict[str, Any]:
    """What any of them may ask for."""
    place = {"line": line, "character": character}
    return {
        "textDocument": {"uri": uri},
        "position": place,
        "positions": [place],
        "range": {"start": {"line": 0, "character": 0}, "end": place},
        "context": {"includeDeclaration": True, "diagnostics": [], "triggerKind": 1, "isRetrigger": False},
        "newName": "other",
        "options": {"tabSize": 2, "insertSpaces": True},
    }


def fire(client: Client, uri: str, line: int, character: int, rename: bool) -> None:
    """All of them at once, as an editor does after a letter; none may be answered with an error."""
    methods = [each for each in METHODS if rename or each != RENAME]
    given = params(uri, line, character)
    waiting = {client.start(f"textDocument/{each}", given): each for each in methods}
    waiting[client.start("workspace/symbol", {"query": "a"})] = "workspace/symbol"
    while waiting:
        message = client.wait(lambda message: message.get("id") in waiting and "method" not in message)
        method = waiting.pop(message["id"])
        assert "error" not in message, (method, message["error"])
    no_bug(client)


def no_bug(client: Client) -> None:
    """The server logs what goes wrong in it, and answers null."""
    told = [each for each in client.told if "this is a bug" in json.dumps(each)]
    assert not told, told[0]["params"]["message"]
    client.told.clear()
