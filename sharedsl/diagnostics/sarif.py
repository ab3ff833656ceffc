"""Diagnostics as SARIF 2.1.0, what code-scanning services read."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sharedsl.diagnostics.codes import address
from sharedsl.diagnostics.record import Diagnostic, Fix
from sharedsl.diagnostics.text import Sources
from sharedsl.source import Span

_LEVELS = {"error": "error", "warning": "warning", "info": "note"}
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def render(diagnostics: Sequence[Diagnostic], sources: Sources, titles: dict[str, str]) -> str:
    """`titles` gives a code's one-line explanation."""
    codes = sorted({each.code for each in diagnostics})
    rules = [_rule(code, titles.get(code, code)) for code in codes]
    run = {
        "tool": {
            "driver": {"name": "sharedsl", "informationUri": "https://pypi.org/project/sharedsl/", "rules": rules}
        },
        "columnKind": "unicodeCodePoints",
        "results": [_result(each, codes, sources) for each in diagnostics],
    }
    document = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _rule(code: str, title: str) -> dict[str, object]:
    more = f"`sharedsl explain {code}`, or {address(code)}"
    return {"id": code, "shortDescription": {"text": title}, "help": {"text": more}}


def _result(each: Diagnostic, codes: list[str], sources: Sources) -> dict[str, object]:
    text = "\n".join([each.message, *each.notes, *([each.help] if each.help else [])])
    result: dict[str, object] = {
        "ruleId": each.code,
        "ruleIndex": codes.index(each.code),
        "level": _LEVELS[each.severity],
        "message": {"text": text},
    }
    if each.labels:
        result["locations"] = [_location(each.labels[0].span, each.labels[0].text, sources)]
        result["relatedLocations"] = [_location(label.span, label.text, sources) for label in each.labels[1:]]
    if each.fixes:
        result["fixes"] = [_fix(fix, sources) for fix in each.fixes]
    return result


def _location(span: Span, text: str, sources: Sources) -> dict[str, object]:
    physical: dict[str, object] = {"artifactLocation": {"uri": _uri(span.path)}}
    if span.path in sources:
        physical["region"] = _region(span, sources)
    location: dict[str, object] = {"physicalLocation": physical}
    if text:
        location["message"] = {"text": text}
    return location


def _uri(path: str) -> str:
    from urllib.parse import quote

    return quote(path.replace("\\", "/"))


def _region(span: Span, sources: Sources) -> dict[str, int]:
    line, column = sources[span.path].position(span.start)
    end_line, end_column = sources[span.path].position(span.end)
    return {"startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column}


def _fix(fix: Fix, sources: Sources) -> dict[str, object]:
    changes: dict[str, list[dict[str, object]]] = {}
    for edit in fix.edits:
        if edit.span.path in sources:
            change = {"deletedRegion": _region(edit.span, sources), "insertedContent": {"text": edit.text}}
            changes.setdefault(edit.span.path, []).append(change)
    return {
        "description": {"text": fix.message},
        "artifactChanges": [
            {"artifactLocation": {"uri": _uri(path)}, "replacements": replacements}
            for path, replacements in changes.items()
        ],
    }
