"""Every verb that needs no torch does without it, and so does the language server's own import."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.cli.conftest import SPEC

PROBE = """
import sys
from sharedsl.__main__ import main
code = main(sys.argv[1:])
sys.stderr.write("torch" if "torch" in sys.modules else "no torch")
sys.exit(code)
"""
VERBS = [
    ("version",), ("check", "toy.sdsl"), ("check", "bad.sdsl"), ("lint", "toy.sdsl"), ("lint", "toy.sdsl", "--fix"),
    ("fmt", "toy.sdsl"), ("fmt", "--check", "toy.sdsl"), ("compile", "toy.sdsl"), ("compile", "toy.sdsl", "--check"),
    ("explain", "shape"), ("explain", "untied-head"),
]  # fmt: skip


@pytest.mark.parametrize("args", VERBS, ids=" ".join)
def test_torch_is_not_loaded(tmp_path: Path, args: tuple[str, ...]) -> None:
    (tmp_path / "toy.sdsl").write_text(SPEC, encoding="utf-8")
    (tmp_path / "bad.sdsl").write_text(
        SPEC.replace("head   = Linear(dim,", "head   = Linear(dim + 1,"), encoding="utf-8"
    )
    env = {**os.environ, "SHAREDSL_CACHE": str(tmp_path / "cache")}
    done = subprocess.run([sys.executable, "-c", PROBE, *args], cwd=tmp_path, env=env, capture_output=True, timeout=60)
    assert done.returncode in (0, 1) and done.stderr.decode().endswith("no torch"), done.stderr.decode()


@pytest.mark.parametrize(
    "module", ["sharedsl.ide", "sharedsl.ide.checking", "sharedsl.lsp", "sharedsl.lint", "sharedsl"]
)
def test_a_room_does_not_import_torch(module: str) -> None:
    try:
        if find_spec(module) is None:
            pytest.skip(f"{module} is not there")
    except ModuleNotFoundError:
        pytest.skip(f"{module} is not there")
    code = f"import sys, {module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0
