"""The extension for Visual Studio Code: it builds, it loads, its files agree, and its client layer drives the server.

Needs what `npm ci` puts into editors/vscode/node_modules; `make vsix` does that.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from sharedsl.source import SourceFile
from sharedsl.syntax import parse
from tests.editors import textmate
from tests.editors.treesitter import ROOT, SPECS

HERE = Path(__file__).parent
VSCODE = ROOT / "editors" / "vscode"
MODULES = VSCODE / "node_modules"
PACKAGE: dict[str, Any] = json.loads((VSCODE / "package.json").read_text())
COMMAND = Path(sys.executable).with_name("sharedsl")

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="there is no node")
needs_modules = pytest.mark.skipif(
    shutil.which("node") is None or not MODULES.exists(), reason="editors/vscode/node_modules is not there: `make vsix`"
)


def node(*arguments: str | Path, cwd: Path = ROOT, **environment: str) -> str:
    import os

    done = subprocess.run(
        ["node", *map(str, arguments)],
        cwd=cwd, capture_output=True, text=True, timeout=60, env={**os.environ, **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def bundle() -> Path:
    node(VSCODE / "bundle.js")
    return VSCODE / "dist" / "extension.js"


@needs_modules
def test_bundle_registers_the_commands_that_the_package_lists(bundle: Path) -> None:
    done = json.loads(node(HERE / "loads.js", bundle, "/no/such/sharedsl"))
    assert done["registered"] == [each["command"] for each in PACKAGE["contributes"]["commands"]]
    assert any("/no/such/sharedsl" in each and "pip install" in each for each in done["errors"])
    assert (VSCODE / "dist" / "sharedsl.tmLanguage.json").read_text() == textmate.PATH.read_text()


@needs_node
def test_which_command_is_run(tmp_path: Path) -> None:
    beside = tmp_path / ".venv" / "bin" / "sharedsl"
    beside.parent.mkdir(parents=True)
    beside.touch()

    def command(setting: str, folder: str, path: str) -> str:
        script = (
            f"console.log(require({json.dumps(str(VSCODE / 'command.js'))}).command(process.argv[1], process.argv[2]))"
        )
        binary = shutil.which("node")
        assert binary is not None
        done = subprocess.run(
            [binary, "-e", script, setting, folder], env={"PATH": path}, capture_output=True, text=True
        )
        return done.stdout.strip()

    assert command("sharedsl", str(tmp_path), "/nowhere") == str(beside)
    assert command("sharedsl", str(tmp_path), str(beside.parent)) == "sharedsl"
    assert command("sharedsl", str(tmp_path / "other"), "/nowhere") == "sharedsl"
    assert command("${workspaceFolder}/bin/s", str(tmp_path), "/nowhere") == f"{tmp_path}/bin/s"
    assert command("/opt/sharedsl", str(tmp_path), "/nowhere") == "/opt/sharedsl"


def test_files_that_the_package_names_are_there() -> None:
    contributes = PACKAGE["contributes"]
    assert contributes["languages"][0]["extensions"] == [".sdsl"]
    for each in (contributes["languages"][0]["configuration"], contributes["snippets"][0]["path"], PACKAGE["icon"]):
        assert (VSCODE / each).exists()
    assert contributes["grammars"][0]["scopeName"] == textmate.grammar()["scopeName"]
    kept = (VSCODE / ".vscodeignore").read_text()
    assert PACKAGE["main"].removeprefix("./") in kept and contributes["grammars"][0]["path"].removeprefix("./") in kept


def test_hints_are_those_of_the_server() -> None:
    hints = pytest.importorskip("sharedsl.ide.hints")
    settings = PACKAGE["contributes"]["configuration"]["properties"]
    named = {name.rpartition(".")[2] for name in settings if name.startswith("sharedsl.inlayHints.")}
    assert named == set(hints.KINDS)


SNIPPETS: dict[str, Any] = json.loads((VSCODE / "snippets" / "sharedsl.json").read_text())
AROUND = {
    "relation": "sharing p of M {{\n{}\n}}\n", "declaration": "model M() {{\n{}\n}}\n", "item": "{}\n",
}  # fmt: skip
PLACES = {
    "relation": {"tie", "share", "fold", "factorize", "adapt"},
    "declaration": {"layer", "stack", "forward"},
    "item": {"import", "model", "block", "sharing", "build"},
}


@pytest.mark.parametrize("name", SNIPPETS)
def test_snippets_are_specs(name: str) -> None:
    """With its placeholders' first choices a snippet reads without errors where it belongs."""
    snippet = SNIPPETS[name]
    body = "\n".join(snippet["body"])
    (place,) = (place for place, prefixes in PLACES.items() if snippet["prefix"] in prefixes)
    text = AROUND[place].format(_filled(body))
    assert not parse(SourceFile("x", text))[1], text


