"""Items and statements as documents, with the comments that stand between their tokens."""

from __future__ import annotations

from collections.abc import Sequence

from sharedsl.formatting.columns import head, paddings
from sharedsl.formatting.comments import Comments, Remark
from sharedsl.formatting.doc import BLANK, HARD, Align, Break, Choice, Comment, Doc, Nest, render
from sharedsl.formatting.spacing import gap, kind_of
from sharedsl.formatting.tree import Node, Part, first, last
from sharedsl.record import dataclass
from sharedsl.syntax.lexer import Token

#: `{ statements }`
BODIES = frozenset({"dbody", "ebody", "fbody", "pbody", "bbody"})
_INDENT, _GOES_ON = 2, 4
#: from this column on a comprehension that does not fit begins a line of its own
_FAR_LOOP = 24
_CLOSING = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True, slots=True)
class Entry:
    """What takes lines of its own: a comment, or a statement with what trails it."""

    doc: Doc
    blank: bool
    node: Node | None = None


class Builder:
    """Makes documents of the productions of one text."""

    def __init__(self, comments: Comments) -> None:
        self.comments = comments

    # ------------------------------------------------------------------ statements in a row

    def entries(self, nodes: Sequence[Node], start: int, end: int) -> tuple[list[Remark], list[Entry]]:
        """What trails the token that ends at `start`, and the lines from there to `end`."""
        heading = [
            each for each in self.comments.between(start, nodes[0].first.start if nodes else end) if each.trailing
        ]
        found: list[Entry] = []
        before = start
        pads = paddings(nodes, self.comments, self._head_width)
        for at, node in enumerate(nodes):
            found += self._remarks(before, node.first.start)
            after = nodes[at + 1].first.start if at + 1 < len(nodes) else end
            trailing = [
                Comment(each.text, True) for each in self.comments.between(node.last.end, after) if each.trailing
            ]
            doc = self.statement(node, pads.get(at, 0))
            found.append(Entry((doc, *trailing), self.comments.blank_before(before, node.first.start), node))
            before = node.last.end
        found += self._remarks(before, end)
        return heading, found

    def _head_width(self, node: Node) -> int:
        parts = head(node)
        return len(render(self._from(node.kind, parts, 0, len(parts), False)).rpartition("\n")[2])

    def _remarks(self, start: int, end: int) -> list[Entry]:
        return [
            Entry(Comment(each.text), each.blank) for each in self.comments.between(start, end) if not each.trailing
        ]

    def body(self, node: Node) -> tuple[Doc, Doc | None]:
        """A body on lines of its own, and on its header's line where it can stand there."""
        nodes = [each for each in node.children if isinstance(each, Node)]
        opened, closed = first(node), last(node)
        heading, entries = self.entries(nodes, opened.end, closed.start)
        if not entries and not heading:
            return "{}", "{}"
        lines: list[Doc] = []
        for at, entry in enumerate(entries):
            lines += [BLANK if entry.blank and at else HARD, entry.doc]
        trailing = tuple(Comment(each.text, True) for each in heading)
        broken: Doc = ("{", *trailing, Nest(tuple(lines), _INDENT), HARD, "}")
        is_inline = len(entries) == 1 and not heading and "\n" not in self.comments.text[opened.start : closed.end]
        return broken, ("{ ", entries[0].doc, " }") if is_inline and nodes and not _has_body(nodes[0]) else None

    def statement(self, node: Node, padding: int = 0) -> Doc:
        """A statement or an item; `padding` widens what stands before its `=` or behind its `:`."""
        broken = self._statement(node, padding, False)
        flat = self._statement(node, padding, True) if _has_body(node) else None
        return broken if flat is None or broken is None else Choice(flat, broken)

    def _statement(self, node: Node, padding: int, flat: bool) -> Doc:
        """The statement with its bodies flat; where one cannot be, that one is what makes it not fit."""
        out: list[Doc] = []
        run: list[Part] = []
        at_end: Part | None = None
        for child in [*node.children, None]:
            is_body = isinstance(child, Node) and (child.kind in BODIES or _is_else_if(node, child))
            if child is not None and not is_body:
                run.append(child)
                continue
            if run:
                row: Doc = Nest(self._row(node.kind, run, False, padding), _GOES_ON)
                out.append(row if at_end is None else self._between(at_end, run[0], " ", row))
                at_end = run[-1]
                run = []
            if isinstance(child, Node):
                body = self._braced(child, flat)
                out.append(body if at_end is None else self._between(at_end, child, " ", body))
                at_end = child
        return tuple(out)

    def _braced(self, child: Node, flat: bool) -> Doc:
        if child.kind not in BODIES:
            return self._statement(child, 0, flat)
        broken, inline = self.body(child)
        return inline if flat and inline is not None else broken

    # ------------------------------------------------------------------ parts of statements

    def part(self, part: Part, inside: bool) -> Doc:
        if isinstance(part, Token):
            return part.text
        return self._row(kind_of(part), part.children, inside)

    def _row(self, kind: str, parts: Sequence[Part], inside: bool, padding: int = 0) -> Doc:
        """Neighbours of one production; what stands in brackets is aligned behind the bracket."""
        parts = _without_last_comma(kind, parts)
        return self._from(kind, parts, 0, len(parts), inside, padding)

    def _from(self, kind: str, parts: Sequence[Part], at: int, stop: int, inside: bool, padding: int = 0) -> Doc:
        """The parts from `at` to `stop`, without what stands before the first."""
        out: list[Doc] = []
        start = at
        while at < stop:
            end = _closing(parts, at)
            doc = self.part(parts[at], inside)
            if end is not None:
                deeper = inside or first(parts[at]).text != "{"
                within = self._joined(kind, parts, at + 1, end, deeper), self._joined(kind, parts, end, end + 1, deeper)
                doc = (doc, Align(within, _FAR_LOOP) if kind == "comprehension" else Align(within))
            if at > start:
                left, right = parts[at - 1], parts[at]
                found = gap(kind, left, right, inside)
                if found == "break" and isinstance(right, Token) and at + 1 < stop:
                    rest = self._joined(kind, parts, at + 1, at + 2, inside)  # an operator keeps to its operand
                    out.append(self._between(left, right, None, (doc, rest)))
                    at += 2
                    continue
                separator = _blanks(kind, left, right, padding) if found == "space" else ""
                doc = self._between(left, right, None if found == "break" else separator, doc)
            out.append(doc)
            at = (end if end is not None else at) + 1
        return tuple(out)

    def _joined(self, kind: str, parts: Sequence[Part], at: int, stop: int, inside: bool) -> Doc:
        """The parts from `at` to `stop` with what stands before the first."""
        if at >= stop:
            return ()
        left, right = parts[at - 1], parts[at]
        separator = " " if gap(kind, left, right, inside) != "none" else ""
        return self._between(left, right, separator, self._from(kind, parts, at, stop, inside))

    def _between(self, left: Part, right: Part, separator: str | None, doc: Doc) -> Doc:
        """`doc` behind the separator (None: where a line may break), or behind the comments, which end their lines."""
        remarks = self.comments.between(last(left).end, first(right).start)
        if not remarks:
            return Break(doc) if separator is None else (separator, doc)
        out: list[Doc] = []
        for each in remarks:
            if not each.trailing:
                out.append(HARD)
            out.append(Comment(each.text, each.trailing))
        return (*out, HARD, doc)


