"""One version of a file as requests look at it: its items, its names, its facts. Places are code-point offsets."""

from __future__ import annotations

from sharedsl.analysis.pipeline import Analysis
from sharedsl.ide.anchors import Anchors, anchored_span
from sharedsl.ide.deciding import Deciding
from sharedsl.ide.document import Chunk, Document
from sharedsl.ide.needs import Need, Needs
from sharedsl.ide.resolving import occurrences
from sharedsl.ide.symbols import Occurrence
from sharedsl.record import replace
from sharedsl.source import SourceFile
from sharedsl.syntax import ast
from sharedsl.syntax.lexer import Token, tokenize


class View:
    """`before` is the view of the version before, of which names that an edit did not touch are taken over."""

    def __init__(self, document: Document, analysis: Analysis, needs: Needs, before: View | None = None) -> None:
        self.document, self.analysis, self.needs = document, analysis, needs
        self.facts: Deciding = Deciding(analysis, before.facts if before is not None else None)
        self._names: dict[int, tuple[Need, list[Occurrence]]] = {}
        self._anchors: Anchors | None = None
        self._before = before._names if before is not None else {}

    @property
    def path(self) -> str:
        return self.document.path

    @property
    def source(self) -> SourceFile:
        return self.document.source

    @property
    def text(self) -> str:
        return self.document.source.text

    @property
    def items(self) -> tuple[ast.Item, ...]:
        return self.analysis.file.items

    def chunk_at(self, offset: int) -> Chunk | None:
        """The item that a place is in or right behind."""
        found = self.document.chunk_at(offset)
        if found is not None and found.start == offset and offset and self.text[offset - 1] != "\n":
            return self.document.chunk_at(offset - 1)
        return found

    def item_at(self, offset: int) -> ast.Item | None:
        chunk = self.chunk_at(offset)
        return next((item for item in reversed(chunk.items) if item.span.start <= offset), None) if chunk else None

    def names(self, chunk: Chunk) -> list[Occurrence]:
        """Every name of an item with what it stands for."""
        need = self.needs.of_chunk(chunk)
        known = self._names.get(chunk.serial) or self._before.get(chunk.serial)
        if known is None or known[0] != need:
            scope = self.analysis.scope
            found = [each for item in chunk.items for each in occurrences(item, scope.main, scope)]
            known = (need, [self._kept(each) for each in found])
        self._names[chunk.serial] = known
        return known[1]

    def _kept(self, found: Occurrence) -> Occurrence:
        """A name whose places move with their items, which later views may take over."""
        if self._anchors is None:
            self._anchors = {path: each.anchors() for path, each in self.needs.documents.items()}
        place = anchored_span(found.place, self._anchors) if found.place is not None else None
        return replace(found, span=anchored_span(found.span, self._anchors), place=place)

    def all_names(self) -> list[Occurrence]:
        return [each for chunk in self.document.chunks for each in self.names(chunk)]

    def name_at(self, offset: int) -> Occurrence | None:
        """The name that a place is in, or right behind."""
        chunk = self.chunk_at(offset)
        found = None
        for each in self.names(chunk) if chunk is not None else ():
            if each.span.start <= offset < each.span.end:
                return each
            if each.span.end == offset:
                found = each
        return found

    def tokens(self, chunk: Chunk, until: int | None = None) -> list[Token]:
        """The tokens of an item, up to a place."""
        end = chunk.end if until is None else min(until, chunk.end)
        return tokenize(self.text, self.path, chunk.start, end)[0]
