"""Where the verbs write: standard output and error, with colours only where a person looks at them."""

from __future__ import annotations

import os
import shutil
import sys

from sharedsl.cli.cache import colour, write
from sharedsl.diagnostics.paint import Paint

__all__ = ["Usage", "columns", "paint", "say", "write"]


class Usage(Exception):
    """A wrong call, a missing file: reported in a line, exit code 2."""


def paint() -> Paint:
    return Paint(colour(), _unicode(sys.stdout.encoding))


def _unicode(encoding: str | None) -> bool:
    try:
        "─█·→".encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def say(text: str) -> None:
    """A line on standard error."""
    encoding = sys.stderr.encoding or "ascii"
    sys.stderr.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")


def columns() -> int:
    """How wide the terminal is."""
    return shutil.get_terminal_size((100, 24)).columns if sys.stdout.isatty() or "COLUMNS" in os.environ else 100
