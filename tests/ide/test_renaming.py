"""Renames leave what a spec means alone: the generated code is the same up to the names."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path

import pytest

from sharedsl.analysis.pipeline import Analysis, compile_build
from sharedsl.ide import navigation
from sharedsl.ide.renaming import edited, renames
from sharedsl.ide.symbols import Occurrence
from sharedsl.ide.view import View
from sharedsl.ide.workspace import Workspace
from tests.compiled import SPECS, analysis, source
from tests.ide.plain_code import fresh, meaning

ALL = sorted(SPECS.rglob("*.sdsl"))


@cache
def opened(path: Path) -> tuple[Workspace, View]:
    workspace, name = Workspace(), str(path)
    workspace.put(name, path.read_text(encoding="utf-8"))
    view = workspace.view(name)
    assert view is not None
    return workspace, view


def declared(view: View) -> list[Occurrence]:
    """Every symbol that the file declares, once, where it is declared."""
    own = [each for each in view.all_names() if each.symbol.path == view.path and each.symbol.kind != "file"]
    found: dict[object, Occurrence] = {}
    for each in own:
        if each.span == each.place or (each.symbol not in found and not each.others):
            found.setdefault(each.symbol, each)
    assert {each.symbol for each in own} <= found.keys()
    return list(found.values())


@cache
def meaning_of(path: Path, build: str) -> str:
    return meaning(source(compile_build(opened(path)[1].analysis, build)))


def same(path: Path, after: Analysis, at: int) -> None:
    """The build at a place of the file's list comes to the same code."""
    before = opened(path)[1].analysis
    assert [each.code for each in after.diagnostics] == [each.code for each in before.diagnostics]
    renamed = meaning(source(compile_build(after, after.targets[at])))
    assert renamed == meaning_of(path, before.targets[at])


def one_by_one(path: Path, chosen: list[tuple[int, Occurrence]]) -> None:
    """Each of the names gets another one, from the place where it is declared, as an editor asks for it."""
    workspace, view = opened(path)
    for number, each in chosen:
        edits = navigation.rename(workspace, view, each.span.start, fresh(each.symbol.name, number))
        assert isinstance(edits, list) and edits, (each.symbol, edits)
        after = analysis(edited(view.text, edits), view.path)
        same(path, after, number % len(after.targets))


@pytest.mark.parametrize("seed", range(12))
def test_a_renamed_symbol(seed: int) -> None:
    rng = random.Random(seed)
    path = rng.choice(ALL)
    names = declared(opened(path)[1])
    number = rng.randrange(len(names))
    one_by_one(path, [(number, names[number])])


@pytest.mark.parametrize("path", random.Random(1).sample(ALL, 12), ids=lambda path: path.stem)
def test_all_names_of_some_specs(path: Path) -> None:
    all_at_once(path, (0,))


def all_at_once(path: Path, builds: tuple[int, ...] | range) -> None:
    """Every symbol a name of its own: what was spelled alike by chance no longer is."""
    workspace, view = opened(path)
    wanted = {each.symbol: fresh(each.symbol.name, number) for number, each in enumerate(declared(view))}
    edits = renames(workspace, view, wanted)
    assert isinstance(edits, list), edits
    after = analysis(edited(view.text, edits), view.path)
    for at in builds:
        same(path, after, at)


@pytest.mark.slow
@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_all_names_of_a_spec(path: Path) -> None:
    all_at_once(path, range(len(opened(path)[1].analysis.targets)))


@pytest.mark.slow
@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_every_name_of_a_spec(path: Path) -> None:
    one_by_one(path, list(enumerate(declared(opened(path)[1]))))
