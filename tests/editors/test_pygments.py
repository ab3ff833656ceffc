"""The Pygments lexer: found by its names, loses no text however broken, and marks what has no meaning."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from pygments.lexers import get_lexer_by_name, get_lexer_for_filename
from pygments.token import Error, Keyword, Literal, Number

from sharedsl.highlight import SharedslLexer
from tests.editors.treesitter import SPECS


@pytest.mark.parametrize("alias", ["sharedsl", "sdsl"])
def test_found_by_name(alias: str) -> None:
    assert type(get_lexer_by_name(alias)) is SharedslLexer
    assert type(get_lexer_for_filename("a.sdsl")) is SharedslLexer


@pytest.mark.parametrize("path", SPECS[::12], ids=lambda path: path.stem)
def test_no_errors_and_no_text_lost(path: Path) -> None:
    text = path.read_text()
    found = list(SharedslLexer().get_tokens_unprocessed(text))
    assert "".join(value for _, _, value in found) == text
    assert all(text[at : at + len(value)] == value and kind is not Error for at, kind, value in found)
    for end in range(0, len(text), 97):  # as it is typed
        assert "".join(value for _, _, value in SharedslLexer().get_tokens_unprocessed(text[:end])) == text[:end]


@pytest.mark.parametrize("text", ["", "}", "(((", '"open', "model é; x", "\0", "layer\r\nlayer x = \u2028", "12x34 ]["])
def test_broken_text(text: str) -> None:
    assert "".join(value for _, _, value in SharedslLexer().get_tokens_unprocessed(text)) == text


def test_what_has_no_meaning_is_an_error() -> None:
    kinds = {value: kind for _, kind, value in SharedslLexer().get_tokens_unprocessed("build B = M() ; 16MB 2.5 true")}
    assert kinds[";"] is Error and kinds["build"] in Keyword
    assert kinds["16"] in Number.Integer and kinds["MB"] is Literal and kinds["2.5"] in Number.Float
    assert kinds["true"] in Keyword.Constant


def test_on_the_command_line() -> None:
    command = [sys.executable, "-m", "pygments", "-l", "sharedsl", "-f", "html", str(SPECS[0])]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert 'class="kd"' in done.stdout and 'class="err"' not in done.stdout
