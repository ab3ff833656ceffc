"""Every diagnostic code: what it means, an example that gives it and the same example mended.

Codes are never used again for something else. The pages lie by subject in `pages/`.
"""

from __future__ import annotations

from functools import cache

from sharedsl.record import dataclass


@dataclass(frozen=True, slots=True)
class Page:
    """`failing` gives the code; `mended` is clean. Both are whole specs, or "" where one file cannot show it."""

    code: str
    title: str
    text: str
    failing: str = ""
    mended: str = ""


@cache
def pages() -> dict[str, Page]:
    """code -> its page, by subject."""
    from sharedsl.diagnostics.pages.builds import PAGES as builds
    from sharedsl.diagnostics.pages.layers import PAGES as layers
    from sharedsl.diagnostics.pages.loops import PAGES as loops
    from sharedsl.diagnostics.pages.names import PAGES as names
    from sharedsl.diagnostics.pages.plans import PAGES as plans
    from sharedsl.diagnostics.pages.shapes import PAGES as shapes
    from sharedsl.diagnostics.pages.syntax import PAGES as syntax
    from sharedsl.diagnostics.pages.training import PAGES as training
    from sharedsl.diagnostics.pages.values import PAGES as values

    pages = (*syntax, *names, *layers, *shapes, *loops, *plans, *values, *training, *builds)
    return {page.code: page for page in pages}


def titles() -> dict[str, str]:
    return {code: page.title for code, page in pages().items()}


def address(code: str) -> str:
    """Where a code is explained, in the folder of the project: what is no error is a lint rule."""
    return f"docs/{'codes' if code in pages() else 'lints'}.md#{code}"
