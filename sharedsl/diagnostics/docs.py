"""docs/codes.md: every code of an error, what it means, an example that gives it and the example mended.

`python -m sharedsl.diagnostics.docs` prints it.
"""

from __future__ import annotations

from sharedsl.diagnostics.codes import Page, pages

_HEAD = """# Codes

Written by `make docs` from the pages that `sharedsl explain CODE` shows; tests run every example. The codes of lint
rules are in [lints.md](lints.md). A code keeps its meaning for ever.
"""


def page() -> str:
    """The whole page, codes in alphabetical order."""
    return "\n".join([_HEAD, *(section(each) for _, each in sorted(pages().items()))])


def section(each: Page) -> str:
    """One code's page, in Markdown."""
    lines = [f"## {each.code}", "", f"**{each.title}.** {' '.join(each.text.split())}", ""]
    for head, example in (("Gives it:", each.failing), ("Mended:", each.mended)):
        if example:
            lines += [head, "", "```sdsl", example.strip("\n"), "```", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    print(page(), end="")
