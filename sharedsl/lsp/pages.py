"""The page of a code as a file that an editor can open: what `sharedsl explain` shows, in Markdown.

A page is written when a message with its code is first told, beside the answers that `check` remembers; into a folder
for temporary files where there is no place for those.
"""

from __future__ import annotations

import os
import tempfile
from functools import cache
from pathlib import Path

from sharedsl.diagnostics.codes import Page, pages
from sharedsl.diagnostics.docs import section


@cache
def href(code: str) -> str | None:
    """The address of the page of a code; None for what is no code, and where no file can be written."""
    page = known().get(code)
    if page is None:
        return None
    for folder in (_kept, _passing):
        try:
            return _written(Path(folder()), page)
        except OSError:
            continue
    return None


@cache
def known() -> dict[str, Page]:
    """Errors and lint rules."""
    from sharedsl.lint.rules import pages as rules

    return {**pages(), **rules()}


def _written(folder: Path, page: Page) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    path, text = folder / f"{page.code}.md", section(page)
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        temporary = path.with_suffix(f".{os.getpid()}")
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    return path.as_uri()


def _kept() -> str:
    given = os.environ.get("SHAREDSL_CACHE")
    if given is not None:
        if not given:
            raise FileNotFoundError("no cache is wanted")
        return os.path.join(os.path.abspath(given), "pages")
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    home = os.path.expanduser("~")
    if not base and home == "~":
        raise FileNotFoundError("there is no home")
    return os.path.join(os.path.abspath(base or os.path.join(home, ".cache")), "sharedsl", "pages")


@cache
def _passing() -> str:
    return tempfile.mkdtemp(prefix="sharedsl-pages-")
