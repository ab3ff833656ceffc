"""Every state of the parse table says in words what may stand there: truly, wholly, and not with a list of tokens."""

from __future__ import annotations

import re

import pytest

from sharedsl.syntax.expectation import MOST, OPERATORS, SINGLE, expectation, phrase_of, said
from sharedsl.syntax.parser import Machine
from sharedsl.syntax.repair import acceptable
from sharedsl.syntax.table import load_table

TABLE = load_table()
STATES = range(len(TABLE.states))
KINDS = {**TABLE.words, **TABLE.marks}


def shortest_stacks() -> dict[int, list[int]]:
    """For each state the shortest stack that has it on top."""
    found = {TABLE.start_state: [TABLE.start_state]}
    queue = [TABLE.start_state]
    for state in queue:
        for act in TABLE.states[state].values():
            if act >= 0 and act not in found:
                found[act] = [*found[state], act]
                queue.append(act)
    return found


STACKS = shortest_stacks()


def fitting(state: int) -> set[str]:
    machine = Machine("x", [])
    machine.states = STACKS[state]
    return acceptable(machine)


def test_every_state_can_be_reached() -> None:
    assert set(STACKS) == set(STATES) and len(STATES) > 500


@pytest.mark.parametrize("state", [state for state in STATES if state != TABLE.end_state])
def test_a_state_says_what_fits(state: int) -> None:
    kinds = fitting(state)
    text = expectation(kinds)
    assert kinds, "a stack on which nothing fits"
    assert text != "nothing more" and "_" not in re.sub(r"`[^`]*`", "", text) and len(text) < 100
    for token in re.findall(r"`([^`]+)`", text):
        if token != "<=":
            assert KINDS[token] in kinds or token == "...", f"{token} does not fit: {text}"
    phrase = phrase_of(kinds)
    missing = kinds - OPERATORS - {"$END"} - (phrase.says if phrase is not None else set())
    missing = {kind for kind in missing if SINGLE.get(kind, kind) not in said(kinds)}
    assert not missing, f"{missing} is not said: {text}"
    assert len(said(kinds)) <= MOST


def test_the_sentences_differ() -> None:
    """They are made for their places: there are many of them, and none serves half of the states."""
    texts = [expectation(fitting(state)) for state in STATES if state != TABLE.end_state]
    assert len(set(texts)) >= 60
    assert max(texts.count(text) for text in set(texts)) < len(texts) / 3
