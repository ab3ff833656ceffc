"""The documentation is true: its examples compile, its generated pages are current, its links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sharedsl.analysis.pipeline import analyze, compile_build
from sharedsl.layers.docs import layers_markdown
from sharedsl.runtime.source import source_of
from sharedsl.source import SourceFile
from tests.compiled import ROOT, problems

_FENCE = re.compile(r"^```sdsl\n(.*?)^```", re.MULTILINE | re.DOTALL)
_PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
_PLAN = re.compile(r"^sharing (\w+) of (\w+)", re.MULTILINE)
_CODE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
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
        builds = [f"build Of_{name} = {model}() with {name}" for name, model in _PLAN.findall(fence)]
        assert builds
        text = "\n".join([fence, *builds]) + "\n"  # each plan applied, not only read
        found = [(each.code, each.message) for each in problems(text, "readme.sdsl")]
        assert not found, f"{found}\n{fence}"


def test_the_readme_shows_what_the_compiler_writes() -> None:
    """Beside the spec stands its module, shortened: the lines between `# ...` are the compiler's, in its order."""
    readme = (ROOT / "README.md").read_text()
    (spec, *_), (shown, *_) = _FENCE.findall(readme), _PYTHON.findall(readme)
    analysis = analyze(SourceFile("tiny.sdsl", spec))
    emitted = iter(source_of(compile_build(analysis, "TinyLm")).splitlines())
    for line in shown.splitlines():
        if line.strip() and not line.strip().startswith("# ..."):
            assert line in emitted, f"not in the module, or not in this place: {line}"


def test_layers_page_is_current() -> None:
    assert (ROOT / "docs" / "layers.md").read_text() == layers_markdown()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    dead = [
        link for link in _LINK.findall(_CODE.sub("", page.read_text()))
        if "://" not in link and not (page.parent / link).resolve().exists()
    ]  # fmt: skip
    assert not dead
