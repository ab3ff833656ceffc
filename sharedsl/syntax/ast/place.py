"""Where a node stands in the text: it takes no part in equality."""

from __future__ import annotations

from sharedsl.record import field
from sharedsl.source import NOWHERE, Span


def place() -> Span:
    return field(default=NOWHERE, compare=False, repr=False, kw_only=True)
