"""Every request at a place of a document, as an editor may ask for all of them after each letter."""

from __future__ import annotations

from sharedsl.diagnostics import Diagnostic
from sharedsl.ide import actions, coloring, completion, hints, hover, lenses, navigation, outline, renaming
from sharedsl.ide.calls import call_at
from sharedsl.ide.view import View
from sharedsl.ide.workspace import Workspace


def ask_everything(workspace: Workspace, path: str, offset: int) -> None:
    """All of it, with what a server does after a pause (lint) and what a user asks for now and then (a rename)."""
    found = workspace.diagnostics(path)
    ask_at_once(workspace, path, offset, found)
    navigation.rename(workspace, _view(workspace, path), offset, "other")


def ask_at_once(workspace: Workspace, path: str, offset: int, found: list[Diagnostic] | None = None) -> None:
    """What an editor asks after each letter. The edits of a rename are made, and not proven to change nothing."""
    found = workspace.at_once(path) if found is None else found
    view = _view(workspace, path)
    hover.hover(view, offset)
    completion.completions(view, offset)
    call_at(view, offset)
    navigation.definition(view, offset)
    navigation.references(workspace, view, offset)
    navigation.highlights(view, offset)
    name = view.name_at(offset)
    if navigation.prepare_rename(view, offset) is not None and name is not None:
        renaming.renames(workspace, view, {name.symbol: "other"})
    outline.outline(view)
    outline.folds(view)
    outline.growing(view, offset)
    for each in coloring.colors(view):
        assert "\n" not in view.text[each.start : each.end]
    hints.hints(view, 0, len(view.text))
    lenses.lenses(view)
    actions.actions(view, found, offset, offset)


def answers(workspace: Workspace, path: str) -> dict[str, object]:
    """What is known of a whole document, as plain data that can be compared."""
    found, view = workspace.diagnostics(path), _view(workspace, path)
    return {
        "diagnostics": [(each.code, each.message, each.labels, each.fixes) for each in found],
        "outline": outline.outline(view),
        "folds": outline.folds(view),
        "colors": coloring.colors(view),
        "hints": hints.hints(view, 0, len(view.text)),
        "lenses": lenses.lenses(view),
        "formatting": actions.formatting(view),
    }


def _view(workspace: Workspace, path: str) -> View:
    view = workspace.view(path)
    assert view is not None
    return view
