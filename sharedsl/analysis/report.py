"""Collects diagnostics: each mistake once, however many builds and blocks run into it."""

from __future__ import annotations

from sharedsl.diagnostics import Diagnostic, Label, error
from sharedsl.record import replace
from sharedsl.source import Span


class Reporter:
    """What was found so far, in order. Two findings of one code at one place are one mistake."""

    __slots__ = ("_seen", "found")

    def __init__(self) -> None:
        self.found: list[Diagnostic] = []
        self._seen: set[object] = set()

    def add(self, diagnostic: Diagnostic) -> None:
        # a `require` that does not hold is one mistake for each set of values that break it
        values = diagnostic.message if diagnostic.code == "require" else ""
        key = (diagnostic.code, tuple(label.span for label in diagnostic.labels[:1]), values)
        if key not in self._seen:
            self._seen.add(key)
            self.found.append(diagnostic)

    def error(self, code: str, message: str, span: Span, label: str = "", *also: Label, help: str = "") -> None:
        self.add(error(code, message, span, label, *also, help=help))

    def warn(self, code: str, message: str, span: Span, label: str = "", help: str = "") -> None:
        self.add(Diagnostic(code, message, (Label(span, label),), help=help, severity="warning"))

    def called_from(self, before: int, span: Span) -> None:
        """Whatever was found since there were `before` findings, in another file, was come to from `span`."""
        for at in range(before, len(self.found)):
            each = self.found[at]
            if each.labels and all(label.span.path != span.path for label in each.labels):
                self.found[at] = replace(each, labels=(*each.labels, Label(span, "called from here")))

    @property
    def failed(self) -> bool:
        return any(each.severity == "error" for each in self.found)
