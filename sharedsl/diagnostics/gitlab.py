"""Diagnostics as GitLab's code quality report. The fingerprint follows the text of the line, not its number."""

from __future__ import annotations

import json
from collections.abc import Iterable

from sharedsl.diagnostics.record import Diagnostic
from sharedsl.diagnostics.text import Sources

_SEVERITIES = {"error": "major", "warning": "minor", "info": "info"}


def render(diagnostics: Iterable[Diagnostic], sources: Sources) -> str:
    seen: dict[str, int] = {}
    issues = [_one(each, sources, seen) for each in diagnostics]
    return json.dumps(issues, indent=2, ensure_ascii=False) + "\n"


def _one(each: Diagnostic, sources: Sources, seen: dict[str, int]) -> dict[str, object]:
    path, line, end_line, text = "", 1, 1, ""
    if each.span is not None:
        path = each.span.path
        source = sources.get(path)
        if source is not None:
            line, end_line = source.position(each.span.start)[0], source.position(each.span.end)[0]
            text = source.line(line).strip()
    key = "\0".join((path, each.code, each.message, text))
    seen[key] = seen.get(key, 0) + 1
    return {
        "description": each.message,
        "check_name": each.code,
        "fingerprint": _fingerprint(f"{key}\0{seen[key]}"),
        "severity": _SEVERITIES[each.severity],
        "location": {"path": path, "lines": {"begin": line, "end": end_line}},
    }


def _fingerprint(key: str) -> str:
    from hashlib import sha256

    return sha256(key.encode("utf-8", "replace")).hexdigest()[:40]
