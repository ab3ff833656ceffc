"""Nothing that anybody writes makes the compiler fail: it answers with diagnostics, soon, and within its memory."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from random import Random
from typing import Any

import pytest

from sharedsl.diagnostics import Diagnostic
from sharedsl.source import SourceFile
from sharedsl.syntax import decode_source
from tests.compiled import ROOT, problems
from tests.corpus.extremes import EXTREMES
from tests.corpus.fuzz import mutated, random_bytes, rearranged, specs

SECONDS = 2.0
MEGABYTES = 500


def check(text: str, path: str) -> None:
    """The text is analysed in time (on a busy machine the second try counts), and diagnostics stand inside of it."""
    for last in (False, True):
        began = time.process_time()
        try:
            found = problems(text, path)
        except Exception as crash:
            raise AssertionError(f"{type(crash).__name__}: {crash}\n--- the spec:\n{text}") from crash
        seconds = time.process_time() - began
        if seconds < SECONDS:
            break
        assert not last, f"{seconds} seconds\n{text}"
    for each in found:
        assert each.code and each.message, each
        for label in each.labels:
            assert 0 <= label.span.start <= label.span.end, each
            if label.span.path == path:
                assert label.span.end <= len(text), each


def fuzz(seeds: range) -> None:
    library = specs()
    for seed in seeds:
        random = Random(seed)
        path, text = library[seed % len(library)]
        check((mutated if random.random() < 0.8 else rearranged)(text, random), path)


@pytest.mark.parametrize("part", range(6))
def test_mutations(part: int) -> None:
    fuzz(range(part * 50, part * 50 + 50))


@pytest.mark.slow
@pytest.mark.parametrize("part", range(10))
def test_more_mutations(part: int) -> None:
    fuzz(range(1000 + part * 300, 1300 + part * 300))


def test_random_bytes() -> None:
    for seed in range(60):
        source = decode_source("noise.sdsl", random_bytes(Random(seed)))
        assert isinstance(source, Diagnostic | SourceFile)
        if isinstance(source, SourceFile):
            check(source.text, "noise.sdsl")
        check(random_bytes(Random(seed)).decode("latin-1"), "noise.sdsl")


def probe(name: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.corpus.probe", name]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def test_blanks_at_the_end_are_nothing() -> None:
    text = "model M(dim = 2) {\n  forward(x: float[B, dim]) -> float[B, dim] { return x }\n}"
    for end in ("", " ", "\t ", "\r", "\n ", " \r\n\t"):
        assert problems(text + end) == []


@pytest.mark.parametrize("name", EXTREMES)
def test_extremes(name: str) -> None:
    """Each in a process of its own, so that its memory can be told."""
    cost = probe(name)
    if cost["seconds"] >= SECONDS:
        cost = probe(name)
    assert cost["seconds"] < SECONDS, cost
    assert cost["megabytes"] < MEGABYTES, cost
