"""A lint rule: a module of `rules/` as data. Its docstring is its page."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from sharedsl.diagnostics import Diagnostic, Fix, Label
from sharedsl.diagnostics.codes import Page
from sharedsl.diagnostics.record import Severity
from sharedsl.record import dataclass
from sharedsl.source import Span


@dataclass(frozen=True, slots=True)
class Rule:
    """`check` takes a `File` (`of_file`) or a `Subject`, which is one build, plan or model of the file."""

    code: str
    title: str
    text: str
    severity: Severity
    failing: str
    mended: str
    check: Callable[[Any], Iterable[Diagnostic]]
    of_file: bool = False

    @property
    def page(self) -> Page:
        return Page(self.code, self.title, self.text, self.failing, self.mended)


def finding(
    code: str,
    message: str,
    span: Span,
    label: str = "",
    *also: Label,
    help: str = "",
    notes: tuple[str, ...] = (),
    fixes: tuple[Fix, ...] = (),
) -> Diagnostic:
    """What a rule found; its severity is set by the configuration."""
    return Diagnostic(code, message, (Label(span, label), *also), notes, help, fixes, "warning")