def _filled(body: str) -> str:
    import re

    body = body.replace("$0", "").replace("\\}", "\0")
    body = re.sub(r"\$\{\d+\|([^,|]*)[^|]*\|\}", r"\1", body)
    before = ""
    while before != body:  # from the innermost out
        before, body = body, re.sub(r"\$\{\d+:([^${}]*(?:\{[^${}]*)?)\}", r"\1", body)
    return body.replace("\0", "}")


@needs_modules
def test_textmate_reader_of_our_tests_is_right(tmp_path: Path) -> None:
    """Our small reader gives each word the scopes that the editor's own gives, on some specs."""
    snap = MODULES / ".bin" / "vscode-tmgrammar-snap"
    for path in SPECS[::25]:
        copy = tmp_path / path.name
        copy.write_text(path.read_text())
        command = [snap, "-g", textmate.PATH, "--scope", "source.sharedsl", "-u", copy]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        theirs = _snapped(copy.with_suffix(".sdsl.snap").read_text())
        ours = [textmate.colours(line) for line in path.read_text().splitlines()]
        for (line, scopes), own in zip(theirs, ours, strict=False):
            assert scopes == own, line


def _snapped(text: str) -> list[tuple[str, list[list[str]]]]:
    """(line, the scopes of each character) from a snapshot."""
    found: list[tuple[str, list[list[str]]]] = []
    for line in text.split("\n"):
        if line.startswith(">"):
            found.append((line[1:], [[] for _ in line[1:]]))
        elif line.startswith("#"):
            marks, _, scopes = line[1:].partition("^ ")
            marks += "^"
            for at, mark in enumerate(marks):
                if mark == "^" and at < len(found[-1][1]):
                    found[-1][1][at] = scopes.split(" ")[1:]
    return found


@needs_modules
def test_client_layer_drives_the_server(tmp_path: Path) -> None:
    pytest.importorskip("sharedsl.lsp.server", reason="there is no language server")
    spec = tmp_path / "albert.sdsl"
    spec.write_text((ROOT / "specs" / "encoder" / "albert.sdsl").read_text())
    done = json.loads(node(HERE / "client.js", COMMAND, spec, NODE_PATH=str(MODULES)))
    capabilities = done["capabilities"]
    for name in ("hoverProvider", "completionProvider", "inlayHintProvider", "codeLensProvider", "renameProvider"):
        assert capabilities.get(name), name
    assert not [each for each in done["clean"]["diagnostics"] if each["severity"] == 1]
    assert "Embedding" in json.dumps(done["hover"])
    assert done["hints"]
    assert "| one " in done["table"] and done["messages"] == []  # the extension shows the table
    (wrong,) = (each for each in done["broken"]["diagnostics"] if each["severity"] == 1)
    assert "Embeding" in wrong["message"]


@needs_modules
def test_bundle_starts_the_server(bundle: Path) -> None:
    """The client that is in the bundle gets through its handshake with the real server."""
    pytest.importorskip("sharedsl.lsp.server", reason="there is no language server")
    done = json.loads(node(HERE / "loads.js", bundle, COMMAND))
    assert not done["errors"]
    assert "sharedsl.comparePlans" in done["registered"]  # what the server offers


@pytest.mark.slow
@needs_modules
def test_vsix_builds() -> None:
    if shutil.which("npm") is None:
        pytest.skip("there is no npm")
    subprocess.run(["npm", "run", "package"], cwd=VSCODE, check=True, capture_output=True, timeout=120)
    names = set(zipfile.ZipFile(VSCODE / "dist" / "sharedsl.vsix").namelist())
    needed = (
        "package.json",
        "dist/extension.js",
        "dist/sharedsl.tmLanguage.json",
        "language-configuration.json",
        "icon.png",
    )
    assert {f"extension/{name}" for name in needed} <= names
    assert not any("node_modules" in name for name in names)
