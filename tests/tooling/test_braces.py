"""A brace left out is one mistake: `{` of any header is put back by the fix, `}` of any body is two reports at most."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from sharedsl.analysis.pipeline import analyze
from sharedsl.diagnostics import Diagnostic
from sharedsl.lint import apply
from sharedsl.source import SourceFile
from sharedsl.syntax.lexer import tokenize

ROOT = Path(__file__).parents[2]
SPECS = sorted([*(ROOT / "specs").rglob("*.sdsl"), *(ROOT / "sharedsl" / "std").glob("*.sdsl")])
#: a selector's brace stands at a word, a body's has blanks on its inner side


def errors(text: str, path: Path) -> list[Diagnostic]:
    return [each for each in analyze(SourceFile(str(path), text)).diagnostics if each.severity == "error"]


def braces(text: str) -> tuple[list[int], list[int]]:
    """Where the bodies' braces are: opening ones, closing ones."""
    opened: list[tuple[int, bool]] = []
    opening, closing = [], []
    for token in tokenize(text, "x")[0]:
        if token.text == "{":
            is_body = text[token.end : token.end + 1].isspace() or text[token.end : token.end + 1] == "}"
            opened.append((token.start, is_body))
            if is_body and not text[: token.start].rstrip().endswith('"'):
                opening.append(token.start)
        elif token.text == "}" and opened:
            if opened.pop()[1]:
                closing.append(token.start)
    return opening, closing


def missing_opening(path: Path, most: int) -> None:
    text = path.read_text(encoding="utf-8")
    if errors(text, path):
        pytest.skip("the spec is being written")
    places = braces(text)[0]
    for at in random.Random(str(path.name)).sample(places, min(most, len(places))):
        broken = text[:at] + text[at + 1 :]
        found = errors(broken, path)
        context = text[max(0, at - 80) : at + 30]
        assert len(found) == 1, (context, [each.message for each in found])
        assert found[0].fixes, (context, found[0].message)
        mended, count = apply(broken, str(path), found, unsafe=True)
        assert count == 1 and not errors(mended, path), (context, mended[max(0, at - 80) : at + 40])


def missing_closing(path: Path, most: int) -> None:
    text = path.read_text(encoding="utf-8")
    if errors(text, path):
        pytest.skip("the spec is being written")
    places = braces(text)[1]
    for at in random.Random(str(path.name)).sample(places, min(most, len(places))):
        found = errors(text[:at] + text[at + 1 :], path)
        assert 1 <= len(found) <= 2, (text[max(0, at - 80) : at + 30], [each.message for each in found])


def short(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SPECS[::8], ids=short)
def test_some(path: Path) -> None:
    missing_opening(path, 3)
    missing_closing(path, 3)


@pytest.mark.slow
@pytest.mark.parametrize("path", SPECS, ids=short)
def test_every_opening_brace(path: Path) -> None:
    missing_opening(path, 1000)


@pytest.mark.slow
@pytest.mark.parametrize("path", SPECS, ids=short)
def test_every_closing_brace(path: Path) -> None:
    missing_closing(path, 1000)
