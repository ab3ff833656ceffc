"""Remembers what `check` said about files, and says it again while neither they nor this package have changed.

An answer is kept under everything it depends on besides the files: the arguments, the folder, the terminal, the
package's own sources. It holds a digest of each file that was read. This module is on the path of every `check`, so it
imports next to nothing.
"""

from __future__ import annotations

import marshal
import os
import sys

try:
    from _blake2 import blake2b
except ImportError:  # an interpreter without the builtin module
    from hashlib import blake2b

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_FORMAT = 1
_KEEP = 256


def answer(args: list[str]) -> int | None:
    """Prints the remembered answer and gives its exit code; None where there is none."""
    path = _entry(args)
    if path is None:
        return None
    try:
        with open(path, "rb") as file:
            version, folders, files, text, code = marshal.load(file)
        if version != _FORMAT or not isinstance(code, int):
            return None
        if any(found_in(folder) != before for folder, before in folders):
            return None
        if any(digest(name) != before for name, before in files):
            return None
    except (OSError, ValueError, TypeError, EOFError):
        return None
    write(text)
    return code


def remember(args: list[str], folders: list[str], files: list[str], text: str, code: int) -> None:
    """Keeps an answer. A cache that cannot be written is done without."""
    path = _entry(args)
    if path is None:
        return
    digests = [(name, digest(name)) for name in files]
    if any(found is None for _, found in digests):
        return
    entry = (_FORMAT, [(folder, found_in(folder)) for folder in folders], digests, text, code)
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        temporary = f"{path}.{os.getpid()}"
        with open(temporary, "wb") as file:
            marshal.dump(entry, file)
        os.replace(temporary, path)
        _trim(os.path.dirname(path))
    except OSError:
        return


def write(text: str) -> None:
    """To standard output; what the terminal cannot show becomes an escape."""
    out = sys.stdout
    try:
        out.write(text)
    except UnicodeEncodeError:
        out.write(text.encode(out.encoding or "ascii", "backslashreplace").decode(out.encoding or "ascii"))


def found_in(folder: str) -> list[str]:
    """All specs below a folder, in order; hidden folders are passed over."""
    found: list[str] = []
    for here, below, names in os.walk(folder):
        below[:] = sorted(
            name for name in below if not name.startswith(".") and name not in ("__pycache__", "node_modules")
        )
        found += [os.path.join(here, name) for name in sorted(names) if name.endswith(".sdsl")]
    return found


def digest(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return bytes(blake2b(file.read(), digest_size=20).digest())
    except OSError:
        return None


def colour() -> bool:
    """Whether to colour what goes to standard output."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb" and sys.stdout.isatty()


def folder() -> str | None:
    """Where answers are kept; None where there is no place for them."""
    given = os.environ.get("SHAREDSL_CACHE")
    if given is not None:
        return os.path.join(given, "check") if given else None
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    if not base:
        home = os.path.expanduser("~")
        base = os.path.join(home, ".cache") if home != "~" else None
    return os.path.join(base, "sharedsl", "check") if base else None


def _entry(args: list[str]) -> str | None:
    where = folder()
    if where is None or "-" in args or sys.stdout is None:
        return None
    try:
        context = (args, os.getcwd(), colour(), sys.stdout.encoding, sys.hexversion, _stamp())
    except OSError:
        return None
    return os.path.join(where, blake2b(repr(context).encode("utf-8", "replace"), digest_size=16).hexdigest())


def _stamp() -> list[tuple[str, int, int]]:
    """The package's own sources, by name, size and time."""
    found: list[tuple[str, int, int]] = []
    todo = [_PACKAGE, os.path.join(os.path.dirname(_PACKAGE), "grammar")]
    while todo:
        try:
            with os.scandir(todo.pop()) as entries:
                for entry in entries:
                    name = entry.name
                    if name.endswith((".py", ".sdsl", ".lark")):
                        stat = entry.stat()
                        found.append((entry.path, stat.st_size, stat.st_mtime_ns))
                    elif "." not in name and name != "__pycache__" and entry.is_dir():
                        todo.append(entry.path)
        except OSError:
            continue
    found.sort()
    return found


def _trim(where: str) -> None:
    """The oldest answers go when there are many."""
    names = os.listdir(where)
    if len(names) <= _KEEP:
        return
    paths = [os.path.join(where, name) for name in names]
    paths.sort(key=os.path.getmtime)
    for path in paths[: len(paths) - _KEEP // 2]:
        os.unlink(path)
