"""What `compile` writes depends on the spec alone: not on hash seed, folder, locale, or where the project is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SPECS = ("encoder/albert.sdsl", "folding/universal.sdsl", "training/tie_later.sdsl")
WAYS = {
    "plain": ({"PYTHONHASHSEED": "0"}, "."),
    "another seed": ({"PYTHONHASHSEED": "4242"}, "."),
    "from above": ({"PYTHONHASHSEED": "1"}, ".."),
    "from the root": ({"PYTHONHASHSEED": "2"}, "/"),
    "no locale": ({"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, "."),
    "another locale": ({"LC_ALL": "C.UTF-8", "TZ": "Asia/Tokyo"}, "."),
}


def compiled(folder: Path, way: str) -> dict[str, bytes]:
    project = folder / way.replace(" ", "_") / "project"
    for name in SPECS:
        path = project / "specs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((ROOT / "specs" / name).read_bytes())
    (project / "pyproject.toml").write_text("")
    env, start = WAYS[way]
    cwd = Path(start) if start == "/" else (project / start).resolve()
    specs = os.path.relpath(project / "specs", cwd) if start != "/" else str(project / "specs")
    command = [sys.executable, "-m", "sharedsl", "compile", specs]
    done = subprocess.run(command, cwd=cwd, env={**os.environ, **env}, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
    below = project / "generated"
    return {str(path.relative_to(below)): path.read_bytes() for path in sorted(below.rglob("*.py"))}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return compiled(tmp_path_factory.mktemp("plain"), "plain")


@pytest.mark.parametrize("way", [way for way in WAYS if way != "plain"])
def test_bytes_are_the_same(tmp_path: Path, plain: dict[str, bytes], way: str) -> None:
    assert len(plain) >= 5
    assert compiled(tmp_path, way) == plain


def test_nothing_of_the_machine_is_in_it(plain: dict[str, bytes]) -> None:
    for name, text in plain.items():
        for word in (b"/tmp", b"/home", str(ROOT).encode(), b"2026"):
            assert word not in text, (name, word)
