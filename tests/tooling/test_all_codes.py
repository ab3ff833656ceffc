"""Every code, of errors and of lint rules, is explained, has its place in the docs, and is never used again."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sharedsl.analysis.pipeline import Broken, analyze, compile_build
from sharedsl.diagnostics.codes import pages
from sharedsl.diagnostics.docs import page
from sharedsl.lint.rules import all_rules
from sharedsl.source import SourceFile
from tests.cli.conftest import Run, run  # noqa: F401

ROOT = Path(__file__).parents[2]
EVER = [
    line
    for line in (ROOT / "tests/tooling/data/codes.txt").read_text().splitlines()
    if line and not line.startswith("#")
]
ALL = {**pages(), **{code: rule.page for code, rule in all_rules().items()}}


def test_codes_are_only_added() -> None:
    assert len(EVER) == len(set(EVER)), "a code stands there twice"
    gone = [code for code in EVER if code not in ALL]
    new = [code for code in ALL if code not in EVER]
    assert not gone, f"{gone}: a code keeps its page for ever"
    assert not new, f"append {new} to tests/tooling/data/codes.txt"


def test_the_page_is_current() -> None:
    text = (ROOT / "docs" / "codes.md").read_text(encoding="utf-8")
    assert text == page(), "python -m sharedsl.diagnostics.docs > docs/codes.md"


@pytest.mark.parametrize("code", sorted(ALL))
def test_a_code_has_its_heading_in_the_docs(code: str) -> None:
    """`docs/codes.md#CODE` or `docs/lints.md#CODE` is what a message links to."""
    name = "codes.md" if code in pages() else "lints.md"
    headings = re.findall(r"^#+ `?([\w-]+)`?", (ROOT / "docs" / name).read_text(encoding="utf-8"), re.MULTILINE)
    assert headings.count(code) == 1


@pytest.mark.parametrize("code", sorted(ALL))
def test_a_code_is_explained(run: Run, code: str) -> None:  # noqa: F811
    found = run("explain", code)
    assert found.code == 0 and found.out.startswith(f"{code}: {ALL[code].title}")
    assert ("gives it:" in found.out) == bool(ALL[code].failing)


@pytest.mark.parametrize("code", sorted(code for code in pages() if not pages()[code].failing))
def test_what_one_file_cannot_show_is_shown_elsewhere(code: str) -> None:
    corpus = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "tests" / "corpus").glob("*.sdsl")))
    tests = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "tests").rglob("test_*.py")))
    assert f"[{code}]" in corpus + tests or f'"{code}"' in tests, f"{code} is given by no test"


def test_an_unknown_build() -> None:
    analysis = analyze(SourceFile("a.sdsl", "model M(n = 2) {\n  layer a = Linear(n, n)\n}\nbuild Small = M()\n"))
    with pytest.raises(Broken) as refused:
        compile_build(analysis, "Smal")
    assert [each.code for each in refused.value.diagnostics] == ["unknown-build"]
    assert refused.value.diagnostics[0].fixes


def test_mended_examples_stay_clean() -> None:
    for code, each in pages().items():
        if each.mended:
            assert analyze(SourceFile("mended.sdsl", each.mended)).diagnostics == (), code
