"""The open documents, and what is known of each: text in, plain data out. Reads imports, and nothing else.

Places are code-point offsets; paths are those of the file system. A document that an open one imports is read from
disk, and read again when the disk has another.
"""

from __future__ import annotations

import os

from sharedsl.analysis.library import read_file, std_file
from sharedsl.analysis.pipeline import Analysis
from sharedsl.analysis.scope import resolve
from sharedsl.diagnostics import Diagnostic, Label
from sharedsl.ide.checking import Checker
from sharedsl.ide.document import Document
from sharedsl.ide.linting import Linter
from sharedsl.ide.view import View
from sharedsl.lint.settings import Settings
from sharedsl.record import replace
from sharedsl.source import SourceFile, Span
from sharedsl.syntax import ast

#: specs of a workspace that are looked through for references
MAX_SPECS = 2000


class Workspace:
    """`settings` are those that lint goes by; a language server asks the configuration beside a file for them."""

    def __init__(self, folders: tuple[str, ...] = ()) -> None:
        self.folders = folders
        self.open: dict[str, Document] = {}
        self._disk: dict[str, tuple[object, Document | None]] = {}
        self._checkers: dict[str, Checker] = {}
        self._linters: dict[str, Linter] = {}
        self._views: dict[str, View] = {}
        #: path -> what was found, and the revisions of the texts that it was found in
        self._analyses: dict[str, tuple[dict[str, int], Analysis]] = {}

    # ------------------------------------------------------------------ documents

    def put(self, path: str, text: str) -> None:
        """A document is opened, or has another text now."""
        found = self.open.get(path)
        if found is None:
            known = self._disk.get(path, (None, None))[1]
            self.open[path] = found = known if known is not None else Document(path, text)
        checker = self._checkers.get(path)
        if checker is not None and path in self._analyses:
            checker.settle(self._analyses[path][1])
        found.edit(text)

    def drop(self, path: str) -> None:
        """A document is closed; from now on its file counts."""
        for known in (self.open, self._disk, self._checkers, self._linters, self._analyses, self._views):
            known.pop(path, None)

    def document(self, path: str) -> Document | None:
        """An open document, or the file."""
        found = self.open.get(path)
        if found is not None:
            return found
        stamp = _stamp(path)
        known = self._disk.get(path)
        if known is None or known[0] != stamp:
            source = read_file(path)
            document = known[1] if known is not None else None
            if source is None:
                document = None
            elif document is None:
                document = Document(path, source.text)
            else:
                document.edit(source.text)
            known = self._disk[path] = (stamp, document)
        return known[1]

    def source(self, path: str) -> SourceFile | None:
        """The text of a file that something points into, the standard library's too."""
        if path.startswith("std/"):
            return std_file(path)
        found = self.document(path)
        return found.source if found is not None else None

    def importers(self, path: str) -> list[str]:
        """The open documents that import this one, directly or not."""
        known = ((each, found[1]) for each, found in self._analyses.items())
        return [each for each, analysis in known if each != path and each in self.open and _reaches(analysis, path)]

    def specs(self) -> list[str]:
        """The specs in the workspace's folders."""
        found: list[str] = []
        for top in self.folders:
            for folder, inner, names in os.walk(top):
                inner[:] = sorted(each for each in inner if not each.startswith(".") and each != "node_modules")
                found += [os.path.join(folder, name) for name in sorted(names) if name.endswith(".sdsl")]
                if len(found) > MAX_SPECS:
                    return found[:MAX_SPECS]
        return found

    # ------------------------------------------------------------------ what is known of them

    def analysis(self, path: str) -> Analysis | None:
        """As `analyze` gives it for the text as it is now; None where nothing of that name is open or on disk."""
        if self.document(path) is None:
            return None
        known = self._analyses.get(path)
        if known is not None and all(self._revision(each) == number for each, number in known[0].items()):
            return known[1]
        checker = self._checkers.get(path)
        if checker is None:
            checker = self._checkers[path] = Checker(path, self.document)
        elif known is not None:
            checker.settle(known[1])
        analysis = checker.analyze()
        files = {each for each in analysis.scope.files if not each.startswith("std/")}
        missing = {resolve(item.path, path) for item in analysis.file.items if isinstance(item, ast.Import)}
        asked = {each: self._revision(each) for each in files | missing if not each.startswith("std/")}
        self._analyses[path] = (asked, analysis)
        return analysis

    def view(self, path: str) -> View | None:
        """The analysis with the names and facts that requests ask for."""
        analysis = self.analysis(path)
        if analysis is None:
            return None
        known = self._views.get(path)
        if known is None or known.analysis is not analysis:
            document, needs = self.document(path), self._checkers[path].needs
            assert document is not None and needs is not None
            known = self._views[path] = View(document, analysis, needs, known)
        return known

    def checker(self, path: str) -> Checker | None:
        return self._checkers.get(path)

    def _revision(self, path: str) -> int:
        found = self.document(path)
        return found.revision if found is not None else -1

    def errors(self, path: str) -> list[Diagnostic]:
        """What is wrong with a document, and what is wrong with what it imports, told at the import."""
        analysis = self.analysis(path)
        if analysis is None:
            return []
        found = [each for each in analysis.diagnostics if each.span is not None and each.span.path == path]
        imports = _imports(analysis)
        for each in analysis.diagnostics:
            if each.span is not None and each.span.path in imports and each.severity == "error":
                place = imports[each.span.path]
                found.append(replace(each, labels=(Label(place, "in this file"), *each.labels), fixes=()))
        return found

    def lint(self, path: str, settings: Settings | None = None) -> list[Diagnostic]:
        """What the rules say, as `sharedsl.lint.lint`, and remembered for what an edit does not touch."""
        analysis = self.analysis(path)
        if analysis is None:
            return []
        linter = self._linters.setdefault(path, Linter())
        return linter.lint(analysis, self._checkers[path].needs, settings or Settings())

    def at_once(self, path: str) -> list[Diagnostic]:
        """The errors, and what lint said of the items that were not edited since: `diagnostics` says it a bit later."""
        found = self.errors(path)
        document, linter = self.document(path), self._linters.get(path)
        if document is not None and linter is not None:
            said = {(each.code, each.span) for each in found}
            found += [each for each in linter.remembered(document.anchors()) if (each.code, each.span) not in said]
        return _ordered(found)

    def diagnostics(self, path: str, settings: Settings | None = None) -> list[Diagnostic]:
        """All of it, in the text's order."""
        found = self.lint(path, settings)
        found += [each for each in self.errors(path) if each.severity == "error"]
        return _ordered(found)


def _ordered(found: list[Diagnostic]) -> list[Diagnostic]:
    return sorted(found, key=lambda each: (each.labels[0].span.start, each.code))


def _reaches(analysis: Analysis, path: str) -> bool:
    wanted = {resolve(item.path, file.path) for file in analysis.scope.files.values() for item in _imported(file.file)}
    return path in analysis.scope.files or path in wanted


def _imported(file: ast.File) -> list[ast.Import]:
    return [item for item in file.items if isinstance(item, ast.Import)]


def _imports(analysis: Analysis) -> dict[str, Span]:
    """path -> the import in this file through which it is reached."""
    own = analysis.scope.main
    found: dict[str, Span] = {}
    for item in _imported(own.file):
        todo = [resolve(item.path, own.path)]
        while todo:
            path = todo.pop()
            if path in found or path == own.path or path not in analysis.scope.files:
                continue
            found[path] = item.path_span
            todo += [resolve(each.path, path) for each in _imported(analysis.scope.files[path].file)]
    return found


def _stamp(path: str) -> object:
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size
