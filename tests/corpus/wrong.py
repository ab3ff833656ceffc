"""Wrong specs: `*.sdsl` beside this file, with `# error: [code]` at the end of every line where an error begins.

A spec that begins with `# mends` is made clean by the first fix of each of its errors. Files in `imports/` belong to
specs that import them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from sharedsl.diagnostics import Diagnostic
from sharedsl.source import SourceFile

FOLDER = Path(__file__).parent
_MARKER = re.compile(r"# (error|warning): \[([a-z-]+)\]")

#: (file, line, severity, code)
Place = tuple[str, int, str, str]


def wrong_specs() -> list[Path]:
    return sorted(FOLDER.glob("*.sdsl"))


def expected(text: str, path: str) -> list[Place]:
    """What the markers of a file say, in order."""
    return [
        (path, number, kind, code)
        for number, line in enumerate(text.split("\n"), 1)
        for kind, code in _MARKER.findall(line)
    ]


def found(problems: Sequence[Diagnostic], sources: dict[str, SourceFile]) -> list[Place]:
    places = []
    for each in problems:
        assert each.span is not None, each
        line, _ = sources[each.span.path].position(each.span.start)
        places.append((each.span.path, line, each.severity, each.code))
    return sorted(places)


def mended(text: str, problems: Sequence[Diagnostic], path: str) -> str:
    """The text after the first fix of every diagnostic."""
    edits = [edit for each in problems for edit in each.fixes[0].edits if each.fixes]
    for edit in sorted(edits, key=lambda edit: -edit.span.start):
        assert edit.span.path == path, edit
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return text
