"""The wheel, the wheel of the source archive, an editable install: each compiles from `/` in an empty environment."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
#: what a package is made from
SOURCES = ("pyproject.toml", "README.md", "LICENSE", "sharedsl", "grammar")
#: what must be in every package, besides code
NEEDED = (
    "sharedsl/grammar/sharedsl.lark", "sharedsl/std/transformer.sdsl", "sharedsl/py.typed",
    "sharedsl/serve/static/app.js", "sharedsl/cli/templates/mlp.sdsl",
)  # fmt: skip


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    done = subprocess.run([*map(str, command)], cwd=cwd, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def checkout(folder: Path) -> Path:
    """A copy of the sources: setuptools leaves things beside them, and takes what it left the last time."""
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
        else:
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, folder / name)
    return folder


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with what `check`, `fmt` and `compile` need, which is little: no torch, no pydantic."""
    folder = tmp_path_factory.mktemp("env")
    venv.create(folder, with_pip=True)
    found = folder / "bin" / "python"
    run(found, "-m", "pip", "install", "-q", "-c", ROOT / "constraints.txt", "lark")
    return found


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What pip is asked to install, by way."""
    folder = tmp_path_factory.mktemp("packages")
    source = checkout(folder / "source")
    run(sys.executable, "-m", "build", "--sdist", "--outdir", folder, source)
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as file:
        file.extractall(folder / "unpacked", filter="data")
    (unpacked,) = (folder / "unpacked").iterdir()
    found: dict[str, Path] = {}
    for way, where in (("wheel", checkout(folder / "again")), ("wheel of the source archive", unpacked)):
        out = folder / f"made from {where.name}"
        run(sys.executable, "-m", "build", "--wheel", "--outdir", out, where)
        (found[way],) = out.glob("*.whl")
    return {**found, "editable": source}


@pytest.fixture
def installed(request: pytest.FixtureRequest, python: Path, packages: dict[str, Path]) -> Iterator[tuple[str, Path]]:
    way = request.param
    options = ["-e"] if way == "editable" else []
    run(python, "-m", "pip", "install", "-q", "--no-deps", "--force-reinstall", *options, packages[way])
    yield way, python
    run(python, "-m", "pip", "uninstall", "-q", "-y", "sharedsl")


@pytest.mark.slow
@pytest.mark.parametrize("installed", ["wheel", "wheel of the source archive", "editable"], indirect=True)
def test_installed(tmp_path: Path, installed: tuple[str, Path], packages: dict[str, Path]) -> None:
    """From `/` the grammar is loaded, and a spec is checked, formatted and compiled to what the checkout makes."""
    way, python = installed
    if way != "editable":
        assert set(NEEDED) <= set(zipfile.ZipFile(packages[way]).namelist())
    root, spec = Path("/"), tmp_path / "gpt2.sdsl"
    spec.write_text((ROOT / "specs" / "language" / "gpt2.sdsl").read_text())
    where = run(python, "-c", "import sharedsl; print(sharedsl.__file__)", cwd=root).strip()
    assert Path(where).is_relative_to(packages["editable"]) == (way == "editable")
    assert not Path(where).is_relative_to(ROOT)
    grammar = "(files('sharedsl.grammar') / 'sharedsl.lark').read_text()"
    probe = f"from importlib.resources import files; print(len({grammar}))"
    assert int(run(python, "-c", probe, cwd=root)) > 1000
    command = python.parent / "sharedsl"
    run(command, "check", spec, cwd=root)
    run(command, "fmt", "--check", spec, cwd=root)
    run(command, "compile", spec, "-o", tmp_path / "out", cwd=root)
    made = {path.name: path.read_text() for path in (tmp_path / "out").rglob("*.py")}
    run(sys.executable, "-m", "sharedsl", "compile", spec, "-o", tmp_path / "here")
    assert made == {path.name: path.read_text() for path in (tmp_path / "here").rglob("*.py")}
    assert "class Gpt2Small(nn.Module):" in made["gpt2_small.py"]
    if way == "editable":  # it is live: what is changed in the checkout is changed
        version = packages[way] / "sharedsl" / "cli" / "version.py"
        version.write_text(version.read_text() + "\n\ndef version() -> str:\n    return 'changed'\n")
        assert "changed" in run(command, "version", cwd=root)


def test_every_package_is_listed() -> None:
    """setuptools takes only what pyproject lists: a new room must not be forgotten."""
    listed = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    found = {str(path.parent.relative_to(ROOT)).replace("/", ".") for path in ROOT.glob("sharedsl/**/__init__.py")}
    assert listed == found | {"sharedsl.grammar"}


def test_data_files_ship() -> None:
    """Whatever lies in a package besides code is named in pyproject, so that wheels have it."""
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