def _blanks(kind: str, left: Part, right: Part, padding: int) -> str:
    """A space, or as many as bring a declaration to its column."""
    is_column = kind == "layer" and isinstance(right, Token) and right.text == "="
    is_column = is_column or (kind == "state" and isinstance(left, Token) and left.text == ":")
    return " " * (1 + padding) if is_column else " "


def _has_body(node: Node) -> bool:
    return any(isinstance(each, Node) and each.kind in BODIES for each in node.children)


def _is_else_if(parent: Node, child: Node) -> bool:
    return parent.kind == child.kind and _has_body(child)


def _closing(parts: Sequence[Part], at: int) -> int | None:
    """Where the bracket that `parts[at]` is closes; None where it is none."""
    opened = parts[at]
    if isinstance(opened, Node) or opened.text not in _CLOSING:
        return None
    for end in range(at + 1, len(parts)):
        closed = parts[end]
        if isinstance(closed, Token) and closed.text == _CLOSING[opened.text]:
            return end
    return None


def _without_last_comma(kind: str, parts: Sequence[Part]) -> Sequence[Part]:
    """A comma before a closing bracket goes, except in a tuple of one."""
    kept: list[Part] = []
    for at, part in enumerate(parts):
        after = parts[at + 1] if at + 1 < len(parts) else None
        is_last = isinstance(part, Token) and part.text == "," and isinstance(after, Token) and after.text in ")]}"
        if is_last and not (kind == "tuple" and len(parts) == 4):
            continue
        if at + 1 == len(parts) and isinstance(part, Token) and part.text == "," and kind == "dims":
            continue
        kept.append(part)
    return kept
