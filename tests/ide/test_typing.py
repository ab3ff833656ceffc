"""Specs typed letter by letter: every request has an answer at every step."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from sharedsl.ide.workspace import Workspace
from tests.ide.asking import ask_everything

SPECS = Path(__file__).parents[2] / "specs"
ALL = sorted(SPECS.rglob("*.sdsl"))


def typed(path: Path, steps: list[int]) -> None:
    text = path.read_text(encoding="utf-8")
    workspace, name = Workspace(), str(path)
    for end in steps:
        workspace.put(name, text[:end])
        ask_everything(workspace, name, end)


@pytest.mark.parametrize("seed", range(6))
def test_a_sample_of_what_is_typed(seed: int) -> None:
    rng = random.Random(seed)
    path = rng.choice(ALL)
    length = len(path.read_text(encoding="utf-8"))
    begin = rng.randrange(max(1, length - 60))
    typed(path, [*range(begin, min(begin + 12, length)), length])


@pytest.mark.parametrize("seed", range(6))
def test_a_letter_typed_in_the_middle(seed: int) -> None:
    rng = random.Random(seed)
    path = rng.choice(ALL)
    text = path.read_text(encoding="utf-8")
    workspace, name = Workspace(), str(path)
    for letter in 'x .([{\n="':
        at = rng.randrange(len(text))
        workspace.put(name, text[:at] + letter + text[at:])
        ask_everything(workspace, name, at + 1)


@pytest.mark.slow
@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_every_spec_letter_by_letter(path: Path) -> None:
    typed(path, list(range(1, len(path.read_text(encoding="utf-8")) + 1)))
