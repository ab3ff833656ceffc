"""Diagnostics for people: the full form, with source lines and carets, and one line each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sharedsl.diagnostics.excerpt import excerpt, last_line
from sharedsl.diagnostics.paint import Paint, clean
from sharedsl.diagnostics.record import Diagnostic, Label
from sharedsl.diagnostics.suggest import suggestion
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
    gutter = len(str(max((last_line(label.span, sources[label.span.path]) for label in shown), default=1)))
    for at, (path, labels) in enumerate(_by_file(shown).items()):
        lines += excerpt(sources[path], labels, each.labels[0], each.severity, at == 0, gutter, paint)
    pad = " " * gutter
    for path in dict.fromkeys(label.span.path for label in each.labels if label.span.path not in sources):
        if path:
            lines.append(f"{pad}{paint('-->', 'frame')} {clean(path)}")
    if shown and (each.notes or each.help or each.fixes):
        lines.append(f"{pad} {paint('|', 'frame')}")
    for note in each.notes:
        lines += _remark("note", note, pad, paint)
    if each.help:
        lines += _remark("help", each.help, pad, paint)
    for fix in each.fixes:
        lines += _remark("help", fix.message, pad, paint)
        lines += suggestion(fix, sources, pad, paint)
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
