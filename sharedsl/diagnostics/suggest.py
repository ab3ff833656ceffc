"""What a fix would change: the lines before and after."""

from __future__ import annotations

from collections.abc import Mapping

from sharedsl.diagnostics.paint import Paint, clean
from sharedsl.diagnostics.record import Edit, Fix
from sharedsl.source import SourceFile


def suggestion(fix: Fix, sources: Mapping[str, SourceFile], pad: str, paint: Paint) -> list[str]:
    """The lines as they are and as they would be."""
    lines: list[str] = []
    for path in dict.fromkeys(edit.span.path for edit in fix.edits):
        source = sources.get(path)
        if source is None:
            continue
        edits = sorted((e for e in fix.edits if e.span.path == path), key=lambda e: e.span.start)
        for first, last, after in _edited(source, edits):
            for number in range(first, last + 1):
                lines.append(_changed(pad, "-", source.line(number), "red", paint))
            lines += [_changed(pad, "+", line, "green", paint) for line in after]
    return lines


def _changed(pad: str, sign: str, text: str, style: str, paint: Paint) -> str:
    return f"{pad} {paint('|', 'frame')} {paint(f'{sign} {clean(text)}'.rstrip(), style)}"


def _edited(source: SourceFile, edits: list[Edit]) -> list[tuple[int, int, list[str]]]:
    """Groups of edits that touch the same lines: (first line, last line, the lines that replace them)."""
    groups: list[tuple[int, int, list[Edit]]] = []
    for edit in edits:
        first = source.position(edit.span.start)[0]
        last, column = source.position(edit.span.end)
        last = max(first, last - (column == 1 and not edit.text))  # a line that goes with its end
        if groups and first <= groups[-1][1]:
            groups[-1] = (groups[-1][0], max(last, groups[-1][1]), [*groups[-1][2], edit])
        else:
            groups.append((first, last, [edit]))
    return [(first, last, _apply(source, first, last, group)) for first, last, group in groups]


def _apply(source: SourceFile, first: int, last: int, edits: list[Edit]) -> list[str]:
    starts = source.line_starts()
    begin = starts[first - 1]
    end = starts[last] - 1 if last < len(starts) else len(source.text)
    text, at = "", begin
    for edit in edits:
        text += source.text[at : edit.span.start] + edit.text
        at = edit.span.end
    text += source.text[at:end]
    return [line.rstrip("\r") for line in text.split("\n")] if text.strip() else []
