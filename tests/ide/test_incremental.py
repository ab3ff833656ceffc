"""After any edits, what the editor knows equals a fresh analysis of the same text."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from sharedsl.analysis.pipeline import Analysis, analyze
from sharedsl.diagnostics import Diagnostic
from sharedsl.ide.workspace import Workspace
from sharedsl.lint import lint
from sharedsl.source import SourceFile, Span
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
    assert places(analysis.file) == places(fresh.file)
    assert analysis.targets == fresh.targets


def places(tree: object) -> list[Span]:
    """Every place in a tree."""
    found: list[Span] = []
    todo = [tree]
    while todo:
        node = todo.pop()
        if isinstance(node, Span):
            found.append(node)
        elif isinstance(node, tuple):
            todo += node
        elif hasattr(node, "__dataclass_fields__"):
            todo += [getattr(node, name) for name in node.__dataclass_fields__]
    return found


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


def test_comments_and_blanks_leave_all_that_is_known() -> None:
    """What stands between statements changes nothing but places: not one check is made again."""
    text, path = (SPECS / "language" / "bytes.sdsl").read_text(encoding="utf-8"), "/specs/edited.sdsl"
    workspace, rng = Workspace(), random.Random(1)
    workspace.put(path, text)
    workspace.diagnostics(path)
    checker = workspace.checker(path)
    assert checker is not None
    for comment in ("  # n", "  # note", "\n", "  # note\n\n", "", "\n    # why", ""):
        at = rng.choice([at for at, char in enumerate(text) if char == "\n" and text[at - 1] in "){}"])
        edited = text[:at] + comment + text[at:]
        workspace.put(path, edited)
        analysis = workspace.analysis(path)
        assert analysis is not None
        assert checker.worked == 0
        fresh = analyze(SourceFile(path, edited))
        same(analysis, fresh)
        assert workspace.lint(path) == lint(fresh)


def test_blanks_inside_of_a_statement_are_quoted() -> None:
    """What a message quotes of the text is as it is written now."""
    text = "model M(dim = 8) {\n  layer a = Linear(dim, dim)\n  forward(x: float[B, dim]) -> float[B, dim] {\n    "
    text += "require dim + 1 == 3\n    return a(x)\n  }\n}\nbuild Mine = M()\n"
    workspace, path = Workspace(), "/specs/edited.sdsl"
    for written in ("dim + 1 == 3", "dim + 1 ==  3", "dim+1 == 3", "dim + 1 == 3"):
        edited = text.replace("dim + 1 == 3", written)
        workspace.put(path, edited)
        analysis = workspace.analysis(path)
        assert analysis is not None
        same(analysis, analyze(SourceFile(path, edited)))


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
