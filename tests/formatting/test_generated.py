"""Any program with comments anywhere: the same tree, every comment, and nothing left to do the second time."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sharedsl.formatting import format_source
from sharedsl.formatting.comments import Comments
from sharedsl.source import SourceFile
from sharedsl.syntax import ast, parse, print_file
from tests.formatting.sprinkle import sprinkle
from tests.property.specs import random_pair
from tests.syntax import strategies

_settings = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True, database=None)


def check(text: str) -> None:
    tree, problems = parse(SourceFile("x", text))
    assert not problems
    done = format_source(SourceFile("x", text))  # it compares tree and comments itself, and raises
    assert not done.diagnostics
    again, problems = parse(SourceFile("x", done.text))
    assert not problems and again == tree
    assert Comments(done.text).texts() == Comments(text).texts()
    assert format_source(SourceFile("x", done.text)).text == done.text
    assert not any(line != line.rstrip() for line in done.text.split("\n"))


@given(strategies.files, st.integers(0, 2**32))
@settings(_settings, max_examples=150)
def test_trees(file: ast.File, seed: int) -> None:
    check(sprinkle(print_file(file), seed))


@pytest.mark.slow
@given(strategies.files, st.integers(0, 2**32))
@settings(_settings, max_examples=9_000)
def test_many_trees(file: ast.File, seed: int) -> None:
    check(sprinkle(print_file(file), seed))


@pytest.mark.parametrize("seeds", [range(start, start + 50) for start in range(0, 150, 50)], ids=lambda r: str(r[0]))
def test_specs(seeds: range) -> None:
    for seed in seeds:
        check(sprinkle(random_pair(seed).text, seed, 12))


@pytest.mark.slow
def test_many_specs() -> None:
    for seed in range(1_000, 2_000):
        check(sprinkle(random_pair(seed).text, seed, 20))
