"""Mistakes made on purpose are reported where they are, once, and most of them with a mend.

The committed corpus has five mistakes in each of a hundred specs. Those that can be told from the text stand in it all
at once; those of values (shapes, kinds, what is missing) each alone, for of what depends on a mistake nothing is said.
What counts as a mistake: a change after which `check` finds more than a broken budget; that the others are legal
programs is tested too, by making their modules.
"""

from __future__ import annotations

import random

import pytest

from sharedsl.analysis.pipeline import analyze, compile_build
from sharedsl.runtime.source import source_of
from sharedsl.source import SourceFile
from tests.tooling.measure import Figures, corpus, files, measure
from tests.tooling.mutations import KINDS, _one, apply, by_lines, is_mistake

CORPUS = corpus()


def figures(names: list) -> Figures:  # type: ignore[type-arg]
    found = Figures()
    for path in names:
        found.add(measure(path, CORPUS[path]))
    return found


def test_the_corpus_is_large_and_varied() -> None:
    made = [each for entries in CORPUS.values() for each in entries]
    assert len(made) >= 300
    assert len({each.kind for each in made}) >= 8
    assert {each.kind for each in made} <= set(KINDS)
    assert len([path for path, entries in CORPUS.items() if len(entries) == 5]) >= 60


def test_a_sample() -> None:
    done = figures(random.Random(0).sample(sorted(CORPUS), 12)).summary()
    assert done["found"] >= 0.93 and done["spurious"] <= 1 and done["reports each"] <= 1.2, done


@pytest.mark.slow
def test_the_whole_corpus() -> None:
    found = figures(sorted(CORPUS))
    done, notes = found.summary(), "\n".join(found.notes)
    assert done["mistakes"] >= 300
    assert done["found"] >= 0.97, notes
    assert done["spurious"] == 0, notes
    assert done["reports each"] <= 1.1, notes
    assert done["with a fix"] >= 0.75, notes


@pytest.mark.slow
def test_what_is_no_mistake_is_another_program() -> None:
    """A change that is drawn again because `check` finds nothing can be compiled."""
    draw = random.Random(1)
    legal = 0
    for path in files():
        text = path.read_text(encoding="utf-8")
        kind = draw.choice(["delete a line", "wrong shape", "leave out an argument", "misspell a declaration"])
        candidate = _one(kind, by_lines(text), text.split("\n"), draw)
        if candidate is None or is_mistake(text, str(path), candidate):
            continue
        analysis = analyze(SourceFile(str(path), apply(text, [candidate])[0]))
        if analysis.failed or not analysis.builds:  # a broken budget
            continue
        legal += 1
        compile(source_of(compile_build(analysis, next(iter(analysis.builds)))), "module", "exec")
    assert legal >= 5
