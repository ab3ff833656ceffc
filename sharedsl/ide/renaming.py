"""Rename: a name gets another one wherever it stands, and what the files mean stays as it was, or nothing is done."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from sharedsl.analysis.pipeline import Analysis, analyze
from sharedsl.diagnostics import Diagnostic, Edit
from sharedsl.ide.mentions import in_view, views
from sharedsl.ide.symbols import Occurrence, Symbol
from sharedsl.ide.taken import item_of, taken
from sharedsl.ide.view import View
from sharedsl.ide.workspace import Workspace
from sharedsl.source import SourceFile, Span
from sharedsl.syntax import ast
from sharedsl.syntax.lexer import ITEM_WORDS

_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_RESERVED = {*ITEM_WORDS, "forward", "require", "return", "for", "while", "if", "else", "in", "and", "or", "not"}
_VALUES = {"true", "false", "none"}


def prepare_rename(view: View, offset: int) -> Span | None:
    """The name that would be renamed; None for what is built in, imported from `std/..`, or no name."""
    found = view.name_at(offset)
    return found.span if found is not None and not _fixed(view, found) else None


def _fixed(view: View, found: Occurrence) -> str:
    """Why a name is not ours to give; empty where it is."""
    if found.place is None or found.symbol.kind == "file":
        return "this cannot be renamed: it is built in, or no name"
    if found.place.path.startswith("std/"):
        return f"`{found.symbol.name}` of {found.place.path} cannot be renamed: it is the standard library's"
    file = view.analysis.scope.files.get(found.symbol.path)
    for name in (found.symbol.name, item_of(found.symbol)):
        definition = file.names.get(name) if file is not None else None
        item = definition.item if definition is not None else None
        if isinstance(item, ast.Extern) and found.symbol.kind in ("extern", "weight", "buffer"):
            return f"`{found.symbol.name}` cannot be renamed here: `{item.module}` calls it so"
    return ""


def rename(workspace: Workspace, view: View, offset: int, name: str) -> list[Edit] | str:
    """The edits, or why there are none."""
    found = view.name_at(offset)
    if found is None:
        return "this cannot be renamed: it is built in, or no name"
    if found.others:
        return f"{_said(found.symbols)} are called `{found.symbol.name}` here: rename one of them where it is declared"
    why = _fixed(view, found)
    if why:
        return why
    if not _NAME.fullmatch(name) or name in _RESERVED or name in _VALUES:
        return f"`{name}` is not a name: letters, digits and `_`, and no word of the language"
    if name == found.symbol.name:
        return []
    why = taken(workspace, view, found, name)
    if why:
        return why
    edits = renames(workspace, view, {found.symbol: name})
    return edits if isinstance(edits, str) else _sound(workspace, view, edits) or edits


def renames(workspace: Workspace, view: View, wanted: Mapping[Symbol, str]) -> list[Edit] | str:
    """The edits that give several symbols other names at once; whether the names can be had is not looked at."""
    looked: dict[str, View] = {}
    for symbol in wanted:
        looked |= {each.path: each for each in views(workspace, view, symbol)}
    edits: dict[Span, Edit] = {}
    for each in looked.values():
        places = {place.span: place for symbol in wanted for place in in_view(each, symbol)}
        for span, place in places.items():
            text = _text(place, wanted)
            if text is None:
                others = _said(place.symbols)
                return (
                    f"{others} are called `{place.symbol.name}` in one place, {_where(each, span)}: they keep one name"
                )
            edits[span] = Edit(span, text)
    return list(edits.values())


def _text(place: Occurrence, wanted: Mapping[Symbol, str]) -> str | None:
    """What stands there after it. `norm` of a selector becomes `{norm, other}` where two layers `norm` part ways."""
    names = list(dict.fromkeys(wanted.get(each, each.name) for each in place.symbols))
    if len(names) == 1:
        return names[0]
    listed = ", ".join(names)
    return {"listed": listed, "braced": f"{{{listed}}}"}.get(place.apart)


def _said(symbols: tuple[Symbol, ...]) -> str:
    said = [f"`{each.inside}.{each.name}`" if each.inside else f"`{each.name}`" for each in symbols]
    return ", ".join(said[:-1]) + " and " + said[-1]


def _where(view: View, span: Span) -> str:
    return f"line {view.source.position(span.start)[0]} of {view.path}"


# ---------------------------------------------------------------------------- whether it is sound


def _sound(workspace: Workspace, view: View, edits: list[Edit]) -> str:
    """What the files would say after the edits that they do not say now; empty where that is nothing."""
    texts: dict[str, str] = {}
    for path in dict.fromkeys(each.span.path for each in edits):
        source = workspace.source(path)
        if source is not None:
            texts[path] = edited(source.text, [each for each in edits if each.span.path == path])

    def load(path: str) -> SourceFile | None:
        return SourceFile(path, texts[path]) if path in texts else workspace.source(path)

    for path in dict.fromkeys((view.path, *texts, *workspace.importers(view.path))):
        source, before = load(path), workspace.analysis(path)
        if source is None or before is None:
            continue
        after = analyze(source, load=load)
        said = Counter(each.code for each in before.diagnostics)
        for each in after.diagnostics:
            said[each.code] -= 1
            if said[each.code] < 0:
                return f"this name would make a difference: {_first_line(each, after)}"
    return ""


def _first_line(found: Diagnostic, analysis: Analysis) -> str:
    span = found.labels[0].span if found.labels else None
    source = analysis.sources.get(span.path) if span is not None else None
    if span is None or source is None:
        return found.message
    return f"{found.message} (line {source.position(span.start)[0]} of {span.path})"


def edited(text: str, edits: list[Edit]) -> str:
    """A text with edits of it made."""
    for each in sorted(edits, key=lambda each: -each.span.start):
        text = text[: each.span.start] + each.text + text[each.span.end :]
    return text
