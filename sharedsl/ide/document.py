"""A text that is edited: cut at its items, of which an edit reads only those that it touched."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from itertools import count, pairwise

from sharedsl.diagnostics import Diagnostic
from sharedsl.ide.anchors import Anchor, anchor_tree, anchored
from sharedsl.ide.layout import laid
from sharedsl.source import SourceFile, Span
from sharedsl.syntax import ast
from sharedsl.syntax.document import doc_above, item_starts, parse_item
from sharedsl.syntax.lexer import ITEM_WORDS

_WORD = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_serials = count(1)


class Chunk:
    """The text of one item, up to the next one; the first chunk of a document is what stands above all items.

    `serial` is its identity: a chunk that an edit does not touch keeps it, and everything that was found out about it.
    So does one of which only comments and blanks between statements change; its places move (`ide.layout`).
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

    def is_now(self, text: str, start: int, end: int, doc: str) -> bool:
        """Whether it says the same as this part of a text: then it is that part from now on."""
        fresh = text[start:end]
        if fresh != self.text or doc != self.doc:
            starts = laid(self.text, fresh) if doc == self.doc and len(self.items) == 1 and not self.problems else None
            if starts is None:
                return False
            self.anchor.lay(*starts)
            self.text = fresh
        self.anchor.offset = start
        return True

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
        old, before = self.chunks, self.source.text
        self.source = SourceFile(self.path, text)
        first, last = _untouched(old, before, text)
        low, high = (old[first].start if first < len(old) else 0), len(text)
        kept = old[len(old) - last :] if last else []
        for chunk in kept:
            chunk.anchor.offset += len(text) - len(before)
        if kept:
            high = kept[0].start
        # the first chunk is there even where nothing stands above all items
        bounds = [low, *(start for start in item_starts(text, low, high) if start > low or first == 0), high]
        ranges = list(pairwise(bounds))
        touched: list[Chunk | None] = [*old[first : len(old) - last]]
        if len(touched) != len(ranges):
            touched = [None] * len(ranges)
        fresh = [self._again(each, text, *place) for each, place in zip(touched, ranges, strict=True)]
        self.chunks = old[:first] + fresh + kept
        self._join(text)

    def _again(self, chunk: Chunk | None, text: str, start: int, end: int) -> Chunk:
        """The chunk where it says the same as before, else one that is read anew."""
        doc = doc_above(text, start)
        if chunk is not None and chunk.is_now(text, start, end, doc):
            return chunk
        return Chunk(text, self.path, start, end, doc)

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


def _untouched(chunks: list[Chunk], before: str, after: str) -> tuple[int, int]:
    """How many chunks at the beginning, and how many at the end, an edit has nothing to do with."""
    if not chunks:
        return 0, 0
    same = _same(before, after)
    ends = [chunk.end for chunk in chunks]
    # what begins behind a chunk is part of it: a word more, and there would be another item
    first = max(bisect_right(ends, same - _BEYOND), 0)
    rest = _same_end(before, after, same)
    # the lines above an item are its documentation; they go back to the item before it, which must be whole too
    last = len(chunks) - bisect_left(ends, len(before) - rest) - 2
    return first, max(min(last, len(chunks) - first - 1), 0)


#: an item begins where a word of this length at most does, with something behind it
_BEYOND = max(map(len, ITEM_WORDS)) + 1


def _same(before: str, after: str) -> int:
    """The length of what two texts begin with."""
    low, high = 0, min(len(before), len(after))
    while low < high:
        middle = (low + high + 1) // 2
        if before[low:middle] == after[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _same_end(before: str, after: str, start: int) -> int:
    """The length of what two texts end with, behind what they begin with."""
    low, high = 0, min(len(before), len(after)) - start
    while low < high:
        middle = (low + high + 1) // 2
        if before[len(before) - middle : len(before) - low] == after[len(after) - middle : len(after) - low]:
            low = middle
        else:
            high = middle - 1
    return low
