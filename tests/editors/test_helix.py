"""A real Helix with `editors/helix`: what it says of its own health, and the language server driven by keys.

SHAREDSL_HX names another `hx` than the one on the PATH.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.editors import treesitter
from tests.editors.treesitter import ROOT

HELIX = ROOT / "editors" / "helix"
HX = shutil.which(os.environ.get("SHAREDSL_HX", "hx"))
needs_helix = pytest.mark.skipif(HX is None, reason="there is no hx")
SPEC = """\
model Mlp(inputs = 6, dim = 8) {
  layer up   = Linear(inputs, dim)
  layer down = Linear(dim, inputs)
  forward(x: float[B, inputs]) -> float[B, inputs] { return x |> up |> relu |> down }
}

sharing tied of Mlp { tie down.weight = up.weight.T }

build Small = Mlp() with tied
"""


def test_the_configuration_names_what_there_is() -> None:
    config: dict[str, Any] = tomllib.loads((HELIX / "languages.toml").read_text())
    (language,) = config["language"]
    assert language["file-types"] == ["sdsl"] and language["language-servers"] == list(config["language-server"])
    assert {path.stem for path in (HELIX / "queries" / language["name"]).glob("*.scm")} >= {"highlights", "indents"}
    from sharedsl.ide import hints

    assert set(config["language-server"]["sharedsl"]["config"]["inlayHints"]) == set(hints.KINDS)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The settings as docs/editors.md says to make them."""
    home = tmp_path / "config" / "helix"
    (home / "runtime" / "grammars").mkdir(parents=True)
    shutil.copy(HELIX / "languages.toml", home / "languages.toml")
    shutil.copytree(HELIX / "queries", home / "runtime" / "queries")
    shutil.copy(treesitter.compiled(), home / "runtime" / "grammars" / "sharedsl.so")
    (home / "config.toml").write_text("[editor.lsp]\ndisplay-inlay-hints = true\n")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    folders = {name: str(tmp_path / name) for name in ("XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME")}
    return {
        **os.environ,
        **folders,
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "PATH": path,
        "TERM": "xterm-256color",
    }


@needs_helix
def test_health(environment: dict[str, str]) -> None:
    assert HX is not None
    said = subprocess.run([HX, "--health", "sharedsl"], env=environment, capture_output=True, text=True, timeout=60)
    text = re.sub(r"\x1b\[[0-9;]*m", "", said.stdout)
    assert "✓ sharedsl:" in text and "Binary for formatter: " in text and "✘" not in text
    for each in ("Tree-sitter parser", "Highlight queries", "Textobject queries", "Indent queries"):
        assert f"{each}: ✓" in text, text


class Terminal:
    """Helix in a terminal of ours. What the server says is read in its log: the screen is drawn in parts."""

    def __init__(self, file: Path, environment: dict[str, str]) -> None:
        self.log = file.parents[1] / "log"
        self.seen = 0
        self.process, self.end = pty.fork()
        if self.process == 0:
            os.chdir(file.parent)
            os.execve(str(HX), [str(HX), "-vv", "--log", str(self.log), file.name], environment)
        fcntl.ioctl(self.end, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))

    def rest(self, seconds: float) -> None:
        """Lets it draw."""
        while select.select([self.end], [], [], seconds)[0]:
            os.read(self.end, 1 << 16)
            seconds = 0.02

    def until(self, done: Callable[[], bool], what: str) -> None:
        limit = time.monotonic() + 40
        while not done():
            assert time.monotonic() < limit, f"{what} never came"
            self.rest(0.1)

    def hear(self, text: str, since: int | None = None) -> None:
        """Waits for the server to say this, after the last keys."""
        start = self.seen if since is None else since
        self.until(lambda: any("<-" in line and text in line for line in self._said()[start:]), text)

    def _said(self) -> list[str]:
        return self.log.read_text(errors="replace").split("\n") if self.log.exists() else []

    def keys(self, *keys: str) -> None:
        self.rest(0.2)
        self.seen = len(self._said()) - 1
        for each in "".join(keys):
            os.write(self.end, each.encode())
            # Escape and a letter at once were another key; and 25.01 may send changes of one burst in any order
            self.rest(0.12)

    def close(self) -> None:
        os.kill(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)
        os.close(self.end)


@pytest.fixture
def helix(environment: dict[str, str], tmp_path: Path) -> Iterator[tuple[Terminal, Path]]:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "sharedsl.toml").touch()
    spec = folder / "mlp.sdsl"
    spec.write_text(SPEC)
    terminal = Terminal(spec, environment)
    yield terminal, spec
    terminal.close()


@needs_helix
def test_the_language_server(helix: tuple[Terminal, Path]) -> None:
    terminal, spec = helix
    escape, enter = "\x1b", "\r"
    terminal.hear("publishDiagnostics")
    terminal.keys("j", "k")
    terminal.hear("56 parameters", since=0)  # an inlay hint
    terminal.keys("/", "up", enter, " ", "k")
    terminal.hear("layer up = Linear")
    # rename, in every place
    terminal.keys(escape, escape, " ", "r")
    terminal.hear("start")
    terminal.keys("\x15", "wide", enter)
    terminal.hear("newText")
    # a mistake is told; the file is formatted when it is written
    terminal.keys("3", "g", "g", "o", "layer  out=Liner( dim,dim)", escape)
    terminal.hear("unknown-layer")
    terminal.keys(escape, ":w", enter)
    terminal.until(lambda: "Liner(dim, dim)" in spec.read_text(), "the formatted text")
    lines = ["layer wide = Linear(inputs, dim)", "layer down = Linear(dim, inputs)", "layer out  = Liner(dim, dim)"]
    text = spec.read_text()
    assert [line.strip() for line in text.split("\n")[1:4]] == lines
    assert "x |> wide |> relu |> down" in text and "tie down.weight = wide.weight.T" in text
    # the fix of the mistake
    terminal.keys("4", "g", "g", "/", "Liner", enter, " ", "a")
    terminal.hear("did you mean")
    terminal.keys(enter, escape, ":w", enter)
    terminal.until(lambda: "Linear(dim, dim)" in spec.read_text(), "the fix")
