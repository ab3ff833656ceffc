"""A real Neovim, headless, drives the installed server: diagnostics, hover, definition, formatting, hints.

Debian's 0.7.2 is enough. With a newer one under NVIM_ROOT (its Debian packages and their libraries, unpacked with
`dpkg -x`) the same is asserted through its own inlay hints, code lenses and semantic tokens.
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

pytest.importorskip("pygls", reason="the extra `lsp` is not installed")
from tests.lsp.test_server import SPEC

SCRIPT = Path(__file__).with_name("neovim.lua")
SERVER = Path(sys.executable).with_name("sharedsl")
ROOT = Path(os.environ.get("NVIM_ROOT", "/opt/nvim-root"))
_LIBRARIES = ROOT / "usr/lib/x86_64-linux-gnu"


def newer() -> list[str]:
    return [str(_LIBRARIES / "ld-linux-x86-64.so.2"), "--library-path", str(_LIBRARIES), str(ROOT / "usr/bin/nvim")]


def drive(command: list[str], folder: Path, **environment: str) -> dict[str, Any]:
    spec = folder / "small.sdsl"
    text = SPEC.replace("embed(tokens)", "embd(tokens)").replace("share * across layers", "")
    spec.write_text(text, encoding="utf-8")
    env = {**os.environ, "ARG_SPEC": str(spec), "ARG_SERVER": str(SERVER), "HOME": str(folder), **environment}
    script = [*command, "--clean", "--headless", "-u", "NONE", "-c", f"luafile {SCRIPT}"]
    made = subprocess.run(script, env=env, capture_output=True, text=True, timeout=120)
    found = json.loads((made.stdout or made.stderr).strip().split("\n")[-1])
    assert made.returncode == 0, found
    return found  # type: ignore[no-any-return]


def check(seen: dict[str, Any]) -> None:
    assert ["unknown-name", 8, 8] in seen["diagnostics"]
    assert "layer head = Linear" in seen["hover"]
    assert seen["definition"] == {"line": 6, "character": 8}
    assert seen["symbols"] == 4
    assert seen["formatted"] == "  layer head   = Linear(dim, vocab, bias = false)"
    assert ": float[B, T, 16]" in seen["hints"] and "= embed.weight" in seen["hints"]
    assert seen["lenses"] == 3


@pytest.mark.skipif(not shutil.which("nvim"), reason="nvim is not on PATH")
def test_neovim(tmp_path: Path) -> None:
    check(drive(["nvim"], tmp_path))


@pytest.mark.skipif(not (ROOT / "usr/bin/nvim").exists(), reason=f"there is no newer Neovim in {ROOT} (NVIM_ROOT)")
def test_neovim_with_hints(tmp_path: Path) -> None:
    seen = drive(newer(), tmp_path, VIMRUNTIME=str(ROOT / "usr/share/nvim/runtime"))
    check(seen)
    assert seen["token"] == "class"
