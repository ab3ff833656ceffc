"""Every snippet of the page of methods compiles by itself, with each of its plans applied to its model."""

from __future__ import annotations

import re

import pytest

from tests.compiled import ROOT, problems
from tests.docs.contents import anchor, contents, present

PAGE = ROOT / "docs" / "methods.md"
_FENCE = re.compile(r"^```sdsl\n(.*?)^```", re.MULTILINE | re.DOTALL)
_PLAN = re.compile(r"^sharing (\w+)(?:\([^)]*\))? of (\w+)", re.MULTILINE)
ENTRIES = [
    (f"{part.splitlines()[0]} {number}", fence)
    for part in re.split(r"^### ", PAGE.read_text(), flags=re.MULTILINE)[1:]
    for number, fence in enumerate(_FENCE.findall(part))
]


def applied(fence: str) -> str:
    """The snippet and a build of each of its plans."""
    builds = [f"build Of_{name} = {model}() with {name}" for name, model in _PLAN.findall(fence)]
    return "\n".join([fence, *builds]) + "\n"


@pytest.mark.parametrize("fence", [fence for _, fence in ENTRIES], ids=[title for title, _ in ENTRIES])
def test_snippet(fence: str) -> None:
    text = applied(fence)
    assert re.search(r"^build ", text, re.MULTILINE), "a snippet says a plan or a build"
    found = [(each.code, each.message) for each in problems(text, str(ROOT / "methods.sdsl"))]
    assert not found, f"{found}\n{fence}"


def test_every_snippet_is_tested() -> None:
    assert len(ENTRIES) == PAGE.read_text().count("```sdsl") >= 30


def test_every_entry_has_a_snippet() -> None:
    for part in re.split(r"^### ", PAGE.read_text(), flags=re.MULTILINE)[1:]:
        assert _FENCE.search(part), part.splitlines()[0]


METHODS = re.findall(r"^### (.*\n(?:(?!##).*\n)*)", _FENCE.sub("", PAGE.read_text()), re.MULTILINE)


def test_table_of_contents_is_current() -> None:
    """`make docs` writes it anew."""
    page = PAGE.read_text()
    assert present(page) == contents(page)


@pytest.mark.parametrize("part", METHODS, ids=[part.splitlines()[0] for part in METHODS])
def test_an_entry_says_all_that_a_reader_asks(part: str) -> None:
    """What it saves, when to use it and when not, and where a whole model is; and it is short."""
    for wanted in (r"\*\*Count\*\*", r"\*\*Use\b", r"\*\*Not\*\*", r"\]\(\.\./specs/"):
        assert re.search(wanted, part), wanted
    assert len(part.split()) <= 140


def test_links_within_the_page_lead_somewhere() -> None:
    page = PAGE.read_text()
    known = {anchor(title) for title in re.findall(r"^###? (.*)$", _FENCE.sub("", page), re.MULTILINE)}
    assert set(re.findall(r"\]\(#([^)]*)\)", page)) <= known
