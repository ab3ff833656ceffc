"""Where the verbs write: standard output and error, with colours only where a person looks at them."""

from __future__ import annotations

import os
import sys

from sharedsl.cli.cache import colour, write
from sharedsl.diagnostics.paint import Paint

__all__ = ["Usage", "columns", "paint", "say", "write"]


#: where it is not known
_WIDE = 100


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
    """How wide the terminal is. (`shutil` would say it too, and brings three compressors with it.)"""
    told = os.environ.get("COLUMNS", "")
    if told.isdecimal() and int(told):
        return int(told)
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or _WIDE
    except (OSError, ValueError, AttributeError):  # no terminal
        return _WIDE
