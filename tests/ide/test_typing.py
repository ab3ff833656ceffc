"""Specs typed letter by letter: every request has an answer at every step, soon, and the same as if read anew."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from sharedsl.ide.workspace import Workspace
from tests.ide.asking import answers, ask_at_once, ask_everything

pytestmark = pytest.mark.usefixtures("no_collections")

ROOT = Path(__file__).parents[2]
ALL = sorted((*(ROOT / "specs").rglob("*.sdsl"), *(ROOT / "sharedsl" / "std").glob("*.sdsl")))
#: of the letters typed, one in so many is followed by lint and by a rename that is proven to change nothing
PAUSE = 16
#: one in so many is compared with a document that was opened as it is then
COMPARED = 400
#: seconds of the processor that all requests after one letter may take together
SOON = 1.0


def typed(path: Path, ends: Iterable[int]) -> None:
    """Types a spec: after each step it is the text up to one of these places."""
    text = path.read_text(encoding="utf-8")
    workspace, name = Workspace(), str(path)
    for end in ends:
        begin = time.process_time()
        workspace.put(name, text[:end])
        ask = ask_everything if end % PAUSE == 0 or end == len(text) else ask_at_once
        ask(workspace, name, end)
        taken = time.process_time() - begin
        assert taken < SOON, f"{taken:.2f} s after {text[max(0, end - 40) : end]!r}"
        if end % COMPARED == 0 or end == len(text):
            same_as_opened(workspace, name, text[:end])


def same_as_opened(workspace: Workspace, name: str, text: str) -> None:
    fresh = Workspace()
    fresh.put(name, text)
    found, wanted = answers(workspace, name), answers(fresh, name)
    for what in wanted:
        assert found[what] == wanted[what], (what, text[-40:])


def cuts(path: Path) -> list[int]:
    """A run of letters anywhere in a spec, and its end."""
    rng, length = random.Random(path.stem), len(path.read_text(encoding="utf-8"))
    begin = rng.randrange(length)
    return [*range(begin + 1, min(begin + 6, length)), length]


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_a_few_letters_of_every_spec(path: Path) -> None:
    typed(path, cuts(path))


@pytest.mark.parametrize("seed", range(4))
def test_a_letter_typed_in_the_middle(seed: int) -> None:
    rng = random.Random(seed)
    path = rng.choice(ALL)
    text = path.read_text(encoding="utf-8")
    workspace, name = Workspace(), str(path)
    for letter in 'x .([{\n="':
        at = rng.randrange(len(text))
        workspace.put(name, text[:at] + letter + text[at:])
        ask_everything(workspace, name, at + 1)
        same_as_opened(workspace, name, text[:at] + letter + text[at:])


@pytest.mark.slow
@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_every_spec_letter_by_letter(path: Path) -> None:
    typed(path, range(1, len(path.read_text(encoding="utf-8")) + 1))
