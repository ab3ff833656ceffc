"""The documentation is true: its examples compile, its generated pages are current, its links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sharedsl.layers.docs import layers_markdown
from tests.compiled import ROOT, problems

_FENCE = re.compile(r"^```sdsl\n(.*?)^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def sections(text: str) -> list[tuple[str, list[str]]]:
    """Each `##` section's title and its examples, in which `##` begins a comment."""
    outside = _FENCE.sub(lambda fence: fence.group().replace("\n##", "\n\0##"), text)
    parts = re.split(r"^## ", outside, flags=re.MULTILINE)
    found = [(part.split("\n", 1)[0], _FENCE.findall(part.replace("\0", ""))) for part in parts[1:]]
    return [(title, fences) for title, fences in found if fences]


LANGUAGE = sections((ROOT / "docs" / "language.md").read_text())


@pytest.mark.parametrize(("title", "fences"), LANGUAGE, ids=[title for title, _ in LANGUAGE])
def test_examples_of_the_language(title: str, fences: list[str]) -> None:
    """The examples of one section stand in one file, which is clean after each of them."""
    text = ""
    for fence in fences:
        text += fence + "\n"
        found = [(each.code, each.message) for each in problems(text, "docs.sdsl")]
        assert not found, f"{found}\n{fence}"


def test_every_section_with_code_is_tested() -> None:
    text = (ROOT / "docs" / "language.md").read_text()
    assert sum(len(fences) for _, fences in LANGUAGE) == text.count("```sdsl") >= 10


def test_examples_of_the_readme() -> None:
    fences = _FENCE.findall((ROOT / "README.md").read_text())
    assert fences
    for fence in fences:
        found = [(each.code, each.message) for each in problems(fence, "readme.sdsl")]
        assert not found, f"{found}\n{fence}"


def test_layers_page_is_current() -> None:
    assert (ROOT / "docs" / "layers.md").read_text() == layers_markdown()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    dead = [
        link for link in _LINK.findall(page.read_text())
        if "://" not in link and not (page.parent / link).resolve().exists()
    ]  # fmt: skip
    assert not dead
