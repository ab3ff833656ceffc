"""Each operation: the foretold shape is the actual one, and its code computes what is expected and the oracle means."""

from __future__ import annotations

from typing import Any

import pytest

from sharedsl.ops import GROUPS, OPS
from sharedsl.runtime.operations import OPERATIONS
from tests.ops.draws import close
from tests.ops.elementwise import ELEMENTWISE
from tests.ops.harness import Case, run, same_type
from tests.ops.networks import NETWORKS
from tests.ops.shapes import SHAPES

CASES = [*ELEMENTWISE, *SHAPES, *NETWORKS]
IDS = [f"{case.op}-{at}" for at, case in enumerate(CASES)]


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_operation(case: Case) -> None:
    outcome = run(case.op, case.args, case.settings)
    assert same_type(outcome.value, outcome.type), (outcome.text, outcome.type)
    if case.want is not None:
        wanted = case.want(*case.args, **(case.settings if case.want in OPERATIONS.values() else {}))
        close(outcome.value, wanted)
    if case.code:
        assert outcome.text == case.code


def tuples(value: Any) -> Any:
    return tuple(map(tuples, value)) if isinstance(value, list) else value


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_the_interpreter_agrees(case: Case) -> None:
    """What the oracle takes the operation to mean, written apart from the code above."""
    if case.want is None or case.op == "cast_like":
        return
    settings = {name: tuples(v) for name, v in case.settings.items()}
    meaning = OPERATIONS.get(case.op)
    if meaning is None:
        pytest.skip("the interpreter does not know it")
    close(run(case.op, case.args, case.settings).value, meaning(*case.args, **settings))


def test_every_operation_has_a_case_and_a_doc() -> None:
    assert set(OPS) == {case.op for case in CASES}
    assert sum(len(group) for _, group in GROUPS) == len(OPS)
    assert all(operation.doc for operation in OPS.values())
