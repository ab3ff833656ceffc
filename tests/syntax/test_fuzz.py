"""Any input at all: no exception, no long wait, and offsets that lie in the text."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sharedsl.diagnostics import Diagnostic
from sharedsl.source import SourceFile
from sharedsl.syntax import parse
from sharedsl.syntax.read import decode_source

pytestmark = pytest.mark.usefixtures("no_collections")

SPECS = [path.read_text() for path in sorted((Path(__file__).parent / "data").glob("*.sdsl"))]
TEXT = (
    '{ } ( ) [ ] , . : = |> | -> + * ** @ @3 @* < == \n \n\n " # ## model block sharing build import extern layer'
    " forward return for in if else tie share fold across with on weight init 3 12B 1e99999 x _ \0 é"
)
PIECES = TEXT.split(" ")


def check(text: str) -> None:
    started = time.process_time()
    _, problems = parse(SourceFile("x", text))
    assert time.process_time() - started < 2
    for problem in problems:
        for label in problem.labels:
            assert 0 <= label.span.start <= label.span.end <= len(text)
        for fix in problem.fixes:
            for edit in fix.edits:
                assert 0 <= edit.span.start <= edit.span.end <= len(text)


@given(st.binary(max_size=300))
@settings(deadline=None, max_examples=100)
def test_bytes(data: bytes) -> None:
    source = decode_source("x", data)
    if not isinstance(source, Diagnostic):
        check(source.text)


@given(st.text(max_size=200))
@settings(deadline=None, max_examples=100)
def test_text(text: str) -> None:
    check(text)


@given(st.lists(st.sampled_from(PIECES), max_size=60).map(" ".join))
@settings(deadline=None, max_examples=300)
def test_tokens(text: str) -> None:
    check(text)


def mutated(text: str, chance: random.Random) -> str:
    for _ in range(chance.randint(1, 8)):
        at, length = chance.randrange(len(text) + 1), chance.choice([0, 0, 1, 1, 2, 10, 100])
        put = chance.choice(["", "", chance.choice(PIECES), " ".join(chance.choices(PIECES, k=5)), text[at : at + 50]])
        text = text[:at] + put + text[at + length :]
    return text


@pytest.mark.parametrize("seed", range(20))
def test_mutated_specs(seed: int) -> None:
    chance = random.Random(seed)
    for text in SPECS:
        check(mutated(text, chance))


LARGE = [
    "{" * 50_000,
    "}" * 50_000,
    "model " * 20_000,
    "model A() {\n" * 5_000,
    "a b\n" * 20_000,
    "é " * 20_000,
    "model A() {\n" + "layer\n" * 20_000 + "}",
    "model A() {\n" + "x = (\n" * 20_000,
    '"\n' * 20_000,
    "model A(" + "x = 1, " * 20_000 + ") {}",
    "model A(" + "x y, " * 20_000 + ") {}",
    "(" * 50_000 + "\n" * 50_000,
    "sharing s of A {\n" + "  share * across layers\n" * 8_000 + "}",
    "1" * 100_000,
    "model A() { }\n" * 5_000,
    "build A = B(" + "\nx = (" * 90 + "\n" * 10_000,
    "function f() -> int {\n" + "  if x {\n" * 90 + "  y = 1\n" * 5_000,
]


@pytest.mark.parametrize("text", LARGE, ids=range(len(LARGE)))
def test_large_and_broken(text: str) -> None:
    check(text)
