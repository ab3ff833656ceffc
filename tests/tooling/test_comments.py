"""A comment keeps its place: the token that it stands behind, or the line that it stands above, at every gap."""

from __future__ import annotations

import pytest

from sharedsl.formatting import format_source
from sharedsl.source import SourceFile
from sharedsl.syntax import parse
from sharedsl.syntax.lexer import find_comments, tokenize
from tests.cli.conftest import SPEC


def owners(text: str) -> list[tuple[str, int]]:
    """Each comment with the number of tokens before it, newlines and commas that the style may drop not counted."""
    tokens = [token for token in tokenize(text, "x")[0] if token.type not in ("_NL", "COMMA")]
    return [
        (text[start:end].rstrip(), sum(token.end <= start for token in tokens)) for start, end in find_comments(text)
    ]


GAPS = sorted({token.end for token in tokenize(SPEC, "x")[0]} | {token.start for token in tokenize(SPEC, "x")[0]})


@pytest.mark.parametrize("shape", ["  # here\n", "\n# here\n", "\n\n    # here\n\n"], ids=["behind", "above", "apart"])
def test_every_gap(shape: str) -> None:
    tree = parse(SourceFile("x", SPEC))[0]
    kept = 0
    for at in GAPS:
        text = SPEC[:at] + shape + SPEC[at:]
        again, problems = parse(SourceFile("x", text))
        if problems or again != tree:
            continue  # a line may not be broken here
        kept += 1
        done = format_source(SourceFile("x", text))
        assert not done.diagnostics
        assert owners(done.text) == owners(text), text[max(0, at - 40) : at + 40]
        assert format_source(SourceFile("x", done.text)).text == done.text
    assert kept >= 30
