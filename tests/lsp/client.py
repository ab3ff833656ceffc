"""A client of the server that speaks plain JSON-RPC over its standard streams."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from typing import Any


class Client:
    """Starts `sharedsl lsp`. `request` waits for the answer; notifications of the server are kept by method."""

    def __init__(
        self,
        encoding: str = "utf-16",
        options: object = None,
        folder: str | None = None,
        workspace: dict[str, Any] | None = None,
    ) -> None:
        command = [sys.executable, "-m", "sharedsl", "lsp"]
        env = {**os.environ, "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env
        )
        self.answers: queue.Queue[dict[str, Any]] = queue.Queue()
        self.told: list[dict[str, Any]] = []
        self.number = 0
        threading.Thread(target=self._listen, daemon=True).start()
        threading.Thread(target=self._drain, daemon=True).start()
        self.log: list[bytes] = []
        params = {
            "processId": None,
            "rootUri": f"file://{folder}" if folder else None,
            "capabilities": {
                "general": {"positionEncodings": [encoding]},
                "textDocument": {"publishDiagnostics": {}},
                "workspace": workspace or {},
            },
            "initializationOptions": options,
        }
        self.capabilities = self.request("initialize", params)["capabilities"]
        self.notify("initialized", {})

    def _listen(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        while True:
            length = 0
            while (line := stream.readline().strip()) != b"":
                if line.lower().startswith(b"content-length"):
                    length = int(line.split(b":")[1])
            if not length:
                self.answers.put({"closed": True})
                return
            self.answers.put(json.loads(stream.read(length)))

    def _drain(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log.append(line)

    def send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def notify(self, method: str, params: object) -> None:
        self.send({"method": method, "params": params})

    def start(self, method: str, params: object) -> int:
        self.number += 1
        self.send({"id": self.number, "method": method, "params": params})
        return self.number

    def request(self, method: str, params: object, timeout: float = 20) -> Any:
        number = self.start(method, params)
        found = self.answer(number, timeout)
        assert "error" not in found, (method, found["error"], b"".join(self.log)[-3000:].decode())
        return found["result"]

    def answer(self, number: int, timeout: float = 20) -> dict[str, Any]:
        """The answer to a request that was started, whatever it is."""
        return self.wait(lambda message: message.get("id") == number and "method" not in message, timeout)

    def wait(self, wanted: Any, timeout: float = 20) -> dict[str, Any]:
        while True:
            message = self.answers.get(timeout=timeout)
            assert "closed" not in message, b"".join(self.log)[-3000:].decode()
            if "method" in message:
                self.told.append(message)
            if wanted(message):
                return message

    def published(self, uri: str, version: int | None = None, timeout: float = 20) -> list[dict[str, Any]]:
        """The next diagnostics of a document, of a version if one is given."""

        def wanted(message: dict[str, Any]) -> bool:
            params = message.get("params") or {}
            right = message.get("method") == "textDocument/publishDiagnostics" and params["uri"] == uri
            return right and (version is None or params.get("version") == version)

        for at, message in enumerate(self.told):
            if wanted(message):
                del self.told[: at + 1]
                return message["params"]["diagnostics"]  # type: ignore[no-any-return]
        found = self.wait(wanted, timeout)["params"]["diagnostics"]
        self.told.clear()
        return found  # type: ignore[no-any-return]

    def close(self, uri: str) -> list[dict[str, Any]]:
        """Closes a document; the diagnostics that it is left with."""
        self.notify("textDocument/didClose", {"textDocument": {"uri": uri}})

        def wanted(message: dict[str, Any]) -> bool:
            params = message.get("params") or {}
            last = message.get("method") == "textDocument/publishDiagnostics" and params["uri"] == uri
            return last and params.get("version") is None

        found = self.wait(wanted)["params"]["diagnostics"]
        self.told.clear()
        return found  # type: ignore[no-any-return]

    def open(self, uri: str, text: str, version: int = 1) -> list[dict[str, Any]]:
        document = {"uri": uri, "languageId": "sharedsl", "version": version, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": document})
        return self.published(uri, version)

    def change(self, uri: str, version: int, *changes: dict[str, Any]) -> None:
        document = {"uri": uri, "version": version}
        self.notify("textDocument/didChange", {"textDocument": document, "contentChanges": list(changes)})

    def at(self, method: str, uri: str, line: int, character: int, **more: object) -> Any:
        place = {"textDocument": {"uri": uri}, "position": {"line": line, "character": character}}
        return self.request(f"textDocument/{method}", {**place, **more})

    def stop(self) -> int:
        self.request("shutdown", None)
        self.notify("exit", None)
        return self.process.wait(timeout=20)
