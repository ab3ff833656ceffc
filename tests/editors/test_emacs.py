"""The mode for Emacs, in a real one: keywords where they are keywords, the formatter's indentation, and eglot.

SHAREDSL_EMACS may name another Emacs than the one on the PATH, a newer one for inlay hints, say.
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

from tests.editors import treesitter
from tests.editors.treesitter import ROOT, SPECS

HERE = Path(__file__).parent
MODE = ROOT / "editors" / "emacs" / "sharedsl-mode.el"
EDITORS = [each for each in ("emacs", os.environ.get("SHAREDSL_EMACS")) if each and shutil.which(each)]
pytestmark = pytest.mark.skipif(shutil.which("emacs") is None, reason="there is no emacs")


def emacs(*arguments: str | Path, **environment: str) -> None:
    command = ["emacs", "-Q", "--batch", *map(str, arguments)]
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_every_word_and_every_indentation(tmp_path: Path) -> None:
    out = tmp_path / "faces"
    emacs("-l", HERE / "faces.el", FILES="\n".join(map(str, SPECS)), OUT=str(out), SHAREDSL_MODE=str(MODE))
    faces: dict[tuple[str, int, int], str] = {}
    wrong: list[str] = []
    for line in out.read_text().split("\n"):
        file, row, column, face = line.split("\t")
        if row != "-":
            faces[file, int(row), int(column)] = face
        elif face != "t":
            wrong.append(f"{file} is indented otherwise")
    for path in SPECS:
        for (row, column), (role, word) in treesitter.roles(path.read_text()).items():
            face = faces.get((str(path), row, column), "nothing")
            if role in ("keyword", "name") and (face == "font-lock-keyword-face") != (role == "keyword"):
                wrong.append(f"{path.name}:{row + 1}: `{word}` is a {role}, not {face}")
    assert not wrong


def test_it_compiles_without_warnings(tmp_path: Path) -> None:
    copy = tmp_path / MODE.name
    shutil.copy(MODE, copy)
    emacs("--eval", "(setq byte-compile-error-on-warn t)", "-f", "batch-byte-compile", copy)


SPEC = """\
model Mlp(inputs = 6, dim = 8) {
  layer up   = Linear(inputs, dim)
  layer down = Linear(dim, inputs)
  forward(x: float[B, inputs]) -> float[B, inputs] { return x |> up |> relu |> down }
}

sharing tied of Mlp { tie down.weight = up.weight.T }

build Small = Mlp() with tied
"""


@pytest.mark.parametrize("editor", EDITORS)
def test_eglot(editor: str, tmp_path: Path) -> None:
    """Diagnostics, hover, inlay hints (29), rename, fixes, completion and formatting through the real client."""
    pytest.importorskip("sharedsl.lsp.server", reason="there is no language server")
    spec, out = tmp_path / "mlp.sdsl", tmp_path / "out"
    spec.write_text(SPEC)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    given = {"FILE": str(spec), "OUT": str(out), "SHAREDSL_MODE": str(MODE), "PATH": path, "HOME": str(tmp_path)}
    command = [editor, "-Q", "--batch", "-l", str(HERE / "eglot.el")]
    done = subprocess.run(command, env={**os.environ, **given}, capture_output=True, text=True, timeout=200)
    if "Cannot open load file" in done.stderr and '"eglot"' in done.stderr:
        pytest.skip("this Emacs has no eglot (Debian: elpa-eglot)")
    assert done.returncode == 0, done.stderr[-2000:]
    seen: dict[str, Any] = json.loads(out.read_text())
    assert seen["clean"] == [] and "56 parameters stored" in seen["hover"]
    if "hints" in seen:
        assert {each.strip() for each in seen["hints"]} >= {"56 parameters", "= up.weight.T"}
    assert "x |> wide |> relu" in seen["renamed"] and "wide.weight.T" in seen["renamed"]
    assert len(seen["broken"]) == 1 and "Liner" in seen["broken"][0] and "unknown-layer" in seen["broken"][0]
    assert seen["fixes"] == ["did you mean `Linear`?"] and seen["completions"] == ["Linear"]
    assert (
        "  layer wide = Linear(inputs, dim)\n" in seen["formatted"]
        and "layer out  = Liner(dim, dim)" in seen["formatted"]
    )
