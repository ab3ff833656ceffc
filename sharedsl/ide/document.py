"""A text that is edited: cut at its items, of which an edit reads only those that it touched."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import count, pairwise

from sharedsl.diagnostics import Diagnostic
from sharedsl.ide.anchors import Anchor, anchor_tree, anchored
from sharedsl.source import SourceFile, Span
from sharedsl.syntax import ast
from sharedsl.syntax.document import doc_above, item_starts, parse_item

_WORD = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_serials = count(1)


class Chunk:
    """The text of one item, up to the next one; the first chunk of a document is what stands above all items.

    `serial` is its identity: a chunk that an edit does not touch keeps it, and everything that was found out about it.
    """

    __slots__ = ("anchor", "doc", "items", "names", "problems", "serial", "text", "words")

    def __init__(self, text: str, path: str, start: int, end: int, doc: str) -> None:
        self.text, self.doc = text[start:end], doc
        self.anchor = Anchor(start)
        self.serial = next(_serials)
        self.words = frozenset(_WORD.findall(self.text))
        items, problems = parse_item(text, path, start, end)
        for item in items:
            anchor_tree(item, self.anchor)
        self.items: tuple[ast.Item, ...] = tuple(items)
        here = {path: (self.anchor,)}
        self.problems: tuple[Diagnostic, ...] = tuple(anchored(each, here) for each in problems)
        #: the blocks that its models and blocks mention, once somebody asks
        self.names: frozenset[str] | None = None

    @property
    def start(self) -> int:
        return self.anchor.offset

    @property
    def end(self) -> int:
        return self.anchor.offset + len(self.text)


class Document:
    """A spec that is open, or that an open one imports."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.source = SourceFile(path, "")
        self.chunks: list[Chunk] = []
        self.tree = ast.File(())
        self.problems: list[Diagnostic] = []
        #: counts the edits
        self.revision = 0
        self.edit(text)

    @property
    def text(self) -> str:
        return self.source.text

    def edit(self, text: str) -> None:
        """The document has this text now."""
        if text == self.source.text and self.chunks:
            return
        self.revision += 1
        self.source = SourceFile(self.path, text)
        bounds = [0, *(start for start in item_starts(text)), len(text)]
        ranges = list(pairwise(bounds))
        old = self.chunks
        first = _common(old, text, ranges)
        last = _common(old[first:][::-1], text, ranges[first:][::-1])
        fresh = ranges[first : len(ranges) - last]
        kept = old[len(old) - last :] if last else []
        moved = ranges[len(ranges) - last :] if last else []
        for chunk, (start, _) in zip(kept, moved, strict=True):
            chunk.anchor.offset = start
        self.chunks = old[:first] + [self._read(text, *each) for each in fresh] + kept
        self._join(text)

    def _read(self, text: str, start: int, end: int) -> Chunk:
        return Chunk(text, self.path, start, end, doc_above(text, start))

    def _join(self, text: str) -> None:
        items = tuple(item for chunk in self.chunks for item in chunk.items)
        self.tree = ast.File(items, span=Span(self.path, 0, len(text)))
        problems = [each for chunk in self.chunks for each in chunk.problems]
        self.problems = sorted(problems, key=lambda each: each.labels[0].span.start)

    def read(self) -> tuple[ast.File, list[Diagnostic]]:
        """As `syntax.parse` reads a whole text."""
        return self.tree, self.problems

    def chunk_at(self, offset: int) -> Chunk | None:
        """The chunk that a place lies in; at the edge of two, the one that begins there."""
        for chunk in reversed(self.chunks):
            if chunk.start <= offset:
                return chunk
        return None

    def anchors(self) -> list[Anchor]:
        return [chunk.anchor for chunk in self.chunks]


def _common(chunks: Iterable[Chunk], text: str, ranges: Iterable[tuple[int, int]]) -> int:
    """How many chunks, from the first on, say the same as the text at these ranges."""
    same = 0
    for chunk, (start, end) in zip(chunks, ranges, strict=False):
        if (
            len(chunk.text) != end - start
            or not text.startswith(chunk.text, start)
            or chunk.doc != doc_above(text, start)
        ):
            break
        same += 1
    return same
