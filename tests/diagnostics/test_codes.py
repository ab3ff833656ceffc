"""Every code in the sources has a page, and every page's examples do what they say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sharedsl.analysis.pipeline import analyze
from sharedsl.diagnostics.codes import Page, pages
from sharedsl.source import SourceFile

PACKAGE = Path(__file__).parents[2] / "sharedsl"
#: where a code is given: the first argument of whatever makes a diagnostic
GIVEN = re.compile(r"""\b_?(?:error|unknown|warn|Diagnostic|lines|warning)\(\s*"([a-z][a-z0-9]*(?:-[a-z0-9]+)*)"\s*,""")


def given() -> dict[str, str]:
    """code -> a file that gives it."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        if "pages" not in path.parts:
            for code in GIVEN.findall(path.read_text(encoding="utf-8")):
                found.setdefault(code, str(path.relative_to(PACKAGE)))
    return found


def test_every_code_has_a_page() -> None:
    missing = {code: where for code, where in given().items() if code not in pages()}
    assert not missing


def test_no_page_without_its_code() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py") if "pages" not in path.parts)
    assert not [code for code in pages() if f'"{code}"' not in text]


@pytest.mark.parametrize("page", [p for p in pages().values() if p.failing], ids=lambda page: page.code)
def test_examples(page: Page) -> None:
    wrong = analyze(SourceFile("failing.sdsl", page.failing)).diagnostics
    assert page.code in [each.code for each in wrong]
    assert [each.code for each in analyze(SourceFile("mended.sdsl", page.mended)).diagnostics] == []


def test_most_pages_have_examples() -> None:
    bare = [page.code for page in pages().values() if not page.failing]
    assert len(bare) <= 12, bare


@pytest.mark.parametrize("page", list(pages().values()), ids=lambda page: page.code)
def test_pages_are_whole(page: Page) -> None:
    assert page.title and page.text and not page.title.endswith(".")
    assert bool(page.failing) == bool(page.mended)
