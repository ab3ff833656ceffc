"""The page's server: this machine alone, its own page and data alone, events when the spec is written."""

from __future__ import annotations

import errno
import json
import os
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sharedsl.diagnostics import Diagnostic
from sharedsl.serve.live import Live, Unknown

HOST = "127.0.0.1"
#: route -> (file of ours, content type); read once, so that no request ever opens a file
PAGES = {
    "/": ("page.html", "text/html; charset=utf-8"),
    "/style.css": ("style.css", "text/css; charset=utf-8"),
    "/app.js": ("app.js", "text/javascript; charset=utf-8"),
    "/about.js": ("about.js", "text/javascript; charset=utf-8"),
    "/picture.js": ("picture.js", "text/javascript; charset=utf-8"),
    "/panels.js": ("panels.js", "text/javascript; charset=utf-8"),
    "/text.js": ("text.js", "text/javascript; charset=utf-8"),
    "/findings.js": ("findings.js", "text/javascript; charset=utf-8"),
    "/tools.js": ("tools.js", "text/javascript; charset=utf-8"),
}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
#: seconds without news after which a comment is sent, so that a page that is gone is noticed
_BEAT = 10.0
#: a size above this is a slip of the finger
_LARGEST = 10**9


class Server(ThreadingHTTPServer):
    """Serves one spec until `close`. `port` 0 is any free one."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, path: str, port: int = 0) -> None:
        super().__init__((HOST, port), Handler)
        self.live = Live(path)
        self.pages = {route: (_own(name), kind) for route, (name, kind) in PAGES.items()}
        self.port: int = self.server_address[1]
        self.address = f"http://{HOST}:{self.port}/"
        self.hosts = {f"{name}:{self.port}" for name in (HOST, "localhost")}
        self.ended = threading.Event()
        self._follower = threading.Thread(target=self.live.follow, args=(self.ended,), daemon=True)

    def run(self) -> None:
        """Until interrupted, or until another thread calls `shutdown`."""
        # specs may nest deep, and their analysis with them
        before = threading.stack_size(64 * 1024 * 1024)
        try:
            self._follower.start()
            self.serve_forever(poll_interval=0.1)
        finally:
            threading.stack_size(before)
            self.close()

    def close(self) -> None:
        self.ended.set()
        self.live.wake()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A page that went away is nothing to report."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def _own(name: str) -> bytes:
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "static", name), "rb") as file:
        return file.read()


def port_taken(port: int, problem: OSError) -> Diagnostic:
    why = "is taken" if problem.errno == errno.EADDRINUSE else f"cannot be used: {problem.strerror}"
    return Diagnostic("port-taken", f"port {port} {why}", help="leave `--port` out: any free one will do")


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "sharedsl", ""
    timeout = 60

    def do_GET(self) -> None:
        if self.headers.get("Host", "").lower() not in self.server.hosts:
            self._text(403, "this page is for this machine alone")
            return
        if self.headers.get("Sec-Fetch-Site") == "cross-site" and self.headers.get("Sec-Fetch-Mode") != "navigate":
            self._text(403, "this page's data is for this page alone")
            return
        target = urlsplit(self.path)
        if target.scheme or target.netloc:
            self._text(404, "there is nothing here")
        elif target.path in self.server.pages:
            body, kind = self.server.pages[target.path]
            self._send(200, body, kind)
        elif target.path == "/events":
            self._events()
        elif target.path in ANSWERS:
            self._data(ANSWERS[target.path], target.query)
        else:
            self._text(404, "there is nothing here")

    do_HEAD = do_GET

    def _data(self, answer: Callable[[Live, str, dict[str, int]], object], query: str) -> None:
        try:
            given = parse_qs(query, keep_blank_values=True, max_num_fields=8)
            name, at = given.get("of", [""])[0], _sizes(given.get("at", [""])[0])
        except ValueError:
            self._text(400, "sizes are written at=B=1,T=128")
            return
        try:
            found = answer(self.server.live, name, at)
        except Unknown:
            self._text(404, "there is nothing of this name")
            return
        body = json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
        self._send(200, body, "application/json; charset=utf-8")

    def _events(self) -> None:
        """`data: 3` whenever the spec is read again. The first tells the version there is."""
        self._head(200, "text/event-stream; charset=utf-8", None)
        self.close_connection = True
        if self.command == "HEAD":
            return
        version = -1
        while not self.server.ended.is_set():
            now = self.server.live.wait(version, _BEAT)
            said = f"data: {now}\n\n" if now != version else ": still here\n\n"
            version = now
            try:
                self.wfile.write(said.encode())
                self.wfile.flush()
            except OSError:
                return

    def _text(self, status: int, text: str) -> None:
        self._send(status, f"{text}\n".encode(), "text/plain; charset=utf-8")

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self._head(status, kind, len(body))
        if self.command != "HEAD":
            self.wfile.write(body)

    def _head(self, status: int, kind: str, length: int | None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if length is not None:
            self.send_header("Content-Length", str(length))
        else:
            self.send_header("Connection", "close")
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.end_headers()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What is no request of the page's: another method, a line too long."""
        self.close_connection = True
        self._text(code, "there is nothing here")

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is written about requests."""


def _sizes(text: str) -> dict[str, int]:
    """`B=1,T=128`"""
    found: dict[str, int] = {}
    for part in text.split(","):
        if part:
            name, equals, size = part.partition("=")
            if not (equals and name.isidentifier() and size.isdecimal() and len(size) < 12 and int(size) <= _LARGEST):
                raise ValueError(part)
            found[name] = int(size)
    return found


ANSWERS: dict[str, Callable[[Live, str, dict[str, int]], object]] = {
    "/state": lambda live, _, __: live.state(),
    "/view": lambda live, name, at: live.view(name, at),
    "/plans": lambda live, name, at: live.plans(name, at),
    "/lint": lambda live, _, __: live.lint(),
}
