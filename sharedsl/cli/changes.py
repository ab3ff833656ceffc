"""Changes to files on disk: shown as a diff, and written whole or not at all."""

from __future__ import annotations

import difflib
import os
import tempfile
from collections.abc import Mapping

from sharedsl.cli.terminal import Usage
from sharedsl.diagnostics.paint import Paint

_STYLES = {"+": "green", "-": "error", "@": "cyan"}


def diff(path: str, before: str, after: str, paint: Paint) -> str:
    """What changes in one file, as `diff -u` writes it."""
    lines = difflib.unified_diff(_lines(before), _lines(after), path, path, "before", "after", lineterm="")
    shown = []
    for line in lines:
        style = _STYLES.get(line[:1], "")
        shown.append((paint(line, style) if style and not line.startswith(("+++", "---")) else line) + "\n")
    return "".join(shown)


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    if lines and not lines[-1]:
        lines.pop()
    elif text:
        lines[-1] += "\n\\ No newline at end of file"
    return [line.rstrip("\r") for line in lines]


def write_all(texts: Mapping[str, str]) -> None:
    """Each file whole: the text goes to a file beside it, which then takes its place and keeps its rights."""
    for path, text in texts.items():
        real = os.path.realpath(path)
        temporary = ""
        try:
            mode = os.stat(real).st_mode & 0o777
            handle, temporary = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=os.path.dirname(real))
            with os.fdopen(handle, "wb") as file:
                file.write(text.encode("utf-8"))
            os.chmod(temporary, mode)
            os.replace(temporary, real)
        except OSError as problem:
            if temporary and os.path.exists(temporary):
                os.unlink(temporary)
            raise Usage(f"{path} cannot be written: {problem.strerror}") from None
