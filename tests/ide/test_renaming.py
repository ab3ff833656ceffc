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
#: what no name has; taken away again it gives the old name back, in derived names too
MARK = "zq"


#: specs in which a name decides more than itself, and how
NAMED = {
    "t5": "the cache of a decoder is matched by the name of the size that two forwards share",
    **dict.fromkeys(
        ("circulant", "hashed", "low_rank", "monarch"),
        "a spread is handed to a class, or written in it, by whether its size is called as the class calls it",
    ),
}


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


def fresh(name: str) -> str:
    """Another name of the same kind: what is a class, a size or private stays so."""
    return MARK.capitalize() + name if name[0].isupper() else MARK + name


def plain(name: str) -> str:
    return name.replace(MARK, "").replace(MARK.capitalize(), "")


class _Plain(ast.NodeTransformer):
    """Code whose locals are numbered as they come: beside a block that is inlined, an `x` may have to be `x_2`.

    `layer(x, mask = mask)` and `layer(x, mask)` are the same: which it is hangs on what names are equal.
    """

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.generic_visit(node)
        numbers: dict[str, str] = {}
        own = [each for each in ast.walk(node) if isinstance(each, ast.Name)]
        stored = {each.id for each in own if isinstance(each.ctx, ast.Store)}
        for each in sorted(own, key=lambda each: (each.lineno, each.col_offset)):
            if each.id in stored - {one.arg for one in node.args.args}:
                each.id = numbers.setdefault(each.id, f"local{len(numbers)}")
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        while node.keywords and isinstance(node.keywords[0].value, ast.Name):
            if plain(node.keywords[0].arg or "") != plain(node.keywords[0].value.id):
                break
            node.args.append(node.keywords.pop(0).value)
        return node


def meaning(code: str) -> str:
    """The code without what names move: the mark, where lines break, what sizes of usual names are, the hash."""
    code = plain(ast.dump(_Plain().visit(ast.parse(re.sub(r"Shapes:.*", "", code)))))
    return re.sub(r"(\\n|\s)+", "", code)


def equal(path: str, before: str, after: str, build: str) -> None:
    builds = analysis(after, path).builds
    name = build if build in builds else fresh(build)
    assert meaning(source(compiled(after, name, path))) == meaning(source(compiled(before, build, path)))


@pytest.mark.parametrize("seed", range(12))
def test_a_renamed_symbol(seed: int) -> None:
    rng = random.Random(seed)
    workspace, path = opened(rng.choice(ALL))
    view = seen(workspace, path)
    chosen = rng.choice(declared(view)).symbol
    place = rng.choice([each for each in view.all_names() if each.symbol == chosen])
    after = renamed(workspace, view, place.span.start, fresh(chosen.name))
    assert after is not None
    equal(path, view.text, after, rng.choice(list(view.analysis.builds)))


def whole(path: Path) -> object:
    why = NAMED.get(path.stem)
    marks = [pytest.mark.xfail(reason=why, strict=False)] if why else []
    return pytest.param(path, id=path.stem, marks=marks)


@pytest.mark.slow
@pytest.mark.parametrize("path", [whole(each) for each in ALL])
def test_every_name_of_a_spec(path: Path) -> None:
    """All of them one after the other, each from a place that names it."""
    rng = random.Random(path.stem)
    workspace, name = opened(path)
    before = seen(workspace, name).text
    builds = list(seen(workspace, name).analysis.builds)
    for _ in range(1000):
        view = seen(workspace, name)
        left = [each.symbol for each in declared(view) if not each.symbol.name.lower().startswith(MARK)]
        if not left:
            break
        place = rng.choice([each for each in view.all_names() if each.symbol == left[0]])
        text = renamed(workspace, view, place.span.start, fresh(left[0].name))
        assert text is not None, left[0]
        workspace.put(name, text)
    after = seen(workspace, name).text
    assert after.lower().count(MARK) >= len(builds)
    for build in rng.sample(builds, min(2, len(builds))):
        equal(name, before, after, build)
