"""The rooms' doors open one way: a module imports only from rooms above its own."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "sharedsl"
ORDER = (
    "record", "collector", "source", "diagnostics", "grammar", "syntax", "highlight", "formatting", "model", "comptime",
    "pytree", "ops", "layers", "std", "sharing", "analysis", "lint", "config", "ide", "emit", "runtime", "api",
    "notebook", "serve", "lsp", "cli", "__main__", "__init__",
)  # fmt: skip
NEVER = {"layers": {"syntax"}, "ops": {"syntax"}, "emit": {"syntax"}, "model": {"syntax"}}
ONLY = {"lark": {"syntax"}, "torch": {"runtime"}, "pygments": {"highlight"}, "IPython": {"notebook"}}
FILES = sorted(ROOT.rglob("*.py"))


def room(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_room_imports_only_from_rooms_above(path: Path) -> None:
    here = room(path)
    for name in imports(path):
        top, _, rest = name.partition(".")
        assert here in ONLY.get(top, {here}), f"{path.name} imports {top}"
        if top != "sharedsl" or not rest:
            continue
        there = rest.split(".")[0]
        if there not in ORDER:  # a name of the package itself, such as __version__
            continue
        assert ORDER.index(there) <= ORDER.index(here), f"{here} imports {there}"
        assert there not in NEVER.get(here, set()), f"{here} must not import {there}"
