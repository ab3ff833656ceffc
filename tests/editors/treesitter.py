"""The tree-sitter grammar of `grammar/tree-sitter`, compiled and loaded; and what it says each word of a spec is."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
GRAMMAR = ROOT / "grammar" / "tree-sitter"
#: every spec there is
SPECS = sorted([*ROOT.glob("specs/**/*.sdsl"), *ROOT.glob("sharedsl/std/*.sdsl")])


def compiled() -> Path:
    """The parser as a shared library, made anew for this process."""
    return _compiled()


@cache
def _compiled() -> Path:
    if shutil.which("gcc") is None:
        pytest.skip("there is no gcc to compile the parser with")
    out = Path(tempfile.mkdtemp(prefix="sharedsl-tree-sitter-")) / "sharedsl.so"
    sources = [GRAMMAR / "src" / name for name in ("parser.c", "scanner.c")]
    flags = ["-shared", "-fPIC", "-Os", "-Wall", "-Werror", f"-I{GRAMMAR / 'src'}"]
    subprocess.run(["gcc", *flags, *sources, "-o", out], check=True)
    return out


@cache
def language() -> Any:
    tree_sitter = pytest.importorskip("tree_sitter")
    library = ctypes.CDLL(str(compiled()))
    library.tree_sitter_sharedsl.restype = ctypes.c_void_p
    new = ctypes.pythonapi.PyCapsule_New
    new.restype, new.argtypes = ctypes.py_object, (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
    return tree_sitter.Language(new(library.tree_sitter_sharedsl(), b"tree_sitter.Language", None))


def tree(text: str) -> Any:
    """The root node."""
    import tree_sitter

    return tree_sitter.Parser(language()).parse(text.encode()).root_node


def mistakes(node: Any) -> Iterator[str]:
    """Where it could not be read."""
    if node.is_error or node.is_missing:
        yield f"{node.start_point.row + 1}:{node.start_point.column + 1} {node.type} {node.text[:60]!r}"
    elif node.has_error:
        for child in node.children:
            yield from mistakes(child)


def walk(node: Any) -> Iterator[Any]:
    yield node
    for child in node.children:
        yield from walk(child)


def roles(text: str) -> dict[tuple[int, int], tuple[str, str]]:
    """(line, column), from 0 and in code points, of each word, number, text and comment -> (what it is, its text)."""
    lines = [line.encode() for line in text.split("\n")]
    found = {}
    for node in walk(tree(text)):
        role = _role(node)
        if role:
            row, column = node.start_point
            found[row, len(lines[row][:column].decode())] = (role, node.text.decode())
    return found


def _role(node: Any) -> str:
    if node.type in ("comment", "doc_comment", "string", "number"):
        return str(node.type)
    if node.children:
        return ""
    if node.type == "identifier":
        return "name"
    return "keyword" if node.text[:1].isalpha() else ""
