"""The places that name a symbol: in a file, and in the files of a workspace that can know it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from sharedsl.analysis.scope import resolve
from sharedsl.ide.symbols import Occurrence, Symbol
from sharedsl.ide.view import View
from sharedsl.ide.workspace import Workspace

_IMPORT = re.compile(r'^import\s+"([^"\n]*)"', re.MULTILINE)


def in_view(view: View, symbol: Symbol) -> list[Occurrence]:
    chunks = [chunk for chunk in view.document.chunks if symbol.name in chunk.words]
    same = [each for chunk in chunks for each in view.names(chunk) if symbol in each.symbols]
    return list({(each.span.start, each.span.end): each for each in same}.values())


def views(workspace: Workspace, view: View, symbol: Symbol) -> Iterable[View]:
    """The files that may name a symbol: this one, its own, and those that import it, directly or not."""
    paths = {view.path: None}
    if symbol.path and not symbol.path.startswith("std/"):
        paths[symbol.path] = None
    imports = {path: _imports(workspace, path) for path in (*workspace.open, *workspace.specs())}
    paths |= dict.fromkeys(path for path in imports if _reaches(path, symbol.path, imports))
    for path in paths:
        document = workspace.document(path)
        if path == view.path:
            yield view
        elif document is not None and symbol.name in document.text:
            other = workspace.view(path)
            if other is not None:
                yield other


def _imports(workspace: Workspace, path: str) -> list[str]:
    document = workspace.document(path)
    return [resolve(each, path) for each in _IMPORT.findall(document.text)] if document is not None else []


def _reaches(path: str, wanted: str, imports: dict[str, list[str]]) -> bool:
    seen, todo = {path}, [path]
    while todo:
        for each in imports.get(todo.pop(), ()):
            if each == wanted:
                return True
            if each not in seen:
                seen.add(each)
                todo.append(each)
    return False
