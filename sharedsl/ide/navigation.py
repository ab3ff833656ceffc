"""Where names come from and where they are used: definition, references, highlights, rename."""

from __future__ import annotations

import re
from collections.abc import Iterable

from sharedsl.diagnostics import Edit
from sharedsl.ide.symbols import Occurrence, Symbol
from sharedsl.ide.view import View
from sharedsl.ide.workspace import Workspace
from sharedsl.layers import LAYERS
from sharedsl.ops import OPS
from sharedsl.source import Span
from sharedsl.syntax.lexer import ITEM_WORDS

_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_RESERVED = {*ITEM_WORDS, "forward", "require", "return", "for", "while", "if", "else", "in", "and", "or", "not"}
_VALUES = {"true", "false", "none"}


def definition(view: View, offset: int) -> Span | None:
    """The name where the one at a place is declared; the beginning of the file for an import's path."""
    found = view.name_at(offset)
    return found.place if found is not None else None


def highlights(view: View, offset: int) -> list[Occurrence]:
    """Every place in the file that names the same."""
    found = view.name_at(offset)
    return _in_view(view, found.symbol) if found is not None else []


def references(workspace: Workspace, view: View, offset: int, declaration: bool = True) -> list[Span]:
    """Every place in the files of the workspace that names the same."""
    found = view.name_at(offset)
    if found is None:
        return []
    spans = []
    for other in _views(workspace, view, found):
        spans += [each.span for each in _in_view(other, found.symbol) if declaration or not each.declares]
    return spans


def prepare_rename(view: View, offset: int) -> Span | None:
    """The name that would be renamed; None for what is built in, imported from `std/..`, or no name."""
    found = view.name_at(offset)
    if found is None or found.place is None or found.place.path.startswith("std/") or found.symbol.kind == "file":
        return None
    return found.span


def rename(workspace: Workspace, view: View, offset: int, name: str) -> list[Edit] | str:
    """The edits, or why there are none."""
    span = prepare_rename(view, offset)
    found = view.name_at(offset)
    if span is None or found is None:
        return "this cannot be renamed: it is built in, or no name"
    if not _NAME.fullmatch(name) or name in _RESERVED or name in _VALUES:
        return f"`{name}` is not a name: letters, digits and `_`, and no word of the language"
    taken = _taken(view, found, name)
    if taken:
        return taken
    spans = references(workspace, view, offset)
    return [Edit(each, name) for each in dict.fromkeys(spans)]


def _taken(view: View, found: Occurrence, name: str) -> str:
    """Why a name cannot be had: something in reach has it."""
    file = view.analysis.scope.files.get(found.symbol.path)
    if file is None or name == found.symbol.name:
        return ""
    kind = found.symbol.kind
    if kind in ("model", "block", "function", "extern") and (name in file.names or name in LAYERS or name in OPS):
        return f"there is a `{name}` already"
    if kind == "build" and name in file.builds:
        return f"there is a build `{name}` already"
    if kind == "plan" and (found.symbol.inside, name) in file.plans:
        return f"`{found.symbol.inside}` has a plan `{name}` already"
    chunk = view.chunk_at(found.place.start) if found.place is not None and found.place.path == view.path else None
    if kind in ("layer", "weight", "buffer", "state", "parameter", "input", "local", "size") and chunk is not None:
        item = _item(found.symbol)
        own = dict.fromkeys(each.symbol for each in view.names(chunk) if each.symbol.name == name and each.symbol.path)
        if any(_item(each) == item and _meet(view, found.symbol, each) for each in own):
            return f"`{item}` has a `{name}` already"
    return ""


def _item(symbol: Symbol) -> str:
    return symbol.inside.split(".")[0].split(":")[0]


def _meet(view: View, one: Symbol, other: Symbol) -> bool:
    """Whether a place of their item may mean either of two names: not those of two forwards, or of two loops."""
    parts = [each.inside.split(":")[0] for each in (one, other)]
    if all("." in each for each in parts) and parts[0] != parts[1]:
        return False
    if ":" not in one.inside or ":" not in other.inside:
        return True
    first, second = ([each.span for each in _in_view(view, symbol)] for symbol in (one, other))
    return first[0].start <= second[-1].end and second[0].start <= first[-1].end


def _in_view(view: View, symbol: Symbol) -> list[Occurrence]:
    chunks = [chunk for chunk in view.document.chunks if symbol.name in chunk.words]
    same = [each for chunk in chunks for each in view.names(chunk) if each.symbol == symbol]
    return list({(each.span.start, each.span.end): each for each in same}.values())


def _views(workspace: Workspace, view: View, found: Occurrence) -> Iterable[View]:
    """The files that may name a symbol: the open ones, its own, and those of the workspace that import it."""
    paths = {view.path: None, **dict.fromkeys(workspace.open)}
    if found.symbol.kind not in ("local", "input", "size"):
        if found.symbol.path and not found.symbol.path.startswith("std/"):
            paths[found.symbol.path] = None
        paths |= dict.fromkeys(workspace.specs())
    for path in paths:
        document = workspace.document(path)
        if path == view.path:
            yield view
        elif document is not None and found.symbol.name in document.text:
            other = workspace.view(path)
            if other is not None:
                yield other
