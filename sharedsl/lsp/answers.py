"""Plain answers of `sharedsl.ide` as the protocol's types."""

from __future__ import annotations

from lsprotocol import types as t

from sharedsl.diagnostics import Diagnostic
from sharedsl.ide.coloring import KINDS, MODIFIERS, Colored
from sharedsl.ide.offering import Completion
from sharedsl.ide.outline import Outline
from sharedsl.ide.workspace import Workspace
from sharedsl.lsp.pages import href
from sharedsl.lsp.places import Encoding, location, position_of, range_of
from sharedsl.source import SourceFile

LEGEND = t.SemanticTokensLegend(list(KINDS), list(MODIFIERS))
_SEVERITY = {
    "error": t.DiagnosticSeverity.Error,
    "warning": t.DiagnosticSeverity.Warning,
    "info": t.DiagnosticSeverity.Information,
}
_COMPLETION = {
    "keyword": t.CompletionItemKind.Keyword, "file": t.CompletionItemKind.File, "model": t.CompletionItemKind.Class,
    "block": t.CompletionItemKind.Class, "extern": t.CompletionItemKind.Class, "plan": t.CompletionItemKind.Module,
    "primitive": t.CompletionItemKind.Class, "operation": t.CompletionItemKind.Function,
    "function": t.CompletionItemKind.Function, "forward": t.CompletionItemKind.Method,
    "layer": t.CompletionItemKind.Field, "weight": t.CompletionItemKind.Field, "buffer": t.CompletionItemKind.Field,
    "state": t.CompletionItemKind.Field, "parameter": t.CompletionItemKind.TypeParameter,
    "argument": t.CompletionItemKind.Property, "option": t.CompletionItemKind.EnumMember,
    "quantity": t.CompletionItemKind.EnumMember,
}  # fmt: skip
_SYMBOL = {
    "model": t.SymbolKind.Class, "block": t.SymbolKind.Struct, "extern": t.SymbolKind.Interface,
    "function": t.SymbolKind.Function, "plan": t.SymbolKind.Namespace, "build": t.SymbolKind.Module,
    "layer": t.SymbolKind.Field, "weight": t.SymbolKind.Variable, "buffer": t.SymbolKind.Variable,
    "state": t.SymbolKind.Variable, "forward": t.SymbolKind.Method, "stage": t.SymbolKind.Event,
}  # fmt: skip
_UNUSED = ("unused-parameter", "unused-import", "unused-plan", "unused-layer", "unused-ignore", "unused-buffer")


def diagnostic(workspace: Workspace, source: SourceFile, each: Diagnostic, encoding: Encoding) -> t.Diagnostic:
    first, *others = each.labels
    related = []
    for label in others:
        file = workspace.source(label.span.path)
        if file is not None:
            text = label.text or "this one"
            related.append(t.DiagnosticRelatedInformation(location(file, label.span, encoding), text))
    lines = [each.message, *each.notes]
    if first.text and first.text not in each.message:
        lines.append(first.text)
    if each.help:
        lines.append(f"help: {each.help}")
    address = href(each.code)
    return t.Diagnostic(
        range_of(source, first.span.start, first.span.end, encoding),
        "\n".join(lines),
        severity=_SEVERITY[each.severity],
        code=each.code,
        code_description=t.CodeDescription(address) if address is not None else None,
        source="sharedsl",
        related_information=related or None,
        tags=[t.DiagnosticTag.Unnecessary] if each.code in _UNUSED else None,
    )


def markdown(text: str) -> t.MarkupContent | None:
    return t.MarkupContent(t.MarkupKind.Markdown, text) if text else None


def completion(source: SourceFile, each: Completion, at: int, encoding: Encoding) -> t.CompletionItem:
    span = each.span
    return t.CompletionItem(
        each.text,
        kind=_COMPLETION.get(each.kind, t.CompletionItemKind.Variable),
        detail=each.detail or None,
        documentation=markdown(each.doc),
        sort_text=f"{at:04}",
        text_edit=t.TextEdit(range_of(source, span.start, span.end, encoding), each.text),
    )


def symbol(source: SourceFile, each: Outline, encoding: Encoding) -> t.DocumentSymbol:
    return t.DocumentSymbol(
        each.name,
        _SYMBOL[each.kind],
        range_of(source, each.span.start, each.span.end, encoding),
        range_of(source, each.place.start, each.place.end, encoding),
        detail=each.detail or None,
        children=[symbol(source, one, encoding) for one in each.inner],
    )


def workspace_symbol(source: SourceFile, each: Outline, inside: str, encoding: Encoding) -> t.WorkspaceSymbol:
    return t.WorkspaceSymbol(
        location(source, each.place, encoding), each.name, _SYMBOL[each.kind], container_name=inside
    )


def semantic_tokens(source: SourceFile, found: list[Colored], encoding: Encoding) -> t.SemanticTokens:
    data: list[int] = []
    line = character = 0
    for each in found:
        start = position_of(source, each.start, encoding)
        length = position_of(source, each.end, encoding).character - start.character
        modifiers = sum(1 << MODIFIERS.index(one) for one in each.modifiers)
        column = start.character - character if start.line == line else start.character
        data += [start.line - line, column, length, KINDS.index(each.kind), modifiers]
        line, character = start.line, start.character
    return t.SemanticTokens(data)
