"""Every request at a place of a document, as an editor may ask for all of them after each letter."""

from __future__ import annotations

from sharedsl.ide import actions, coloring, completion, hints, hover, lenses, navigation, outline
from sharedsl.ide.calls import call_at
from sharedsl.ide.workspace import Workspace


def ask_everything(workspace: Workspace, path: str, offset: int) -> None:
    found = workspace.diagnostics(path)
    view = workspace.view(path)
    assert view is not None
    hover.hover(view, offset)
    completion.completions(view, offset)
    call_at(view, offset)
    navigation.definition(view, offset)
    navigation.references(workspace, view, offset)
    navigation.highlights(view, offset)
    navigation.prepare_rename(view, offset)
    navigation.rename(workspace, view, offset, "other")
    outline.outline(view)
    outline.folds(view)
    outline.growing(view, offset)
    for each in coloring.colors(view):
        assert "\n" not in view.text[each.start : each.end]
    hints.hints(view, 0, len(view.text))
    lenses.lenses(view)
    actions.actions(view, found, offset, offset)
