"""What the `budget` lines of a build can limit."""

from __future__ import annotations

from sharedsl.source import Span
from sharedsl.syntax import ast

#: quantity -> (the total it is, what its arguments are)
QUANTITIES = {
    "params": ("stored", None),
    "stored": ("stored", None),
    "trainable": ("trainable", None),
    "frozen": ("frozen", None),
    "applied": ("applied", None),
    "buffers": ("buffers", None),
    "bytes": ("bytes", None),
    "artifact": ("artifact", "bits"),
    "flops": ("flops", "sizes"),
    "state": ("state_per_token", "sizes"),
    "sent": ("sent", "buffers"),
    "sent_bytes": ("sent_bytes", "buffers"),
}


def quantity_span(line: ast.BudgetLine) -> Span:
    """Where the quantity stands: behind `budget` and the blank that follows it."""
    start = line.span.start + len("budget ")
    return Span(line.span.path, start, start + len(line.quantity))
