"""An ignore comment does not say why.

`# sharedsl: ignore[over-sharing] the paper's plan`: whoever reads it next wants to know whether it still holds.
"""

from __future__ import annotations

from collections.abc import Iterator

from sharedsl.diagnostics import Diagnostic
from sharedsl.lint.rule import finding
from sharedsl.lint.rules.examples import stack
from sharedsl.lint.subject import File
from sharedsl.lint.suppress import Ignore

SEVERITY = "warning"
OF_FILE = True
FAILING = stack("share * across layers  # sharedsl: ignore[over-sharing]")
MENDED = stack("share * across layers  # sharedsl: ignore[over-sharing] the paper's plan")


def check(file: File) -> Iterator[Diagnostic]:
    """Comments are read by the runner: see `without_reason`."""
    yield from ()


def without_reason(comments: list[Ignore]) -> Iterator[Diagnostic]:
    for comment in comments:
        if not comment.reason:
            yield finding("ignore-reason", "say why this is ignored", comment.span)
