"""Files to source text: whatever is on disk becomes a `SourceFile` or one diagnostic."""

from __future__ import annotations

from sharedsl.diagnostics import Diagnostic, error
from sharedsl.source import SourceFile, Span

MAX_BYTES = 2_000_000


def read_source(path: str) -> SourceFile | Diagnostic:
    """The text of a file: line ends stay, a byte-order mark goes. Offsets count in the text that is kept."""
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return _error("no-file", f"there is no file `{path}`", path)
    except IsADirectoryError:
        return _error("no-file", f"`{path}` is a folder, not a file", path)
    except (OSError, ValueError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) and problem.strerror else str(problem)
        return _error("no-file", f"`{path}` cannot be read: {reason}", path)
    return decode_source(path, data)


def decode_source(path: str, data: bytes) -> SourceFile | Diagnostic:
    """The text that these bytes are."""
    if len(data) > MAX_BYTES:
        limit = MAX_BYTES // 1_000_000
        return _error("file-too-big", f"`{path}` is larger than {limit} MB, which no spec needs to be", path)
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return _error("not-utf8", f"`{path}` is UTF-16: save it as UTF-8", path)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = data.count(b"\n", 0, problem.start) + 1
        return _error("not-utf8", f"`{path}` is not UTF-8: byte 0x{data[problem.start]:02x} in line {line}", path)
    return SourceFile(path, text)


def _error(code: str, message: str, path: str) -> Diagnostic:
    return error(code, message, Span(path, 0, 0))
