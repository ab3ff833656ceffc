"""Every wrong spec gives exactly the diagnostics that stand beside its lines; every code has a wrong spec."""

from __future__ import annotations

from pathlib import Path

import pytest

from sharedsl.source import SourceFile
from tests.compiled import problems
from tests.corpus.wrong import FOLDER, expected, found, mended, wrong_specs

#: rule 9 of the design: every independent contradiction is reported
CONTRADICTIONS = frozenset((
    "shape", "cycle-scale", "self-view", "cycle-definition", "private-but-equal", "two-definitions",
    "not-whole-storage", "not-a-box", "two-along", "two-private-parts", "fold-twice", "fold-overlap",
    "missing-in-element", "bad-map", "init-not-owner", "mark-part", "no-site", "orphan", "untie-nothing",
    "rank-too-big", "factor-unknown",
))  # fmt: skip


def sources_of(path: Path) -> dict[str, SourceFile]:
    """The spec and the files that go with it."""
    files = [path, *sorted((FOLDER / "imports").glob("*.sdsl"))] if "import" in path.name else [path]
    return {str(each): SourceFile(str(each), each.read_text()) for each in files}


@pytest.mark.parametrize("path", wrong_specs(), ids=lambda path: path.stem)
def test_diagnostics(path: Path) -> None:
    sources = sources_of(path)
    reached = {name: each for name, each in sources.items() if name == str(path) or path.stem == "import_cycle"}
    wanted = sorted(place for name, each in reached.items() for place in expected(each.text, name))
    assert wanted, "a wrong spec says what is wrong with it"
    got = problems(path.read_text(), str(path))
    assert found(got, sources) == wanted, "\n".join(f"{each.code}: {each.message}" for each in got)
    assert all(each.message and each.labels for each in got)


@pytest.mark.parametrize(
    "path", [path for path in wrong_specs() if path.read_text().startswith("# mends")], ids=lambda path: path.stem
)
def test_fixes_mend(path: Path) -> None:
    text = path.read_text()
    got = problems(text, str(path))
    assert all(each.fixes for each in got)
    whole = mended(text, got, str(path))
    assert [(each.code, each.message) for each in problems(whole, str(path))] == [], whole


def test_every_contradiction_is_covered() -> None:
    codes = {code for path in wrong_specs() for _, _, _, code in expected(path.read_text(), "")}
    assert codes >= CONTRADICTIONS, sorted(CONTRADICTIONS - codes)
    assert len(wrong_specs()) >= 60
