"""The server: documents come in, what `sharedsl.ide` knows of them goes out."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from typing import Any

from lsprotocol import types as t

from sharedsl.collector import Idle
from sharedsl.ide import actions, coloring, completion, hints, hover, lenses, navigation, outline
from sharedsl.ide.calls import call_at
from sharedsl.ide.view import View
from sharedsl.lsp import answers
from sharedsl.lsp.documents import Server
from sharedsl.lsp.places import changed, location, offset_of, path_of, position_of, range_of, spans, text_edits, uri_of
from sharedsl.source import Span

server = Server()
Answer = Callable[[Server, Any], Any]


def feature(name: str, options: object = None) -> Callable[[Answer], Answer]:
    """Answers a request; null where there is no such document or place, or where we have a bug, which is logged."""

    def take(function: Answer) -> Answer:
        @wraps(function)
        def answer(ls: Server, params: Any) -> Any:
            try:
                return function(ls, params)
            except Exception:
                ls.bug(name)
                return None

        server.feature(name, options)(answer)
        return answer

    return take


def _place(ls: Server, params: Any) -> tuple[View, int] | None:
    view = ls.view(params.text_document.uri)
    offset = offset_of(view.source, params.position, ls.encoding) if view is not None else None
    return (view, offset) if view is not None and offset is not None else None


def _range(ls: Server, view: View, place: t.Range) -> tuple[int, int]:
    ends = [offset_of(view.source, each, ls.encoding) for each in (place.start, place.end)]
    start, end = (len(view.text) if each is None else each for each in ends)
    return start, end


# ---------------------------------------------------------------------------- documents


@server.feature(t.INITIALIZE)
def initialize(ls: Server, params: t.InitializeParams) -> None:
    ls.configure(params.initialization_options)
    folders = [each.uri for each in params.workspace_folders or ()] or ([params.root_uri] if params.root_uri else [])
    ls.files.folders = tuple(path_of(uri) for uri in folders)


@server.feature(t.INITIALIZED)
def initialized(ls: Server, params: t.InitializedParams) -> None:
    ls.watch()


@server.feature(t.TEXT_DOCUMENT_DID_OPEN)
def did_open(ls: Server, params: t.DidOpenTextDocumentParams) -> None:
    path = path_of(params.text_document.uri)
    ls.uris[path], ls.versions[path] = params.text_document.uri, params.text_document.version
    ls.files.put(path, params.text_document.text)
    for each in (path, *ls.files.importers(path)):
        ls.publish(each)


@server.feature(t.TEXT_DOCUMENT_DID_CHANGE)
def did_change(ls: Server, params: t.DidChangeTextDocumentParams) -> None:
    path = path_of(params.text_document.uri)
    document = ls.files.open.get(path)
    if document is None:
        return
    source = document.source
    for change in params.content_changes:
        source = type(source)(path, changed(source, change, ls.encoding))
    ls.versions[path] = params.text_document.version
    ls.files.put(path, source.text)
    ls.published(path)


@server.feature(t.TEXT_DOCUMENT_DID_CLOSE)
def did_close(ls: Server, params: t.DidCloseTextDocumentParams) -> None:
    path = path_of(params.text_document.uri)
    importers = ls.files.importers(path)
    ls.files.drop(path)
    ls.versions.pop(path, None)
    ls.uris.pop(path, None)
    ls.text_document_publish_diagnostics(t.PublishDiagnosticsParams(params.text_document.uri, []))
    for each in importers:
        ls.publish(each)


@server.feature(t.TEXT_DOCUMENT_DID_SAVE)
@server.feature(t.WORKSPACE_DID_CHANGE_WATCHED_FILES)
def files_changed(ls: Server, params: object) -> None:
    """Files on disk may be others now: whoever imports them is told."""
    for path in list(ls.files.open):
        ls.publish(path)


@server.feature(t.WORKSPACE_DID_CHANGE_CONFIGURATION)
def configuration_changed(ls: Server, params: t.DidChangeConfigurationParams) -> None:
    ls.configure(params.settings)
    files_changed(ls, params)


# ---------------------------------------------------------------------------- what stands at a place


@feature(t.TEXT_DOCUMENT_HOVER)
def hovered(ls: Server, params: t.HoverParams) -> t.Hover | None:
    place = _place(ls, params)
    found = hover.hover(*place) if place is not None else None
    if place is None or found is None:
        return None
    where = range_of(place[0].source, found.span.start, found.span.end, ls.encoding)
    return t.Hover(t.MarkupContent(t.MarkupKind.Markdown, found.text), where)


@feature(t.TEXT_DOCUMENT_COMPLETION, t.CompletionOptions(trigger_characters=[".", '"', "(", "{", " "]))
def completed(ls: Server, params: t.CompletionParams) -> t.CompletionList | None:
    place = _place(ls, params)
    if place is None:
        return None
    found = completion.completions(*place)
    items = [answers.completion(place[0].source, each, at, ls.encoding) for at, each in enumerate(found)]
    return t.CompletionList(False, items)


@feature(t.TEXT_DOCUMENT_SIGNATURE_HELP, t.SignatureHelpOptions(["(", ","]))
def signature(ls: Server, params: t.SignatureHelpParams) -> t.SignatureHelp | None:
    place = _place(ls, params)
    call = call_at(*place) if place is not None else None
    if call is None:
        return None
    given = [t.ParameterInformation(one.text, answers.markdown(one.doc)) for one in call.callee.params]
    told = t.SignatureInformation(call.callee.label, answers.markdown(call.callee.doc), given)
    return t.SignatureHelp([told], 0, call.active)


@feature(t.TEXT_DOCUMENT_DEFINITION)
def defined(ls: Server, params: t.DefinitionParams) -> t.Location | None:
    place = _place(ls, params)
    span = navigation.definition(*place) if place is not None else None
    return _location(ls, span) if span is not None else None


def _location(ls: Server, span: Span) -> t.Location | None:
    source = ls.files.source(span.path)
    return location(source, span, ls.encoding) if source is not None else None


@feature(t.TEXT_DOCUMENT_REFERENCES)
def referred(ls: Server, params: t.ReferenceParams) -> list[t.Location] | None:
    place = _place(ls, params)
    if place is None:
        return None
    found = navigation.references(ls.files, *place, params.context.include_declaration)
    return [each for span in found if (each := _location(ls, span)) is not None]


@feature(t.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT)
def highlighted(ls: Server, params: t.DocumentHighlightParams) -> list[t.DocumentHighlight] | None:
    place = _place(ls, params)
    if place is None:
        return None
    kinds = {True: t.DocumentHighlightKind.Write, False: t.DocumentHighlightKind.Read}
    found = navigation.highlights(*place)
    source = place[0].source
    return [
        t.DocumentHighlight(range_of(source, each.span.start, each.span.end, ls.encoding), kinds[each.declares])
        for each in found
    ]


@feature(t.TEXT_DOCUMENT_PREPARE_RENAME)
def rename_prepared(ls: Server, params: t.PrepareRenameParams) -> t.Range | None:
    place = _place(ls, params)
    span = navigation.prepare_rename(*place) if place is not None else None
    return (
        range_of(place[0].source, span.start, span.end, ls.encoding) if place is not None and span is not None else None
    )


@feature(t.TEXT_DOCUMENT_RENAME, t.RenameOptions(prepare_provider=True))
def renamed(ls: Server, params: t.RenameParams) -> t.WorkspaceEdit | None:
    place = _place(ls, params)
    if place is None:
        return None
    edits = navigation.rename(ls.files, *place, params.new_name)
    if isinstance(edits, str):
        ls.window_show_message(t.ShowMessageParams(t.MessageType.Warning, edits))
        return None
    return _workspace_edit(ls, edits)


def _workspace_edit(ls: Server, edits: Any) -> t.WorkspaceEdit:
    changes = {}
    for path, own in spans(edits).items():
        source = ls.files.source(path)
        if source is not None:
            changes[ls.uris.get(path) or uri_of(path)] = text_edits(source, own, ls.encoding)
    return t.WorkspaceEdit(changes)


@feature(t.TEXT_DOCUMENT_SELECTION_RANGE)
def selected(ls: Server, params: t.SelectionRangeParams) -> list[t.SelectionRange] | None:
    view = ls.view(params.text_document.uri)
    return [_selection(ls, view, each) for each in params.positions] if view is not None else None


def _selection(ls: Server, view: View, position: t.Position) -> t.SelectionRange:
    offset = offset_of(view.source, position, ls.encoding)
    found: t.SelectionRange | None = None
    for span in reversed(outline.growing(view, len(view.text) if offset is None else offset)):
        found = t.SelectionRange(range_of(view.source, span.start, span.end, ls.encoding), found)
    return found or t.SelectionRange(t.Range(position, position))


# ---------------------------------------------------------------------------- the whole text


@feature(t.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
def symbols(ls: Server, params: t.DocumentSymbolParams) -> list[t.DocumentSymbol] | None:
    view = ls.view(params.text_document.uri)
    return (
        [answers.symbol(view.source, each, ls.encoding) for each in outline.outline(view)] if view is not None else None
    )


@feature(t.WORKSPACE_SYMBOL)
def workspace_symbols(ls: Server, params: t.WorkspaceSymbolParams) -> list[t.WorkspaceSymbol]:
    made = []
    for path, each in outline.search(ls.files, params.query)[:500]:
        document = ls.files.document(path)
        if document is not None:
            made.append(answers.workspace_symbol(document.source, each, each.detail, ls.encoding))
    return made


@feature(t.TEXT_DOCUMENT_FOLDING_RANGE)
def folded(ls: Server, params: t.FoldingRangeParams) -> list[t.FoldingRange] | None:
    view = ls.view(params.text_document.uri)
    if view is None:
        return None
    return [t.FoldingRange(first, last, kind=t.FoldingRangeKind(kind)) for first, last, kind in outline.folds(view)]


@feature(t.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL, answers.LEGEND)
def colored(ls: Server, params: t.SemanticTokensParams) -> t.SemanticTokens | None:
    view = ls.view(params.text_document.uri)
    return answers.semantic_tokens(view.source, coloring.colors(view), ls.encoding) if view is not None else None


@feature(t.TEXT_DOCUMENT_SEMANTIC_TOKENS_RANGE, answers.LEGEND)
def colored_range(ls: Server, params: t.SemanticTokensRangeParams) -> t.SemanticTokens | None:
    view = ls.view(params.text_document.uri)
    if view is None:
        return None
    found = coloring.colors(view, *_range(ls, view, params.range))
    return answers.semantic_tokens(view.source, found, ls.encoding)


@feature(t.TEXT_DOCUMENT_FORMATTING)
def formatted(ls: Server, params: t.DocumentFormattingParams) -> list[t.TextEdit] | None:
    view = ls.view(params.text_document.uri)
    return text_edits(view.source, actions.formatting(view), ls.encoding) if view is not None else None


@feature(t.TEXT_DOCUMENT_INLAY_HINT)
def hinted(ls: Server, params: t.InlayHintParams) -> list[t.InlayHint] | None:
    view = ls.view(params.text_document.uri)
    if view is None:
        return None
    found = hints.hints(view, *_range(ls, view, params.range), ls.hints)
    return [
        t.InlayHint(
            position_of(view.source, each.offset, ls.encoding),
            each.text,
            kind=t.InlayHintKind.Type if each.kind == "shapes" else None,
            tooltip=each.tooltip or None,
        )
        for each in found
    ]


@feature(t.TEXT_DOCUMENT_CODE_LENS)
def lensed(ls: Server, params: t.CodeLensParams) -> list[t.CodeLens] | None:
    view = ls.view(params.text_document.uri)
    if view is None or not ls.lenses:
        return None if view is None else []
    found = lenses.lenses(view)
    return [
        t.CodeLens(
            range_of(view.source, each.span.start, each.span.end, ls.encoding),
            t.Command(each.title, each.command, arguments=list(each.arguments) or None),
        )
        for each in found
    ]


@feature(t.TEXT_DOCUMENT_CODE_ACTION, t.CodeActionOptions([t.CodeActionKind.QuickFix, t.CodeActionKind.SourceFixAll]))
def acted(ls: Server, params: t.CodeActionParams) -> list[t.CodeAction] | None:
    view = ls.view(params.text_document.uri)
    if view is None:
        return None
    found = ls.files.diagnostics(view.path, ls.settings(view.path))
    if params.context.only and t.CodeActionKind.SourceFixAll in params.context.only:
        edits = actions.fix_all(view, found)
        kind = t.CodeActionKind.SourceFixAll
        return [t.CodeAction("apply all safe fixes", kind=kind, edit=_workspace_edit(ls, edits))] if edits else []
    made = []
    for each in actions.actions(view, found, *_range(ls, view, params.range)):
        about = [answers.diagnostic(ls.files, view.source, each.about, ls.encoding)] if each.about is not None else None
        edit = _workspace_edit(ls, each.edits)
        quick = t.CodeActionKind.QuickFix
        made.append(t.CodeAction(each.title, kind=quick, diagnostics=about, is_preferred=each.safe, edit=edit))
    return made


@server.command(lenses.COMPARE)
def compare_plans(ls: Server, path: str = "", model: str = "") -> str | None:
    """The plans of a model as a table, which is also shown where the client does not do that itself."""
    view = ls.files.view(path) if path in ls.files.open else None
    if view is None:
        return None
    table = lenses.compare_plans(view, model)
    if not ls.shows_tables:
        ls.window_show_message(t.ShowMessageParams(t.MessageType.Info, table))
    return table


def main() -> None:
    """Speaks over standard input and output until the client leaves. The streams are closed then: it gets its own."""
    server.idle = Idle()
    server.start_io(os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb"))
