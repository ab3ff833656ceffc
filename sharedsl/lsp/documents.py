"""The documents of a server and what it publishes of them."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable
from typing import Any

from lsprotocol import types as t
from pygls.lsp.server import LanguageServer

from sharedsl import __version__
from sharedsl.collector import Idle
from sharedsl.config import ConfigError, settings_for
from sharedsl.diagnostics import Diagnostic
from sharedsl.ide import hints
from sharedsl.ide.view import View
from sharedsl.ide.workspace import Workspace
from sharedsl.lint.settings import Settings
from sharedsl.lsp import answers
from sharedsl.lsp.places import path_of, uri_of
from sharedsl.lsp.protocol import Protocol

#: seconds without an edit after which lint runs
LINT_AFTER = 0.3


class Server(LanguageServer):
    def __init__(self) -> None:
        kind = t.TextDocumentSyncKind.Incremental
        super().__init__("sharedsl", __version__, text_document_sync_kind=kind, protocol_cls=Protocol)
        self.files = Workspace()
        self.versions: dict[str, int | None] = {}
        #: the paths of open documents by the URIs that the client calls them by
        self.uris: dict[str, str] = {}
        #: kinds of inlay hints that are wanted
        self.hints: tuple[str, ...] = hints.KINDS
        self.lenses = True
        #: whether the client shows the tables that commands answer with; else they are messages
        self.shows_tables = False
        self.unlinted: dict[str, None] = {}
        self.timer: asyncio.TimerHandle | None = None
        #: collects garbage between answers; None where the process does that by itself
        self.idle: Idle | None = None

    @property
    def encoding(self) -> str:
        found = getattr(self.server_capabilities, "position_encoding", None)
        return str(getattr(found, "value", found) or "utf-16")

    def view(self, uri: str) -> View | None:
        """None for what is not open."""
        path = path_of(uri)
        return self.files.view(path) if path in self.files.open else None

    def settings(self, path: str) -> Settings:
        try:
            return settings_for(path)
        except (ConfigError, OSError, ValueError):
            return Settings()

    def bug(self, what: str) -> None:
        """An editor goes on without an answer; its log says why there is none."""
        text = f"this is a bug in sharedsl, in {what}:\n{traceback.format_exc()}"
        self.window_log_message(t.LogMessageParams(t.MessageType.Error, text))

    def report_server_error(self, error: Exception, source: Any) -> None:
        """What is wrong with a message of the client is nothing that the user could mend: it goes to the log."""
        self.window_log_message(t.LogMessageParams(t.MessageType.Warning, f"{type(error).__name__}: {error}"))

    def watch(self) -> None:
        """Asks to be told of specs and configurations that change on disk, where the client lets servers ask."""
        given = self.client_capabilities.workspace
        watching = given.did_change_watched_files if given is not None else None
        if watching is not None and watching.dynamic_registration:
            watchers = [t.FileSystemWatcher(f"**/{each}") for each in ("*.sdsl", "pyproject.toml", "sharedsl.toml")]
            options = t.DidChangeWatchedFilesRegistrationOptions(watchers)
            asked = t.Registration("files", t.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)
            self.client_register_capability(t.RegistrationParams([asked]))

    def publish(self, path: str, find: Callable[[str], list[Diagnostic]] | None = None) -> None:
        """What is wrong with an open document, also where that is nothing."""
        document = self.files.open.get(path)
        if document is None:
            return
        found: list[Diagnostic] = []
        try:
            found = find(path) if find is not None else self.files.diagnostics(path, self.settings(path))
        except Exception:
            self.bug("diagnostics")
        told = [answers.diagnostic(self.files, document.source, each, self.encoding) for each in found]
        uri = self.uris.get(path) or uri_of(path)
        self.text_document_publish_diagnostics(t.PublishDiagnosticsParams(uri, told, version=self.versions.get(path)))

    def published(self, path: str) -> None:
        """A document changed: its errors at once, and those of its importers; lint after a pause."""
        paths = [path, *self.files.importers(path)]
        for each in paths:
            self.publish(each, self.files.at_once)
        self.unlinted |= dict.fromkeys(paths)
        if self.idle is not None:
            self.idle.answered()
        if self.timer is not None:
            self.timer.cancel()
        self.timer = asyncio.get_running_loop().call_later(LINT_AFTER, self.lint)

    def lint(self) -> None:
        """All that there is to say of the documents that changed."""
        paths, self.unlinted, self.timer = list(self.unlinted), {}, None
        for each in paths:
            self.publish(each)
        if self.idle is not None:
            self.idle.rest()

    def configure(self, given: object) -> None:
        """`{"sharedsl": {"inlayHints": {"shapes": false}, "codeLens": false}}`; anything else changes nothing."""
        own = given.get("sharedsl", given) if isinstance(given, dict) else None
        if not isinstance(own, dict):
            return
        wanted = own.get("inlayHints")
        if isinstance(wanted, bool):
            self.hints = hints.KINDS if wanted else ()
        elif isinstance(wanted, dict):
            self.hints = tuple(kind for kind in hints.KINDS if wanted.get(kind, True) is not False)
        self.lenses = own.get("codeLens", True) is not False
        self.shows_tables = self.shows_tables or own.get("showsTables") is True
