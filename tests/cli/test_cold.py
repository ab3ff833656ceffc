"""Processes of their own: torch stays away, ASCII terminals are served, colours stay off where nobody looks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import SPEC

VERBS = [
    ("check", "toy.sdsl"),
    ("compile", "toy.sdsl"),
    ("budget", "toy.sdsl", "--at", "B=2", "--json"),
    ("compare", "toy.sdsl", "--html", "page.html"),
    ("dump", "toy.sdsl", "--stage", "python", "--build", "ToyOne"),
    ("new", "fresh.sdsl"),
    ("ls", "layers"),
    ("explain", "shape"),
    ("fmt", "toy.sdsl"),
    ("lint", "toy.sdsl"),
]
PROBE = """
import sys
from sharedsl.__main__ import main
code = main(sys.argv[1:])
heavy = [name for name in ("torch", "numpy", "pydantic") if name in sys.modules]
sys.stderr.write("loaded " + ",".join(heavy))
sys.exit(code)
"""


def start(folder: Path, *args: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    (folder / "toy.sdsl").write_text(SPEC, encoding="utf-8")
    env = {**os.environ, "SHAREDSL_CACHE": str(folder / "cache"), **environment}
    return subprocess.run([sys.executable, "-c", PROBE, *args], cwd=folder, env=env, capture_output=True, timeout=60)


@pytest.mark.parametrize("args", VERBS, ids=lambda args: args[0])
def test_torch_is_not_loaded(tmp_path: Path, args: tuple[str, ...]) -> None:
    done = start(tmp_path, *args)
    assert done.returncode == 0, done.stderr.decode()
    assert done.stderr.decode().endswith("loaded "), done.stderr.decode()[-200:]


@pytest.mark.parametrize("args", [("compare", "toy.sdsl"), ("check", "bad.sdsl"), ("budget", "toy.sdsl", "--modules")])
def test_ascii_terminals(tmp_path: Path, args: tuple[str, ...]) -> None:
    (tmp_path / "bad.sdsl").write_text(SPEC + "# ünï\nmodel 漢 {}\n", encoding="utf-8")
    done = start(tmp_path, *args, PYTHONIOENCODING="ascii")
    assert done.returncode in (0, 1) and b"\x1b" not in done.stdout
    done.stdout.decode("ascii")


def test_the_cached_answer_needs_next_to_nothing(tmp_path: Path) -> None:
    probe = PROBE.replace(
        "heavy = [",
        "heavy = [*(n for n in ('argparse', 'dataclasses', 'json', 'typing') if n in sys.modules)] + [",
    )
    (tmp_path / "toy.sdsl").write_text(SPEC, encoding="utf-8")
    env = {**os.environ, "SHAREDSL_CACHE": str(tmp_path / "cache")}
    command = [sys.executable, "-I", "-c", probe, "check", "toy.sdsl"]
    first, second = (subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, timeout=60) for _ in range(2))
    assert first.stdout == second.stdout and first.returncode == second.returncode == 0
    assert second.stderr.decode().endswith("loaded "), second.stderr.decode()
