"""Diagnostics for people: the full form, with source lines and carets, and one line each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sharedsl.diagnostics.paint import Paint, clean, width
from sharedsl.diagnostics.record import Diagnostic, Edit, Fix, Label
from sharedsl.source import SourceFile, Span

Sources = Mapping[str, SourceFile]


def full(diagnostics: Iterable[Diagnostic], sources: Sources, paint: Paint) -> str:
    """Each diagnostic with its places, notes, help and fixes, a blank line after each."""
    return "".join(_one(each, sources, paint) + "\n\n" for each in diagnostics)


def concise(diagnostics: Iterable[Diagnostic], sources: Sources, paint: Paint) -> str:
    """`path:line:column: error[code]: message`, a line each."""
    return "".join(_line(each, sources, paint) + "\n" for each in diagnostics)


def summary(diagnostics: Iterable[Diagnostic], files: int) -> str:
    """`2 errors and 1 warning in 3 files`."""
    counts = {"error": 0, "warning": 0, "info": 0}
    for each in diagnostics:
        counts[each.severity] += 1
    parts = [plural(count, word) for word, count in counts.items() if count and word != "info"]
    if counts["info"]:
        parts.append(f"{counts['info']} info")
    found = ", ".join(parts[:-1]) + " and " + parts[-1] if len(parts) > 1 else "".join(parts) or "no errors"
    return f"{found} in {plural(files, 'file')}"


def plural(count: int, word: str) -> str:
    return f"{count:,} {word}" + ("" if count == 1 else "s")


def place(span: Span, sources: Sources) -> str:
    """`path:line:column`, or the path alone where the text is not at hand."""
    source = sources.get(span.path)
    if source is None:
        return clean(span.path)
    line, column = source.position(span.start)
    return f"{clean(span.path)}:{line}:{column}"


def _line(each: Diagnostic, sources: Sources, paint: Paint) -> str:
    where = place(each.span, sources) + ": " if each.span and each.span.path else ""
    return f"{paint(where, 'bold')}{paint(each.severity, each.severity)}[{each.code}]: {clean(each.message)}"


def _one(each: Diagnostic, sources: Sources, paint: Paint) -> str:
    head = paint(f"{each.severity}[{each.code}]", each.severity) + paint(f": {clean(each.message)}", "bold")
    lines = [head]
    shown = [label for label in each.labels if label.span.path in sources]
    gutter = len(str(max((_last_line(label.span, sources) for label in shown), default=1)))
    for at, (path, labels) in enumerate(_by_file(shown).items()):
        lines += _excerpt(sources[path], labels, at == 0, each, gutter, paint)
    pad = " " * gutter
    for path in dict.fromkeys(label.span.path for label in each.labels if label.span.path not in sources):
        if path:
            lines.append(f"{pad}{paint('-->', 'frame')} {clean(path)}")
    for note in each.notes:
        lines += _remark("note", note, pad, paint)
    if each.help:
        lines += _remark("help", each.help, pad, paint)
    for fix in each.fixes:
        lines += _fix(fix, sources, pad, paint)
    return "\n".join(lines)


def _remark(kind: str, text: str, pad: str, paint: Paint) -> list[str]:
    first, *rest = clean_lines(text)
    indent = " " * (len(pad) + 3 + len(kind) + 2)
    return [f"{pad} {paint('=', 'frame')} {paint(kind, kind)}: {first}", *(indent + line for line in rest)]


def clean_lines(text: str) -> list[str]:
    return [clean(line) for line in text.split("\n")]


def _by_file(labels: list[Label]) -> dict[str, list[Label]]:
    found: dict[str, list[Label]] = {}
    for label in labels:
        found.setdefault(label.span.path, []).append(label)
    return found


def _last_line(span: Span, sources: Sources) -> int:
    return _lines(span, sources[span.path])[1]


def _lines(span: Span, source: SourceFile) -> tuple[int, int]:
    """The first and the last line that a span touches."""
    first = source.position(span.start)[0]
    return first, max(first, source.position(max(span.end - 1, span.start))[0])


@dataclass(frozen=True, slots=True)
class _Mark:
    """What is drawn under one line: columns of the terminal, half open, and the text beside it."""

    start: int
    end: int
    text: str
    primary: bool


def _excerpt(
    source: SourceFile, labels: list[Label], first: bool, each: Diagnostic, gutter: int, paint: Paint
) -> list[str]:
    pad, bar = " " * gutter, paint("|", "frame")
    marks: dict[int, list[_Mark]] = {}
    for label in labels:
        for number, mark in _marks(label, label is each.labels[0], source):
            marks.setdefault(number, []).append(mark)
    arrow = "-->" if first else ":::"
    where = source.position(labels[0].span.start)
    lines = [
        f"{pad}{paint(arrow, 'frame')} {clean(source.path)}:{where[0]}:{where[1]}",
        f"{pad} {bar}",
    ]
    before = 0
    for number in sorted(marks):
        if before and number == before + 2:
            lines.append(_source_line(source, number - 1, gutter, paint))
        elif before and number > before + 1:
            lines.append(paint("...", "frame"))
        lines.append(_source_line(source, number, gutter, paint))
        lines += [f"{pad} {bar} {row}" for row in _underline(marks[number], each, paint)]
        before = number
    return lines


def _source_line(source: SourceFile, number: int, gutter: int, paint: Paint) -> str:
    text = clean(source.line(number))
    return f"{paint(str(number).rjust(gutter), 'frame')} {paint('|', 'frame')} {text}".rstrip()


def _marks(label: Label, primary: bool, source: SourceFile) -> list[tuple[int, _Mark]]:
    """A span over several lines is marked on its first and its last line."""
    first, last = _lines(label.span, source)
    text = source.line(first)
    start = source.position(label.span.start)[1] - 1
    if first == last:
        stop = max(source.position(label.span.end)[1] - 1 if label.span.end > label.span.start else start + 1, start + 1)
        if source.position(label.span.end)[0] != first:
            stop = len(text)
        return [(first, _Mark(*_columns(text, start, stop), label.text, primary))]
    ending = source.line(last)
    stop = source.position(label.span.end - 1)[1]
    left = len(ending) - len(ending.lstrip())
    return [
        (first, _Mark(*_columns(text, start, len(text)), label.text, primary)),
        (last, _Mark(*_columns(ending, left, stop), "to here", primary)),
    ]


def _columns(text: str, start: int, stop: int) -> tuple[int, int]:
    left = width(clean(text[:start]))
    return left, max(left + 1, left + width(clean(text[start:stop])))


def _underline(marks: list[_Mark], each: Diagnostic, paint: Paint) -> list[str]:
    """The carets of one line, the last label beside them and the others hung below, rightmost first."""
    marks = sorted(marks, key=lambda mark: (mark.start, not mark.primary))
    canvas = _Canvas()
    for mark in sorted(marks, key=lambda mark: mark.primary):
        style = each.severity if mark.primary else "frame"
        canvas.put(0, mark.start, ("^" if mark.primary else "-") * (mark.end - mark.start), style)
    said = [mark for mark in marks if mark.text]
    if not said:
        return canvas.rows(paint)
    beside = said[-1]
    if any(mark.end > beside.start and mark is not beside for mark in marks):
        hung = said
    else:
        hung = said[:-1]
        canvas.put(0, beside.end + 1, clean(beside.text), each.severity if beside.primary else "frame")
    for row, mark in enumerate(reversed(hung)):
        style = each.severity if mark.primary else "frame"
        for above in range(1, 2 + row):
            canvas.put(above, mark.start, "|", style)
        canvas.put(2 + row, mark.start, clean(mark.text), style)
    return canvas.rows(paint)


class _Canvas:
    """Pieces of text at (row, column). A later piece covers an earlier one."""

    def __init__(self) -> None:
        self.cells: dict[int, dict[int, tuple[str, str]]] = {}

    def put(self, row: int, column: int, text: str, style: str) -> None:
        cells = self.cells.setdefault(row, {})
        for char in text:
            cells[column] = (char, style)
            column += max(width(char), 1)

    def rows(self, paint: Paint) -> list[str]:
        return [self._row(self.cells[row], paint) for row in sorted(self.cells)]

    def _row(self, cells: dict[int, tuple[str, str]], paint: Paint) -> str:
        text, run, style, at = "", "", "", 0
        for column in sorted(cells):
            char, now = cells[column]
            if column > at or now != style:
                text += paint(run, style) if style else run
                text += " " * (column - at)
                run, style = "", now
            run += char
            at = column + max(width(char), 1)
        return text + (paint(run, style) if style else run)


def _fix(fix: Fix, sources: Sources, pad: str, paint: Paint) -> list[str]:
    """The lines as they are and as they would be."""
    lines = _remark("help", fix.message, pad, paint)
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
        last = max(first, source.position(edit.span.end)[0])
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
    return [line.rstrip("\r") for line in text.split("\n")] if text else []
