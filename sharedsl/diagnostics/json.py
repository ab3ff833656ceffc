"""Diagnostics for programs: plain dicts, printed as JSON. Lines and columns count from 1, offsets from 0."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sharedsl.diagnostics.codes import address
from sharedsl.diagnostics.record import Diagnostic, Edit
from sharedsl.diagnostics.text import Sources
from sharedsl.source import Span


def render(diagnostics: Sequence[Diagnostic], sources: Sources) -> str:
    return json.dumps(document(diagnostics, sources), indent=2, ensure_ascii=False) + "\n"


def lines(diagnostics: Sequence[Diagnostic], sources: Sources) -> str:
    """An object a line."""
    return "".join(json.dumps(_one(each, sources), ensure_ascii=False) + "\n" for each in diagnostics)


def document(diagnostics: Sequence[Diagnostic], sources: Sources) -> dict[str, object]:
    return {
        "schema": 1,
        "summary": {
            "errors": sum(each.severity == "error" for each in diagnostics),
            "warnings": sum(each.severity == "warning" for each in diagnostics),
        },
        "diagnostics": [_one(each, sources) for each in diagnostics],
    }


def _one(each: Diagnostic, sources: Sources) -> dict[str, object]:
    return {
        "code": each.code,
        "docs": address(each.code),
        "severity": each.severity,
        "message": each.message,
        "labels": [
            {**where(label.span, sources), "text": label.text, "primary": at == 0}
            for at, label in enumerate(each.labels)
        ],
        "notes": list(each.notes),
        "help": each.help or None,
        "fixes": [
            {"message": fix.message, "safe": fix.safe, "edits": [_edit(edit, sources) for edit in fix.edits]}
            for fix in each.fixes
        ],
    }


def _edit(edit: Edit, sources: Sources) -> dict[str, object]:
    return {**where(edit.span, sources), "replacement": edit.text}


def where(span: Span, sources: Sources) -> dict[str, object]:
    """The file and both ends of a span."""
    return {
        "file": span.path,
        "start": _point(span.path, span.start, sources),
        "end": _point(span.path, span.end, sources),
    }


def _point(path: str, offset: int, sources: Sources) -> dict[str, int | None]:
    source = sources.get(path)
    line, column = source.position(offset) if source else (None, None)
    return {"line": line, "column": column, "offset": offset}
