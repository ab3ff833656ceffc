"""The hooks of `.pre-commit-hooks.yaml`, run by pre-commit itself."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("pre_commit")
pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")

ROOT = Path(__file__).parents[2]
CLEAN = """\
model Mlp(dim = 8) {
  layer up = Linear(dim, dim)
  forward(x: float[B, dim]) -> float[B, dim] { return up(x) }
}

build Small = Mlp()
"""
#: hook -> a text that it has something to say about, and what it says
CAUGHT = {
    "sharedsl-fmt": (CLEAN.replace("dim = 8", "dim=8"), "files were modified by this hook"),
    "sharedsl-check": (CLEAN.replace("Linear", "Liner"), "unknown-layer"),
    "sharedsl-lint": (CLEAN.replace("build", "sharing idle of Mlp { share up }\nbuild"), "unused-plan"),
}


def run(*command: str, cwd: Path, home: Path, ok: bool = True) -> str:
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PRE_COMMIT_HOME": str(home), "HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b",
    }  # fmt: skip
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120)
    assert (done.returncode == 0) is ok, done.stdout + done.stderr
    return done.stdout + done.stderr


def repository(folder: Path, files: dict[str, str], home: Path) -> Path:
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
    for command in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "all")):
        run("git", *command, cwd=folder, home=home)
    return folder


@pytest.mark.parametrize("hook", CAUGHT)
def test_hook(hook: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    name = ".pre-commit-hooks.yaml"
    hooks = repository(tmp_path / "hooks", {name: (ROOT / name).read_text()}, home)
    text, said = CAUGHT[hook]
    files = {"clean.sdsl": CLEAN, "caught.sdsl": text, "notes.txt": "model ("}
    work = repository(tmp_path / "work", files, home)
    command = (sys.executable, "-m", "pre_commit", "try-repo", str(hooks), hook, "--files")
    assert "Passed" in run(*command, "clean.sdsl", cwd=work, home=home)
    assert "no files to check" in run(*command, "notes.txt", cwd=work, home=home)
    assert said in run(*command, "caught.sdsl", cwd=work, home=home, ok=False)


def test_every_hook_is_tried() -> None:
    import yaml

    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert {each["id"] for each in hooks} == set(CAUGHT)
