"""Where names come from and where they are used: definition, references, highlights, rename."""

from __future__ import annotations

from sharedsl.ide.mentions import in_view, views
from sharedsl.ide.renaming import prepare_rename, rename
from sharedsl.ide.symbols import Occurrence
from sharedsl.ide.view import View
from sharedsl.ide.workspace import Workspace
from sharedsl.source import Span

__all__ = ["definition", "highlights", "prepare_rename", "references", "rename"]


def definition(view: View, offset: int) -> Span | None:
    """The name where the one at a place is declared; the beginning of the file for an import's path."""
    found = view.name_at(offset)
    if found is None or found.place is not None or found.symbol.kind != "weight":
        return found.place if found is not None else None
    # a weight of what is built in, `head.weight`: the layer that has it
    chunk = view.chunk_at(offset)
    before = [each for each in view.names(chunk) if each.span.start < found.span.start] if chunk is not None else []
    own = [
        each
        for each in before
        if each.place is not None and each.trail and f"{found.trail}.".startswith(f"{each.trail}.")
    ]
    return own[-1].place if own else None


def highlights(view: View, offset: int) -> list[Occurrence]:
    """Every place in the file that names the same."""
    found = view.name_at(offset)
    return in_view(view, found.symbol) if found is not None else []


def references(workspace: Workspace, view: View, offset: int, declaration: bool = True) -> list[Span]:
    """Every place in the files of the workspace that names the same."""
    found = view.name_at(offset)
    if found is None:
        return []
    spans = []
    for other in views(workspace, view, found.symbol):
        spans += [each.span for each in in_view(other, found.symbol) if declaration or not each.declares]
    return spans
