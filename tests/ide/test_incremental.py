"""After any edits, what the editor knows equals a fresh analysis of the same text."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from sharedsl.analysis.pipeline import Analysis, analyze
from sharedsl.diagnostics import Diagnostic
from sharedsl.ide.workspace import Workspace
from sharedsl.lint import lint
from sharedsl.source import SourceFile
from tests.ide.edits import edit

SPECS = Path(__file__).parents[2] / "specs"


def start(seed: int) -> str:
    """A spec to begin with, or two of them in one text."""
    found = sorted(SPECS.rglob("*.sdsl"))
    short = [path for path in found if path.stat().st_size < 4000]
    return short[seed * 7 % len(short)].read_text(encoding="utf-8")


def same(analysis: Analysis, fresh: Analysis) -> None:
    assert _shown(analysis.diagnostics) == _shown(fresh.diagnostics)
    assert repr(analysis.file) == repr(fresh.file)
    assert [item.span for item in analysis.file.items] == [item.span for item in fresh.file.items]
    assert analysis.targets == fresh.targets


def _shown(found: object) -> list[Diagnostic]:
    return list(found)  # type: ignore[call-overload, no-any-return]


def walk(seed: int, steps: int) -> None:
    rng = random.Random(seed)
    text, workspace = start(seed), Workspace()
    first = text
    workspace.put("/specs/edited.sdsl", text)
    workspace.analysis("/specs/edited.sdsl")
    for step in range(steps):
        text = first if rng.randrange(6) == 0 else edit(text, rng)
        workspace.put("/specs/edited.sdsl", text)
        analysis = workspace.analysis("/specs/edited.sdsl")
        assert analysis is not None
        fresh = analyze(SourceFile("/specs/edited.sdsl", text))
        same(analysis, fresh)
        if step % 2:
            assert workspace.lint("/specs/edited.sdsl") == lint(fresh)


@pytest.mark.parametrize("seed", range(12))
def test_random_edits(seed: int) -> None:
    walk(seed, 5)


@pytest.mark.slow
@pytest.mark.parametrize("block", range(20))
def test_two_thousand_edit_sequences(block: int) -> None:
    for seed in range(100):
        walk(1000 + 100 * block + seed, 3)


def test_random_edits_of_an_import(tmp_path: Path) -> None:
    """The importer is as if it were read anew after every edit of what it imports."""
    rng = random.Random(5)
    inner, outer = str(tmp_path / "inner.sdsl"), str(tmp_path / "outer.sdsl")
    model = (SPECS / "language" / "bytes.sdsl").read_text(encoding="utf-8").split("\nbuild ")[0]
    user = 'import "inner" { Bytes, shared }\n\nbuild Mine = Bytes(depth = 2) with shared { budget params <= 10M }\n'
    texts, workspace = {inner: model, outer: user}, Workspace()
    for path, text in texts.items():
        workspace.put(path, text)
    for _ in range(20):
        path = rng.choice((inner, inner, outer))
        texts[path] = (model if path == inner else user) if rng.randrange(3) == 0 else edit(texts[path], rng)
        workspace.put(path, texts[path])
        analysis = workspace.analysis(outer)
        assert analysis is not None

        def load(path: str) -> SourceFile | None:
            return SourceFile(path, texts[path]) if path in texts else None

        same(analysis, analyze(SourceFile(outer, texts[outer]), load=load))
