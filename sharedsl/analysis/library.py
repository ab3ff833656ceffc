"""The standard library of the language, `std/..`, as files: found beside the package, read once a process."""

from __future__ import annotations

import os

from sharedsl.diagnostics import Diagnostic
from sharedsl.source import SourceFile
from sharedsl.syntax import ast, parse

_STD: dict[str, SourceFile | None] = {}
_PARSED: dict[str, tuple[SourceFile, ast.File, list[Diagnostic]]] = {}


def _std_folder() -> str:
    return os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "std")


def std_modules() -> list[str]:
    return sorted(f"std/{name[:-5]}" for name in os.listdir(_std_folder()) if name.endswith(".sdsl"))


def std_path(path: str) -> str:
    """Where a module of the standard library lies on disk."""
    return os.path.join(_std_folder(), path.removeprefix("std/") + ".sdsl")


def std_file(path: str) -> SourceFile | None:
    if path not in _STD:
        _STD[path] = read_file(std_path(path), path)
    return _STD[path]


def where_in_std(name: str) -> str | None:
    """The module of the standard library that defines `name`: for messages about a name that is not imported."""
    for module in std_modules():
        source = std_file(module)
        if source is not None and any(getattr(item, "name", None) == name for item in parsed(source)[0].items):
            return module
    return None


def read_file(path: str, shown: str | None = None) -> SourceFile | None:
    """A file from disk, or None where there is none that can be read."""
    try:
        with open(path, encoding="utf-8") as file:
            return SourceFile(shown or path, file.read())
    except (OSError, UnicodeDecodeError, ValueError):
        return None


def parsed(source: SourceFile) -> tuple[ast.File, list[Diagnostic]]:
    """The tree; the standard library is read once a process."""
    if not source.path.startswith("std/"):
        return parse(source)
    if source.path not in _PARSED or _PARSED[source.path][0].text != source.text:
        _PARSED[source.path] = (source, *parse(source))
    return _PARSED[source.path][1:]
