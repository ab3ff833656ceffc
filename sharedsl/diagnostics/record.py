"""The one record of everything that is told to a user: what, where, how bad, and how to mend it."""

from __future__ import annotations

from typing import Literal

from sharedsl.record import dataclass
from sharedsl.source import Span

Severity = Literal["error", "warning", "info"]


class InternalError(Exception):
    """A bug of ours, never a mistake of the user's. The command line exits with 3 on it."""


@dataclass(frozen=True, slots=True)
class Label:
    """A place and what is to be said about it."""

    span: Span
    text: str = ""


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the text at `span` by `text`."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """A mend. `safe` fixes keep the meaning the user evidently had; the others want a look."""

    message: str
    edits: tuple[Edit, ...]
    safe: bool = False


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One message. `labels[0]` is the primary place; the others are what it disagrees with."""

    code: str
    message: str
    labels: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()
    help: str = ""
    fixes: tuple[Fix, ...] = ()
    severity: Severity = "error"

    @property
    def span(self) -> Span | None:
        return self.labels[0].span if self.labels else None


def error(
    code: str,
    message: str,
    span: Span,
    label: str = "",
    *also: Label,
    help: str = "",
    notes: tuple[str, ...] = (),
    fixes: tuple[Fix, ...] = (),
) -> Diagnostic:
    """An error at `span`, with further places in `also`."""
    return Diagnostic(code, message, (Label(span, label), *also), notes, help, fixes)
