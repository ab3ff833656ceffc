"""What editors tell of words agrees with the compiler: each word that it knows has an explanation, and no other."""

from __future__ import annotations

from sharedsl.comptime import builtins
from sharedsl.ide import docs, words
from sharedsl.sharing.building import CALLS
from sharedsl.sharing.gathers import CALLS as ARITHMETIC
from sharedsl.sharing.private import ADAPTATIONS, PARTS
from sharedsl.sharing.tensor_specs import TAKES


def test_functions_of_plans() -> None:
    assert set(CALLS) | {"hash"} == set(words.VIEWS)
    assert set(ARITHMETIC) <= {*words.VIEWS, *words.COMPTIME}


def test_functions_of_the_compiler() -> None:
    assert set(builtins.FUNCTIONS) == set(words.COMPTIME)


def test_forms() -> None:
    assert {*TAKES, "basis", "bank"} == set(words.FORMS)
    assert all(set(words.FORMS[name].takes) == set(takes) for name, takes in TAKES.items())


def test_private_parts() -> None:
    assert {*PARTS, *ADAPTATIONS, "adapter", "step_embedding"} == set(docs.PARTS)
    taken = {name for takes in (*PARTS.values(), *ADAPTATIONS.values()) for name in takes}
    assert taken <= set(words.ARGUMENTS)
