"""Real Neovims with `editors/neovim` and `editors/vim`: filetype, indentation, tree-sitter, the language server.

SHAREDSL_NVIM may name another Neovim than the one on the PATH, a newer one for inlay hints and tree-sitter, say.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.editors.treesitter import ROOT, SPECS

HERE = Path(__file__).parent
COMMAND = Path(sys.executable).with_name("sharedsl")
EDITORS = [each for each in ("nvim", os.environ.get("SHAREDSL_NVIM")) if each and shutil.which(each)]
pytestmark = pytest.mark.skipif(not EDITORS, reason="there is no nvim")
CLEAN = ("--clean", "--headless", "-n", "-u", "NONE", "-i", "NONE")


def version(editor: str) -> tuple[int, int]:
    text = subprocess.run([editor, "--version"], capture_output=True, text=True, timeout=20).stdout
    found = re.search(r"v(\d+)\.(\d+)", text)
    assert found is not None
    return int(found[1]), int(found[2])


def drive(editor: str, home: Path, **job: Any) -> dict[str, Any]:
    out = home / "out.json"
    given = {"root": str(ROOT), "command": "", "file": "", "treesitter": False, "out": str(out), **job}
    environment = {**os.environ, "XDG_DATA_HOME": str(home), "XDG_STATE_HOME": str(home), "XDG_CACHE_HOME": str(home)}
    commands = ["-c", f"let g:job = json_decode('{json.dumps(given)}')", "-c", f"luafile {HERE / 'neovim.lua'}"]
    done = subprocess.run(
        [editor, *CLEAN, *commands],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
    )
    assert out.exists(), done.stderr
    result: dict[str, Any] = json.loads(out.read_text())
    assert not result.get("problem"), result["problem"]
    return result


@pytest.mark.parametrize("editor", EDITORS)
def test_filetype_and_options(editor: str, tmp_path: Path) -> None:
    done = drive(editor, tmp_path, file=str(SPECS[0]))
    assert done["filetype"] == "sharedsl"
    assert done["options"] == [2, True, "# %s", "GetSharedslIndent()"]


@pytest.mark.parametrize("editor", EDITORS)
def test_tree_sitter(editor: str, tmp_path: Path) -> None:
    if version(editor) < (0, 9):
        pytest.skip("this Neovim cannot be given queries")
    done = drive(editor, tmp_path, file=str(ROOT / "specs" / "encoder" / "albert.sdsl"), treesitter=True)
    assert done["parser"] and "keyword" in done["captures"]


@pytest.mark.parametrize("editor", EDITORS)
def test_language_server(editor: str, tmp_path: Path) -> None:
    pytest.importorskip("sharedsl.lsp.server", reason="there is no language server")
    spec = tmp_path / "albert.sdsl"
    shutil.copy(ROOT / "specs" / "encoder" / "albert.sdsl", spec)
    done = drive(editor, tmp_path, file=str(spec), command=str(COMMAND))
    assert done["attached"] == "sharedsl" and done["clean"] == 0
    assert "Embedding" in json.dumps(done["hover"])
    assert done["hints"]
    assert any(line.startswith("| one ") and "11,683,584" in line for line in done["table"])
    assert "Embeding" in done["broken"]


@pytest.mark.parametrize("editor", EDITORS)
def test_indentation_is_the_formatters(editor: str, tmp_path: Path) -> None:
    """Every spec indented anew, from no indentation at all, is as it was."""
    folder = tmp_path / "specs"
    folder.mkdir()
    for path in SPECS:
        flat = "\n".join(line.lstrip() for line in path.read_text().split("\n"))
        (folder / f"{path.parent.name}_{path.name}").write_text(flat)
    script = tmp_path / "indent.vim"
    each = "  execute 'edit' s:f\n  silent normal! gg=G\n  silent write\n"
    script.write_text(f"for s:f in glob('{folder}/*.sdsl', 1, 1)\n{each}endfor\nqall!\n")
    early = ("--cmd", f"set rtp^={ROOT / 'editors' / 'vim'}", "--cmd", "filetype plugin indent on")
    subprocess.run([editor, *CLEAN, *early, "-c", f"source {script}"], check=True, capture_output=True, timeout=120)
    wrong = [path for path in SPECS if (folder / f"{path.parent.name}_{path.name}").read_text() != path.read_text()]
    assert not wrong


WRAPPED = """\
function f(a: int) -> int {
  x = a +
      a * 2 and
      not a
  y = [
      a, a]
  z = f(a, f(
      a), a)
      |> g
  x, y =
      1, 2
  if x {
    return x
  } else {
    return f(x,
             y)
  }
}
"""


@pytest.mark.parametrize("editor", EDITORS)
def test_lines_that_go_on(editor: str, tmp_path: Path) -> None:
    spec = tmp_path / "x.sdsl"
    spec.write_text("\n".join(line.lstrip() for line in WRAPPED.split("\n")))
    early = ("--cmd", f"set rtp^={ROOT / 'editors' / 'vim'}", "--cmd", "filetype plugin indent on")
    subprocess.run([editor, *CLEAN, *early, "-c", "silent normal! gg=G", "-c", "wq", spec], check=True, timeout=60)
    assert spec.read_text() == WRAPPED
