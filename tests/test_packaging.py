"""The wheel, installed into an empty environment, compiles a spec from `/`."""

from __future__ import annotations

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    done = subprocess.run([*map(str, command)], cwd=cwd, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_wheel_in_an_empty_environment(tmp_path: Path) -> None:
    run(sys.executable, "-m", "build", "--wheel", "--outdir", tmp_path, ROOT)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    for needed in (
        "sharedsl/grammar/sharedsl.lark",
        "sharedsl/std/transformer.sdsl",
        "sharedsl/py.typed",
        "sharedsl/serve/static/app.js",
    ):
        assert needed in names
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / "bin" / "python"
    constraints = ROOT / "constraints.txt"
    # torch is needed only to run what was compiled, so it is left out here
    run(python, "-m", "pip", "install", "-q", "-c", constraints, "lark", "jinja2", "pydantic")
    run(python, "-m", "pip", "install", "-q", "--no-deps", wheel)
    spec = tmp_path / "gpt2.sdsl"
    spec.write_text((ROOT / "specs" / "language" / "gpt2.sdsl").read_text())
    out = tmp_path / "out"
    root = Path("/")
    run(python, "-m", "sharedsl", "compile", spec, "--build", "Gpt2Small", "-o", out, cwd=root)
    (module,) = out.rglob("gpt2_small.py")
    assert "class Gpt2Small(nn.Module):" in module.read_text()


def test_every_package_is_listed() -> None:
    """setuptools takes only what pyproject lists: a new room must not be forgotten."""
    import tomllib

    listed = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    found = {str(path.parent.relative_to(ROOT)).replace("/", ".") for path in ROOT.glob("sharedsl/**/__init__.py")}
    assert listed == found | {"sharedsl.grammar"}


def test_data_files_ship() -> None:
    """Whatever lies in a package besides code is named in pyproject, so that wheels have it."""
    import tomllib
    from fnmatch import fnmatch

    data = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    for path in sorted((ROOT / "sharedsl").rglob("*")):
        if path.is_dir() or path.suffix in (".py", ".pyc") or "__pycache__" in path.parts:
            continue
        owners = [name for name in data if path.is_relative_to(ROOT / name.replace(".", "/"))]
        assert any(
            fnmatch(str(path.relative_to(ROOT / name.replace(".", "/"))), pattern)
            for name in owners
            for pattern in data[name]
        ), f"{path.relative_to(ROOT)} is in no wheel"
