"""The mode for Emacs, in a real one: keywords where they are keywords, and the formatter's indentation."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.editors import treesitter
from tests.editors.treesitter import ROOT, SPECS

HERE = Path(__file__).parent
MODE = ROOT / "editors" / "emacs" / "sharedsl-mode.el"
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
