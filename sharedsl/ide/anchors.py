"""Places that move with their item: text inserted above an item leaves its tree, and all that is known of it, good.

An anchored span is a `Span` whose ends are counted from the beginning of its item, which is kept in an `Anchor` that
all spans of the item share. Everyone else reads `start` and `end` as ever.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence

from sharedsl.diagnostics import Diagnostic, Edit, Fix, Label
from sharedsl.record import replace
from sharedsl.source import Span


class Anchor:
    """Where an item begins now, and where its tokens are now: blanks and comments between statements may change.

    Places are counted as they were when the item was read, and told as they are; see `ide.layout`.
    """

    __slots__ = ("edition", "now", "offset", "read")

    def __init__(self, offset: int) -> None:
        self.offset = offset
        #: counts the layouts that the item has had
        self.edition = 0
        #: where the tokens began when the item was read, and where they begin now; None while these are the same
        self.read: Sequence[int] | None = None
        self.now: Sequence[int] = ()

    def lay(self, read: Sequence[int], now: Sequence[int]) -> None:
        """The same tokens stand elsewhere; `read` is where they were when `lay` was first called."""
        self.read, self.now = self.read or read, now
        self.edition += 1

    def place(self, at: int, is_end: bool) -> int:
        """The offset in the text of what was at `at` when the item was read."""
        return self.offset + (_shifted(at, is_end, self.read, self.now) if self.read is not None else at)

    def origin(self, offset: int, is_end: bool) -> int:
        """The inverse of `place`."""
        at = offset - self.offset
        return _shifted(at, is_end, self.now, self.read) if self.read is not None else at


def _shifted(at: int, is_end: bool, here: Sequence[int], there: Sequence[int]) -> int:
    """A place moves with the token that it is in or behind; an end belongs to the token before it."""
    token = (bisect_left if is_end else bisect_right)(here, at) - 1
    return at + there[token] - here[token] if token >= 0 else at


class AnchoredSpan(Span):
    """Equal to the plain span of the same place."""

    __slots__ = ("_anchor", "_high", "_low")
    _anchor: Anchor
    _high: int
    _low: int

    def __init__(self, path: str, start: int, end: int, anchor: Anchor) -> None:
        _set(self, "path", path)
        _set(self, "_anchor", anchor)
        _set(self, "_low", anchor.origin(start, False))
        _set(self, "_high", anchor.origin(end, start < end))

    @property
    def anchor(self) -> Anchor:
        return self._anchor

    @property
    def start(self) -> int:
        anchor = self._anchor
        return anchor.offset + self._low if anchor.read is None else anchor.place(self._low, False)

    @property
    def end(self) -> int:
        anchor = self._anchor
        return anchor.offset + self._high if anchor.read is None else anchor.place(self._high, self._low < self._high)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Span):
            return NotImplemented
        return (self.path, self.start, self.end) == (other.path, other.start, other.end)

    def __hash__(self) -> int:
        return hash((self.path, self.start, self.end))


_set = object.__setattr__


def fixed(span: Span) -> object:
    """What a place is known by while its item moves."""
    if type(span) is AnchoredSpan:
        return id(span._anchor), span._low, span._high
    return span.path, span.start, span.end


def anchor_tree(node: object, anchor: Anchor) -> None:
    """All spans of a tree that was just read are anchored, in place: nobody else has the tree yet."""
    todo = [node]
    while todo:
        here = todo.pop()
        for name in here.__dataclass_fields__:  # type: ignore[attr-defined]
            value = getattr(here, name)
            kind = type(value)
            if kind is Span:
                if value.path:
                    _set(here, name, AnchoredSpan(value.path, value.start, value.end, anchor))
            elif kind is tuple:
                todo += _nodes(value)
            elif hasattr(value, "__dataclass_fields__"):
                todo.append(value)


def _nodes(values: tuple[object, ...]) -> list[object]:
    found: list[object] = []
    for each in values:
        if type(each) is tuple:
            found += _nodes(each)
        elif hasattr(each, "__dataclass_fields__"):
            found.append(each)
    return found


#: path -> the anchors of its items, in order
Anchors = Mapping[str, Sequence[Anchor]]


def anchored(diagnostic: Diagnostic, anchors: Anchors) -> Diagnostic:
    """The diagnostic with all of its places anchored, to be kept beyond the next edit."""
    labels = tuple(Label(anchored_span(each.span, anchors), each.text) for each in diagnostic.labels)
    fixes = tuple(_fix(each, anchors) for each in diagnostic.fixes)
    return replace(diagnostic, labels=labels, fixes=fixes)


def quoting(found: Iterable[Diagnostic]) -> bool:
    """Whether mends are among them: these may be made of the blanks around a place too, and so do not move with it."""
    return any(each.fixes for each in found)


def _fix(fix: Fix, anchors: Anchors) -> Fix:
    return replace(fix, edits=tuple(Edit(anchored_span(each.span, anchors), each.text) for each in fix.edits))


def anchored_span(span: Span, anchors: Anchors) -> Span:
    """The place, to be kept beyond the next edit."""
    items = anchors.get(span.path)
    if items is None or type(span) is AnchoredSpan:
        return span
    at = bisect_right([each.offset for each in items], span.start) - 1
    return AnchoredSpan(span.path, span.start, span.end, items[max(at, 0)])
