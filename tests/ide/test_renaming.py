"""Renames leave what a spec means alone: the generated code is the same up to the name."""

from __future__ import annotations

import ast
import random
import re
from pathlib import Path

import pytest

from sharedsl.ide import navigation
from sharedsl.ide.symbols import Occurrence
from sharedsl.ide.view import View
from sharedsl.ide.workspace import Workspace
from tests.compiled import SPECS, analysis, compiled, source

ALL = sorted(SPECS.rglob("*.sdsl"))
#: what no name has: taken away again it gives the old name back, in derived names too
SUFFIX = "zq"


def opened(path: Path) -> tuple[Workspace, str]:
    workspace, name = Workspace(), str(path)
    workspace.put(name, path.read_text(encoding="utf-8"))
    return workspace, name


def seen(workspace: Workspace, path: str) -> View:
    view = workspace.view(path)
    assert view is not None
    return view


def declared(view: View) -> list[Occurrence]:
    """Every symbol that the file declares, once, where it stands first."""
    found = {each.symbol: each for each in reversed(view.all_names()) if each.place and each.place.path == view.path}
    return [each for each in reversed(found.values()) if each.symbol.kind != "file"]


def renamed(workspace: Workspace, view: View, offset: int, name: str) -> str | None:
    """The text after a rename; None where the name is refused, as a name that something else has is."""
    edits = navigation.rename(workspace, view, offset, name)
    if isinstance(edits, str):
        return None
    text = view.text
    for each in sorted(edits, key=lambda each: -each.span.start):
        assert each.span.path == view.path
        text = text[: each.span.start] + each.text + text[each.span.end :]
    return text


def meaning(code: str) -> str:
    """The code without what names move: the suffix, where lines break, the hash of the spec."""
    tree = ast.parse(code.replace(SUFFIX, ""))
    return re.sub(r"(\\n|\s)+", " ", ast.dump(tree))


def equal(path: str, before: str, after: str, build: str) -> None:
    builds = analysis(after, path).builds
    name = build if build in builds else build + SUFFIX
    assert meaning(source(compiled(after, name, path))) == meaning(source(compiled(before, build, path)))


@pytest.mark.parametrize("seed", range(12))
def test_a_renamed_symbol(seed: int) -> None:
    rng = random.Random(seed)
    workspace, path = opened(rng.choice(ALL))
    view = seen(workspace, path)
    chosen = rng.choice(declared(view)).symbol
    place = rng.choice([each for each in view.all_names() if each.symbol == chosen])
    after = renamed(workspace, view, place.span.start, chosen.name + SUFFIX)
    assert after is not None
    equal(path, view.text, after, rng.choice(list(view.analysis.builds)))


@pytest.mark.slow
@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_every_name_of_a_spec(path: Path) -> None:
    """All of them one after the other, each from a place that names it."""
    rng = random.Random(path.stem)
    workspace, name = opened(path)
    before = seen(workspace, name).text
    builds = list(seen(workspace, name).analysis.builds)
    for _ in range(1000):
        view = seen(workspace, name)
        left = [each.symbol for each in declared(view) if not each.symbol.name.endswith(SUFFIX)]
        if not left:
            break
        place = rng.choice([each for each in view.all_names() if each.symbol == left[0]])
        text = renamed(workspace, view, place.span.start, left[0].name + SUFFIX)
        assert text is not None, left[0]
        workspace.put(name, text)
    after = seen(workspace, name).text
    assert after.count(SUFFIX) >= len(builds)
    for build in rng.sample(builds, min(2, len(builds))):
        equal(name, before, after, build)
