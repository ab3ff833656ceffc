"""The server: its own page and data, for this machine alone, and news when the spec is written."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from sharedsl.serve.server import PAGES, Server
from tests.cli.conftest import SPEC, Run, run  # noqa: F401
from tests.serve.conftest import serving

BROKEN = SPEC.replace("share * across layers }", "share * across layerz }")


def get(server: Server, path: str, method: str = "GET", **headers: str) -> tuple[HTTPResponse, bytes]:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.request(method, path, headers={name.replace("_", "-"): text for name, text in headers.items()})
    reply = connection.getresponse()
    body = reply.read()
    connection.close()
    return reply, body


def ask(server: Server, path: str) -> Any:
    reply, body = get(server, path)
    assert reply.status == 200, body
    return json.loads(body)


class News:
    """The stream of events."""

    def __init__(self, server: Server) -> None:
        self.connection = HTTPConnection("127.0.0.1", server.port, timeout=20)
        self.connection.request("GET", "/events")
        self.reply = self.connection.getresponse()
        assert self.reply.getheader("Content-Type", "").startswith("text/event-stream")

    def next(self) -> int:
        while not (line := self.reply.fp.readline()).startswith(b"data:"):
            assert line, "the stream has ended"
        return int(line[5:])


# ---------------------------------------------------------------------------- what is served


def test_the_page_and_nothing_else(server: Server) -> None:
    for route, (_, kind) in PAGES.items():
        reply, body = get(server, route)
        assert reply.status == 200 and reply.getheader("Content-Type") == kind and body
        policy = str(reply.getheader("Content-Security-Policy"))
        assert policy.startswith("default-src 'none'; script-src 'self'") and "unsafe" not in policy
        assert reply.getheader("X-Content-Type-Options") == "nosniff"
        assert reply.getheader("Cache-Control") == "no-store"
        # nothing from elsewhere
        assert b"http://" not in body.replace(b"http://www.w3.org/2000/svg", b"") and b"https://" not in body
        reply, nothing = get(server, route, "HEAD")
        assert reply.status == 200 and not nothing and int(str(reply.getheader("Content-Length"))) == len(body)


@pytest.mark.parametrize("path", [
    "/toy.sdsl", "/static/app.js", "/index.html", "/../toy.sdsl", "/%2e%2e/toy.sdsl", "/..%2f..%2fetc/passwd",
    "/etc/passwd", "/app.js/", "/./app.js", "//etc/passwd", "http://127.0.0.1/", "/page.html", "/view/", "*",
])  # fmt: skip
def test_other_paths_are_not_there(server: Server, path: str) -> None:
    reply, body = get(server, path, Host=f"127.0.0.1:{server.port}")
    assert reply.status == 404 and body == b"there is nothing here\n"
    assert reply.getheader("Content-Security-Policy")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT"])
def test_other_methods_are_not_served(server: Server, method: str) -> None:
    assert get(server, "/", method)[0].status == 501


def test_only_this_machine(server: Server) -> None:
    assert server.server_address[0] == "127.0.0.1"
    for name in ("127.0.0.1", "localhost", "LOCALHOST"):
        assert get(server, "/", Host=f"{name}:{server.port}")[0].status == 200
    # a name of someone else's that was made to lead here
    others = (f"evil.example:{server.port}", f"127.0.0.1:{server.port + 1}")
    for host in ("evil.example", "127.0.0.1", "localhost", "", *others):
        for path in ("/", "/state", "/events", "/view?of=ToyOne", "/lint"):
            assert get(server, path, Host=host)[0].status == 403
    reply, _ = get(server, "/state", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="no-cors")
    assert reply.status == 403


def test_a_request_without_a_host_is_refused(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), 20) as connection:
        connection.sendall(b"GET /state HTTP/1.0\r\n\r\n")
        assert b" 403 " in connection.recv(200)


# ---------------------------------------------------------------------------- data


def test_views(server: Server) -> None:
    state = ask(server, "/state")
    assert [each["name"] for each in state["choices"]] == ["ToyPlain", "ToyOne", "Toy", "Toy + one", "Toy + cycle"]
    assert not state["failed"] and state["diagnostics"] == []
    for each in state["choices"]:
        found = ask(server, f"/view?of={quote(each['name'])}&at=B=4")
        assert not found["stale"] and found["view"]["name"] == each["name"] and found["view"]["sizes"] == {"B": 4}
    assert [row["name"] for row in ask(server, "/plans?of=Toy")["rows"]] == [e["name"] for e in state["choices"]]


@pytest.mark.parametrize(("path", "status"), [
    ("/view", 404), ("/view?of=Nope", 404), ("/view?of=../toy.sdsl", 404), ("/plans?of=ToyOne", 404),
    ("/view?of=ToyOne&at=B=x", 400), ("/view?of=ToyOne&at=B=-1", 400), ("/view?of=ToyOne&at=B=99999999999999", 400),
    ("/view?" + "&".join(f"a{n}=1" for n in range(20)), 400), ("/view?of=ToyOne&at=Q=3", 200),
    ("/view?of=%ff%00", 404),
])  # fmt: skip
def test_wrong_questions(server: Server, path: str, status: int) -> None:
    assert get(server, path)[0].status == status


# ---------------------------------------------------------------------------- following


def test_news_when_the_spec_is_written(server: Server, spec: Path) -> None:
    news = News(server)
    first = news.next()
    before = ask(server, "/view?of=ToyOne")["view"]["totals"]["stored"]
    spec.write_text(SPEC.replace("dim = 8", "dim = 10"), encoding="utf-8")
    assert news.next() > first
    assert ask(server, "/view?of=ToyOne")["view"]["totals"]["stored"] > before


def test_a_mistake_keeps_the_last_good_view(server: Server, spec: Path) -> None:
    news = News(server)
    news.next()
    good = ask(server, "/view?of=ToyOne")["view"]
    spec.write_text(BROKEN, encoding="utf-8")
    news.next()
    state = ask(server, "/state")
    assert state["failed"] and "layerz" in state["diagnostics"][0]["rendered"]
    found = ask(server, "/view?of=ToyOne")
    assert found["stale"] and found["view"] == good and "layerz" in found["diagnostics"][0]["message"]
    # a build that the mistake is not in goes on
    assert not ask(server, "/view?of=ToyPlain")["stale"]
    # half a text: nothing can be made of it, and the list of builds stays
    spec.write_text(SPEC[:60], encoding="utf-8")
    news.next()
    assert ask(server, "/view?of=ToyOne")["view"] == good
    assert len(ask(server, "/state")["choices"]) == 5
    spec.write_text(SPEC, encoding="utf-8")
    news.next()
    assert not ask(server, "/state")["failed"] and not ask(server, "/view?of=ToyOne")["stale"]


def test_a_spec_that_goes_away_and_comes_back(server: Server, spec: Path) -> None:
    news = News(server)
    news.next()
    ask(server, "/view?of=ToyOne")
    spec.unlink()
    news.next()
    assert ask(server, "/state")["diagnostics"][0]["code"] == "no-file"
    assert ask(server, "/view?of=ToyOne")["stale"]
    # as editors do it: written beside, and put in its place
    (spec.parent / "new").write_text(SPEC, encoding="utf-8")
    os.replace(spec.parent / "new", spec)
    news.next()
    assert not ask(server, "/view?of=ToyOne")["stale"]


UNTIED = """\
model Lm(vocab = 32000, dim = 64) {
  layer embed = Embedding(vocab, dim)
  layer head  = Linear(dim, vocab, bias = false)
  forward(x: int[B, T]) -> float[B, T, vocab] { return head(embed(x)) }
}
sharing idle of Lm { tie head.weight = embed.weight }
build Small = Lm()
"""


def test_lint_of_the_spec_by_its_settings(server: Server, spec: Path) -> None:
    """As `sharedsl lint` says it, and again when the settings change, also to such as cannot be used."""
    news = News(server)
    news.next()
    said = ask(server, "/lint")
    assert said["settings"] == "" and "untied-head" not in {each["code"] for each in said["findings"]}
    spec.write_text(UNTIED, encoding="utf-8")
    assert news.next() == ask(server, "/state")["version"]
    command = [sys.executable, "-m", "sharedsl", "lint", str(spec), "--output-format", "json"]
    theirs = json.loads(subprocess.run(command, capture_output=True, text=True, timeout=60).stdout)["diagnostics"]
    ours = ask(server, "/lint")["findings"]
    assert {each["code"] for each in ours} == {"untied-head", "unused-plan"}
    for each in ours:
        assert each["rendered"].startswith(f"{each['severity']}[{each['code']}]")
    assert sorted((e["code"], e["message"]) for e in ours) == sorted((e["code"], e["message"]) for e in theirs)
    settings = spec.parent / "sharedsl.toml"
    settings.write_text('[lint]\nignore = ["untied-head"]\n', encoding="utf-8")
    news.next()
    assert {each["code"] for each in ask(server, "/lint")["findings"]} == {"unused-plan"}
    settings.write_text("[lint]\nignorance = 1\n", encoding="utf-8")
    news.next()
    said = ask(server, "/lint")
    assert "ignorance" in said["settings"] and len(said["findings"]) == 2
    # a text that cannot be read has nothing to be linted
    spec.write_text("model {", encoding="utf-8")
    news.next()
    assert ask(server, "/state")["failed"] and isinstance(ask(server, "/lint")["findings"], list)


def test_imports_are_followed_even_before_they_are_there(tmp_path: Path) -> None:
    spec, other = tmp_path / "a.sdsl", tmp_path / "b.sdsl"
    model = SPEC[: SPEC.index("## All layers")]
    spec.write_text('import "b.sdsl" { Toy }\nbuild A = Toy()\n', encoding="utf-8")
    for server in serving(str(spec)):
        news = News(server)
        news.next()
        assert ask(server, "/state")["failed"]
        other.write_text(model, encoding="utf-8")
        news.next()
        assert not ask(server, "/state")["failed"]
        stored = ask(server, "/view?of=A")["view"]["totals"]["stored"]
        other.write_text(model.replace("depth = 4", "depth = 9"), encoding="utf-8")
        news.next()
        assert ask(server, "/view?of=A")["view"]["totals"]["stored"] > stored


def test_a_spec_that_is_broken_from_the_start(tmp_path: Path) -> None:
    spec = tmp_path / "a.sdsl"
    spec.write_text("model {", encoding="utf-8")
    for server in serving(str(spec)):
        state = ask(server, "/state")
        assert state["failed"] and state["choices"] == []
        assert get(server, "/view?of=A")[0].status == 404


# ---------------------------------------------------------------------------- the verb


def test_a_taken_port_is_a_diagnostic(server: Server, run: Run) -> None:  # noqa: F811
    done = run("serve", "toy.sdsl", "--no-open", "--port", str(server.port))
    assert done.code == 1 and f"error[port-taken]: port {server.port} is taken" in done.err
    assert run("serve", "nope.sdsl").code == run("serve", "toy.sdsl", "--port", "70000").code == 2


def test_the_verb_prints_its_address_and_ends_when_interrupted(spec: Path) -> None:
    command = [sys.executable, "-m", "sharedsl", "serve", str(spec), "--no-open"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith(f"{spec} at http://127.0.0.1:")
    port = int(line.rstrip().removesuffix("/").rpartition(":")[2])
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", "/events")
    assert connection.getresponse().status == 200
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 0 and not out and "Traceback" not in err and err.rstrip().endswith("ended")


def test_no_torch(spec: Path) -> None:
    script = (
        "import sys, threading, urllib.request as r\n"
        "from sharedsl.serve.server import Server\n"
        "s = Server(sys.argv[1]); threading.Thread(target=s.run, daemon=True).start()\n"
        "for path in ('state', 'view?of=ToyOne', 'plans?of=Toy', 'lint'): r.urlopen(s.address + path).read()\n"
        "print([name for name in ('torch', 'numpy', 'pydantic', 'jinja2') if name in sys.modules]); s.shutdown()\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(spec)], capture_output=True, text=True, timeout=60)
    assert done.stdout == "[]\n", done.stderr
