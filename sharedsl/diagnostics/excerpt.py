"""A piece of source with its labels drawn under it, as compilers of our time do."""

from __future__ import annotations

from sharedsl.diagnostics.paint import Paint, clean, width
from sharedsl.diagnostics.record import Label
from sharedsl.record import dataclass
from sharedsl.source import SourceFile, Span


@dataclass(frozen=True, slots=True)
class _Mark:
    """What is drawn under one line: columns of the terminal, half open, and the text beside it."""

    start: int
    end: int
    text: str
    primary: bool


def excerpt(
    source: SourceFile, labels: list[Label], primary: Label, severity: str, first: bool, gutter: int, paint: Paint
) -> list[str]:
    """The lines that labels touch, each with its carets; `first` where the message's own file comes."""
    pad, bar = " " * gutter, paint("|", "frame")
    marks: dict[int, list[_Mark]] = {}
    for label in labels:
        for number, mark in _marks(label, label is primary, source):
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
        lines += [f"{pad} {bar} {row}" for row in _underline(marks[number], severity, paint)]
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
        stop = max(
            source.position(label.span.end)[1] - 1 if label.span.end > label.span.start else start + 1, start + 1
        )
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


def _underline(marks: list[_Mark], severity: str, paint: Paint) -> list[str]:
    """The carets of one line, the last label beside them and the others hung below, rightmost first."""
    marks = sorted(marks, key=lambda mark: (mark.start, not mark.primary))
    canvas = _Canvas()
    for mark in sorted(marks, key=lambda mark: mark.primary):
        style = severity if mark.primary else "frame"
        canvas.put(0, mark.start, ("^" if mark.primary else "-") * (mark.end - mark.start), style)
    said = [mark for mark in marks if mark.text]
    if not said:
        return canvas.rows(paint)
    beside = said[-1]
    if any(mark.end > beside.start and mark is not beside for mark in marks):
        hung = said
    else:
        hung = said[:-1]
        canvas.put(0, beside.end + 1, clean(beside.text), severity if beside.primary else "frame")
    for row, mark in enumerate(reversed(hung)):
        style = severity if mark.primary else "frame"
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


def last_line(span: Span, source: SourceFile) -> int:
    return _lines(span, source)[1]


def _lines(span: Span, source: SourceFile) -> tuple[int, int]:
    """The first and the last line that a span touches."""
    first = source.position(span.start)[0]
    return first, max(first, source.position(max(span.end - 1, span.start))[0])
