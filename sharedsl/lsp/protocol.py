"""The protocol where a client does not keep to it: every request is answered, nothing is shown to the user for it.

pygls answers no request whose parameters it cannot read, and none after a shutdown, and tells the user of its own
troubles; it also keeps a second copy of every text, which is edited in vain and must exist.
"""

from __future__ import annotations

from typing import Any

from lsprotocol import types as t
from pygls.exceptions import JsonRpcException, JsonRpcInvalidRequest
from pygls.protocol import LanguageServerProtocol, lsp_method


class Protocol(LanguageServerProtocol):
    def structure_message(self, data: Any) -> Any:
        """None for a message that cannot be read; a request is answered with what is wrong with it."""
        try:
            return super().structure_message(data)
        except JsonRpcException as problem:
            if data.get("method") and _is_id(data.get("id")):
                self._send_response(data["id"], error=problem.to_response_error())
            return None

    def handle_message(self, message: Any) -> None:
        if message is None:
            return
        if self._shutdown and hasattr(message, "method") and hasattr(message, "id"):
            error = JsonRpcInvalidRequest("the server was shut down")
            self._send_response(message.id, error=error.to_response_error())
            return
        super().handle_message(message)

    # The texts are kept in `Server.files`. These are no generators: of those, pygls keeps each notification's future.

    @lsp_method(t.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: t.DidOpenTextDocumentParams) -> None:
        self.fm.features[t.TEXT_DOCUMENT_DID_OPEN](params)

    @lsp_method(t.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: t.DidChangeTextDocumentParams) -> None:
        self.fm.features[t.TEXT_DOCUMENT_DID_CHANGE](params)

    @lsp_method(t.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: t.DidCloseTextDocumentParams) -> None:
        self.fm.features[t.TEXT_DOCUMENT_DID_CLOSE](params)


def _is_id(value: object) -> bool:
    return isinstance(value, int | str) and not isinstance(value, bool)
