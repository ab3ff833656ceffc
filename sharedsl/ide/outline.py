"""The shape of a file: its symbols, what can be folded, what a selection grows to."""

from __future__ import annotations

from collections.abc import Iterator

from sharedsl.ide.document import Document
from sharedsl.ide.symbols import Member, member_kind, member_place, members
from sharedsl.ide.view import View
from sharedsl.ide.workspace import Workspace
from sharedsl.record import dataclass
from sharedsl.source import Span
from sharedsl.syntax import ast
from sharedsl.syntax.lexer import find_comments


@dataclass(frozen=True, slots=True)
class Outline:
    """An item or a member of it. `span` is all of it, `place` its name."""

    name: str
    kind: str
    span: Span
    place: Span
    detail: str = ""
    inner: tuple[Outline, ...] = ()


def outline(view: View) -> list[Outline]:
    return [_item(view, item) for item in view.items if not isinstance(item, ast.Import)]


def items(document: Document) -> list[Outline]:
    """The items of a file, without their members, from its text alone."""
    found = (item for item in document.tree.items if not isinstance(item, ast.Import))
    return [Outline(item.name, _kind(item)[0], item.span, item.name_span, _kind(item)[1]) for item in found]


def search(workspace: Workspace, query: str) -> list[tuple[str, Outline]]:
    """The items of all files whose names have the letters of a query in order, likeliest first, with their paths."""
    wanted = query.lower()
    found: list[tuple[int, str, Outline]] = []
    for path in dict.fromkeys((*workspace.open, *workspace.specs())):
        document = workspace.document(path)
        for each in items(document) if document is not None else ():
            rank = _rank(wanted, each.name.lower())
            if rank is not None:
                found.append((rank, path, each))
    return [(path, each) for _, path, each in sorted(found, key=lambda one: one[0])]


def _rank(query: str, name: str) -> int | None:
    """How well a name fits a query, 0 being best; None where it does not."""
    if query in name:
        return (name != query) + (not name.startswith(query))
    letters = iter(name)
    return 3 if all(letter in letters for letter in query) else None


def _kind(item: ast.Item) -> tuple[str, str]:
    """What an item is, and what of."""
    match item:
        case ast.Block():
            return item.kind, ""
        case ast.Plan():
            return "plan", f"of {item.model}"
        case ast.Build():
            return "build", f"= {item.model}"
        case ast.Extern():
            return "extern", f'from "{item.module}"'
        case _:
            return "function", ""


def _item(view: View, item: ast.Item) -> Outline:
    assert not isinstance(item, ast.Import)
    kind, detail = _kind(item)
    inner: tuple[Outline, ...] = ()
    if isinstance(item, ast.Block | ast.Extern):
        inner = tuple(_member(view, name, each) for name, each in members(item).items())
    elif isinstance(item, ast.Plan):
        inner = tuple(_inner(item.body, view.text))
    return Outline(item.name, kind, item.span, item.name_span, detail, inner)


def _inner(body: tuple[ast.Relation, ...], text: str) -> Iterator[Outline]:
    """The stages of a plan, and the weights of its own."""
    for each in body:
        match each:
            case ast.Stage():
                yield Outline(each.name, "stage", each.span, each.name_span, inner=tuple(_inner(each.body, text)))
            case ast.WeightDecl():
                yield Outline(each.name, "weight", each.span, member_place(each, text))
            case ast.PlanFor():
                yield from _inner(each.body, text)
            case ast.PlanIf():
                yield from _inner((*each.then, *each.other), text)
            case _:
                pass


def _member(view: View, name: str, member: Member) -> Outline:
    return Outline(name, member_kind(member), member.span, member_place(member, view.text))


def folds(view: View) -> list[tuple[int, int, str]]:
    """(first line, last line, kind), counted from 0: bodies, runs of comments, runs of imports."""
    lines = _Lines(view)
    found = [*_braces(view, lines), *_comments(view, lines)]
    imports = [item for item in view.items if isinstance(item, ast.Import)]
    if len(imports) > 1:
        found.append((lines.of(imports[0].span.start), lines.of(imports[-1].span.end), "imports"))
    return sorted(set(found))


class _Lines:
    def __init__(self, view: View) -> None:
        self.source = view.source

    def of(self, offset: int) -> int:
        return self.source.position(offset)[0] - 1


def _braces(view: View, lines: _Lines) -> Iterator[tuple[int, int, str]]:
    for chunk in view.document.chunks:
        opened: list[int] = []
        for token in view.tokens(chunk):
            if token.type in ("LBRACE", "LPAR", "LSQB"):
                opened.append(token.start)
            elif token.type in ("RBRACE", "RPAR", "RSQB") and opened:
                first, last = lines.of(opened.pop()), lines.of(token.start)
                if last > first + 1 or (last > first and token.type == "RBRACE"):
                    yield first, last - 1, "region"


def _comments(view: View, lines: _Lines) -> Iterator[tuple[int, int, str]]:
    begin = last = -2
    for start, _ in find_comments(view.text):
        line = lines.of(start)
        if view.source.line(line + 1)[: start - view.source.line_starts()[line]].strip():
            continue
        if line != last + 1:
            if last > begin >= 0:
                yield begin, last, "comment"
            begin = line
        last = line
    if last > begin >= 0:
        yield begin, last, "comment"


def growing(view: View, offset: int) -> list[Span]:
    """What a selection at a place grows to, the smallest first."""
    item = view.item_at(offset)
    found: dict[tuple[int, int], Span] = {}
    node: object = item
    while node is not None:
        span = getattr(node, "span", None)
        if isinstance(span, Span) and span.start <= offset <= span.end:
            found[span.start, span.end] = span
        node = _inside(node, offset)
    whole = Span(view.path, 0, len(view.text))
    found.setdefault((0, len(view.text)), whole)
    return sorted(found.values(), key=lambda span: span.end - span.start)


def _inside(node: object, offset: int) -> object:
    """The part of a node that a place is in."""
    todo = [getattr(node, name) for name in getattr(node, "__dataclass_fields__", ())]
    while todo:
        each = todo.pop(0)
        if isinstance(each, tuple):
            todo += each
            continue
        span = getattr(each, "span", None)
        if isinstance(span, Span) and span.path and span.start <= offset <= span.end:
            return each
    return None
