"""The table of contents of the page of methods. `python -m tests.docs.contents` writes it anew."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "methods.md"
_FENCE = re.compile(r"^```.*?^```\n", re.MULTILINE | re.DOTALL)
_TABLE = re.compile(r"^- \[[^\n]*\]\(#.*?(?=\n\n)", re.MULTILINE | re.DOTALL)
WIDTH = 120


def anchor(title: str) -> str:
    """What a title is called in a link, as the usual renderers have it."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def contents(page: str) -> str:
    """A line for each family, and its methods."""
    found: list[str] = []
    for family in re.split(r"^## ", _FENCE.sub("", page), flags=re.MULTILINE)[1:]:
        title, *_ = family.splitlines()
        methods = re.findall(r"^### (.*)$", family, re.MULTILINE)
        line = f"- [{title}](#{anchor(title)})" + (":" if methods else "")
        for number, method in enumerate(methods):
            item = f" [{method}](#{anchor(method)})" + (", " if number + 1 < len(methods) else "").rstrip()
            if len(line.rsplit("\n", 1)[-1]) + len(item) > WIDTH:
                line += "\n "
            line += item
        found.append(line)
    return "\n".join(found)


def present(page: str) -> str:
    """The table that the page has."""
    table = _TABLE.search(page)
    return table.group() if table else ""


def main() -> None:
    page = PAGE.read_text(encoding="utf-8")
    old, new = present(page), contents(page)
    page = page.replace(old, new, 1) if old else page.replace("\n\n## ", f"\n\n{new}\n\n## ", 1)
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
