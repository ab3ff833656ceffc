"""The real solver against the one that works element by element, on random plans."""

from __future__ import annotations

import os
from collections import Counter
from math import prod
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sharedsl.model.sites import declared, show
from tests.sharing.evaluate import storages, value
from tests.sharing.plans import plans, tables, text, toy
from tests.sharing.reference import Contradiction, Reference

MODEL = toy()
EXAMPLES = int(os.environ.get("SHAREDSL_EXAMPLES", "150"))
#: what the real solver refuses and the elements do not mind: cuts that are no boxes, storages that are read in part
STRICTER = {"not-a-box", "not-whole-storage", "two-along", "two-definitions", "factor-unknown"}
SETTINGS = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="SHAREDSL_EXAMPLES" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
seen: Counter[str] = Counter()


def resting(solved: Any) -> list[Any]:
    """Random storages with the private parts at rest: a site reads its base."""
    out = storages(solved, seed=7)
    for number, storage in enumerate(solved.storages):
        if storage.role in ("lora", "diagonal"):
            out[number] = out[number] * 0
        elif storage.role == "scale":
            out[number] = out[number] * 0 + 1
    return out


def compare(lines: list[Any], folds: dict[str, int]) -> str:
    """What came of a plan: "solved", or why not."""
    result = MODEL.solve("\n".join(map(text, lines)))
    codes = set(result.codes)
    reference = Reference(*tables(MODEL, folds))
    try:
        wanted = reference.solve(lines)
    except Contradiction as problem:
        assert codes, f"the elements contradict each other ({problem.code}), and the solver sees nothing wrong"
        return problem.code
    if codes:
        told = "\n".join(f"{d.code}: {d.message}" for d in result.diagnostics)
        assert codes & STRICTER, f"the solver refuses what has a solution:\n{told}"
        return sorted(codes)[0]
    solved = result.solved
    assert sum(prod(s.shape) for s in solved.storages) == wanted
    given = resting(solved)
    values = {}
    counts: Counter[str] = Counter()
    for site, expr in zip(solved.sites, solved.reads, strict=True):
        path = show(declared(site.path))
        values[path, counts[path]] = value(expr, given)
        counts[path] += 1
    reference.holds(values)
    return "solved"


@SETTINGS
@given(plans())
def test_real_solver_and_elements_agree(plan: Any) -> None:
    lines, folds = plan
    seen[compare(lines, folds)] += 1
    for line in lines:
        seen[line[0]] += 1


@SETTINGS
@given(plans(), st.randoms(use_true_random=False))
def test_order_and_repetition_of_lines_mean_nothing(plan: Any, random: Any) -> None:
    lines, _ = plan
    one = MODEL.solve("\n".join(map(text, lines)))
    other = lines + lines[: len(lines) // 2 + 1]
    random.shuffle(other)
    two = MODEL.solve("\n".join(map(text, other)))
    assert sorted(set(one.codes)) == sorted(set(two.codes))
    if not one.codes:
        assert bare(one.solved) == bare(two.solved)


def bare(solved: Any) -> Any:
    """A solved plan without the places of its lines."""
    rows = [(s.owner, s.name, s.site, s.shape, s.init, s.role, s.trainable) for s in solved.storages]
    return rows, solved.reads, solved.private


def test_every_kind_of_outcome_was_met() -> None:
    """Runs after the random plans of this file: they reach every relation and both sides of most contradictions."""
    if not seen:
        return
    assert seen["solved"] > min(EXAMPLES, 150) // 4, seen
    for kind in ("tie", "across", "along", "factorize", "basis", "fold", "self-view", "private-but-equal"):
        assert seen[kind], (kind, seen)
