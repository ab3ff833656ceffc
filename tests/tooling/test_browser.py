"""sharedsl in a browser: CPython for WebAssembly (Pyodide), run by node, checks, formats and compiles a spec.

Besides the standard library only lark is there: whatever these verbs import that is not pure Python shows here.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.test_packaging import ROOT, checkout, run

PYODIDE = "pyodide@314.0.7"
SPEC = ROOT / "specs" / "encoder" / "albert.sdsl"
BROKEN = SPEC.read_text(encoding="utf-8").replace("Linear(", "Linaer(", 1)
VERBS = (
    ["version"], ["check", "albert.sdsl"], ["fmt", "--check", "albert.sdsl"], ["lint", "albert.sdsl"],
    ["compile", "albert.sdsl", "--out", "/out"], ["budget", "albert.sdsl", "--json"], ["explain", "shape"],
)  # fmt: skip

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("node") is None or shutil.which("npm") is None, reason="needs node and npm"),
]


@pytest.fixture(scope="module")
def pyodide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("node")
    options = ("--ignore-scripts", "--no-audit", "--no-fund", "--prefix", folder)
    run("npm", "install", *options, PYODIDE, cwd=folder)
    return folder / "node_modules" / "pyodide"


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("wheels")
    run(sys.executable, "-m", "build", "--wheel", "--outdir", folder, checkout(folder / "source"))
    options = ("-q", "--no-deps", "--only-binary", ":all:", "-c", ROOT / "constraints.txt")
    run(sys.executable, "-m", "pip", "download", *options, "-d", folder, "lark")
    found = sorted(folder.glob("*.whl"))
    assert [path.name.split("-")[0] for path in found] == ["lark", "sharedsl"]
    assert all(path.name.endswith("-none-any.whl") for path in found)
    return found


def told(pyodide: Path, wheels: list[Path], spec: Path, *verbs: list[str]) -> dict[str, Any]:
    command = ["node", ROOT / "tests" / "tooling" / "browser.mjs", pyodide, ",".join(map(str, wheels)), spec]
    found: dict[str, Any] = json.loads(run(*command, *(json.dumps(verb) for verb in verbs)))
    assert found["platform"] == "emscripten"
    return found


def here(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sharedsl", *args]
    env = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=120)


def test_a_spec(tmp_path: Path, pyodide: Path, wheels: list[Path]) -> None:
    """Every verb says there what it says here, and the modules are the same to the byte."""
    shutil.copy(SPEC, tmp_path / SPEC.name)
    found = told(pyodide, wheels, SPEC, *VERBS)
    assert not {"torch", "pydantic", "numpy", "jinja2"} & set(found["modules"])
    for each in found["runs"]:
        assert each["code"] == 0, each
        if each["args"][0] not in ("version", "compile"):
            assert each["out"] == here(tmp_path, *each["args"]).stdout
    assert here(tmp_path, "compile", SPEC.name, "--out", "out").returncode == 0
    made = {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "out").glob("*.py")}
    assert len(made) >= 10 and found["files"] == made


def test_a_mistake(tmp_path: Path, pyodide: Path, wheels: list[Path]) -> None:
    path = tmp_path / "broken.sdsl"
    path.write_text(BROKEN, encoding="utf-8")
    (run,) = told(pyodide, wheels, path, ["check", "broken.sdsl", "--json"])["runs"]
    assert run["code"] == 1 and run["out"] == here(tmp_path, "check", "broken.sdsl", "--json").stdout
    (only,) = json.loads(run["out"])["diagnostics"]
    assert only["fixes"][0]["edits"][0]["replacement"] == "Linear"
