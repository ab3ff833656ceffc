"""Seeded mistakes in what gathers, contractions, adaptations, reused values, loops, scans and buffers become."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sharedsl.analysis.pipeline import Compiled, compile_build
from sharedsl.model import weights as w
from sharedsl.model.sites import show
from sharedsl.model.sizes import Arith, literal
from sharedsl.record import replace
from sharedsl.runtime.source import source_of
from sharedsl.runtime.verify import verify
from tests.compiled import analysis
from tests.runtime.specs import RUNNER
from tests.runtime.test_mutants import fails

WHOLE = analysis(RUNNER)
CORE = "core.weight"


def built(name: str) -> Compiled:
    return compile_build(WHOLE, name)


def changed(expr: w.Expr, kind: type, change: Callable[[Any], w.Expr]) -> w.Expr:
    """`change` where a node of `kind` stands in an expression, wherever that is."""
    if isinstance(expr, kind):
        return change(expr)
    if isinstance(expr, w.Add | w.Concat | w.Contract):
        return replace(expr, parts=tuple(changed(part, kind, change) for part in expr.parts))
    if isinstance(expr, w.MatMul | w.Multiply):
        return replace(expr, left=changed(expr.left, kind, change), right=changed(expr.right, kind, change))
    return replace(expr, of=changed(expr.of, kind, change)) if hasattr(expr, "of") else expr


def mutant(name: str, path: str, kind: type, change: Callable[[Any], w.Expr]) -> Compiled:
    """The build with another expression at one site."""
    compiled = built(name)
    solved = compiled.solved
    reads = tuple(
        changed(read, kind, change) if show(each.path) == path else read
        for each, read in zip(solved.sites, solved.reads, strict=True)
    )
    assert reads != solved.reads, "the mutant differs"
    return replace(compiled, solved=replace(solved, reads=reads))


def index_off_by_one() -> Compiled:
    def moved(expr: w.Gather) -> w.Expr:
        (index,) = expr.index
        return replace(expr, index=(Arith("%", (Arith("+", (index, literal(1))), literal(expr.of.shape[0]))),))

    return mutant("Turned", CORE, w.Gather, moved)


def index_transposed() -> Compiled:
    return mutant("Turned", CORE, w.Gather, lambda expr: w.Permute(expr, (1, 0), tuple(reversed(expr.shape))))


def sign_left_out() -> Compiled:
    return mutant("HashedIn", CORE, w.Gather, lambda expr: replace(expr, sign=None))


def contraction_transposed(name: str) -> Compiled:
    def turned(expr: w.Contract) -> w.Expr:
        first, second, *rest = expr.result
        if expr.shape[0] != expr.shape[1]:
            first, second, rest = first, rest[0], [second, *rest[1:]]
        return replace(expr, result="".join((second, first, *rest)))

    return mutant(name, CORE, w.Contract, turned)


def factor_of_another_place() -> Compiled:
    """The left factors of a Kronecker sum read last to first."""

    def flipped(expr: w.Contract) -> w.Expr:
        left, *others = expr.parts
        return replace(expr, parts=(w.Flip(left, 0, left.shape), *others))

    return mutant("Kronecker", CORE, w.Contract, flipped)


def core_of_a_train_turned() -> Compiled:
    def flipped(expr: w.Contract) -> w.Expr:
        *others, last = expr.parts
        return replace(expr, parts=(*others, w.Flip(last, 1, last.shape)))

    return mutant("Train", "embed.weight", w.Contract, flipped)


def correction_not_scaled() -> Compiled:
    return mutant("Lora", CORE, w.Scale, lambda expr: expr.of)


def correction_scaled_the_other_way() -> Compiled:
    return mutant("Lora", CORE, w.Scale, lambda expr: replace(expr, factor=1 / 3, code=literal(1 / 3)))


def rows_not_normalised() -> Compiled:
    return mutant("Dora", CORE, w.Normalize, lambda expr: expr.of)


def columns_normalised() -> Compiled:
    return mutant("Dora", CORE, w.Normalize, lambda expr: replace(expr, axes=(0,)))


def gate_of_another_weight() -> Compiled:
    """One of the two weights with common factors has the other's outer gates."""
    compiled = built("Gated")
    numbers = {(show(each.owner), each.name): each.index for each in compiled.solved.storages}
    mine, other = numbers["core", "weight_lora_outer"], numbers["cell.up", "weight_lora_outer"]
    return mutant(
        "Gated", CORE, w.Read, lambda expr: replace(expr, storage=other if expr.storage == mine else expr.storage)
    )


def base_is_trained() -> Compiled:
    compiled = built("Lora")
    storages = tuple(replace(each, trainable=True) for each in compiled.solved.storages)
    return replace(compiled, solved=replace(compiled.solved, storages=storages))


PLANS: dict[str, Callable[[], Compiled]] = {
    "index off by one": index_off_by_one,
    "index transposed": index_transposed,
    "sign left out": sign_left_out,
    "kronecker transposed": lambda: contraction_transposed("Kronecker"),
    "tucker transposed": lambda: contraction_transposed("Tucker"),
    "monarch transposed": lambda: contraction_transposed("Monarch"),
    "factors in another order": factor_of_another_place,
    "core of a train turned": core_of_a_train_turned,
    "correction not scaled": correction_not_scaled,
    "correction scaled the other way": correction_scaled_the_other_way,
    "rows not normalised": rows_not_normalised,
    "columns normalised": columns_normalised,
    "gate of another weight": gate_of_another_weight,
    "base is trained": base_is_trained,
}

#: build, what its code says, and what it says instead
TEXTS = {
    "one turn too few": ("Turned", "range(steps)", "range(steps - 1)"),
    "one turn too many": ("Turned", "range(steps)", "range(steps + 1)"),
    "the row of another turn": ("Turned", "self.step[t]", "self.step[t - 1]"),
    "one row for all turns": ("Turned", "self.step[t]", "self.step[0]"),
    "state not handed on": (
        "Turned", "h = self.cell(x_t, h)\n            outputs.append(h)", "outputs.append(self.cell(x_t, h))",
    ),
    "from the last step to the first": ("Turned", "in x.unbind(1)", "in x.flip(1).unbind(1)"),
    "another first state": ("Turned", ", 0.5)", ", 0.0)"),
    "one set of statistics for all runs": ("Thrice", "self.body(y, i)", "self.body(y, 0)"),
    "statistics of the wrong run": ("Thrice", "self.body(y, i)", "self.body(y, 2 - i)"),
    "a run too few": ("Thrice", "for i in range(3)", "for i in range(2)"),
    "values of another producer": ("Crossed", "self.layers[2](x, keys_2, values_2)", "self.layers[2](x, keys, values)"),
    "keys for values": ("Two", "layer(x, keys, values)", "layer(x, values, keys)"),
    "keys of one producer, values of another": (
        "Crossed", "self.layers[3](x, keys, values)", "self.layers[3](x, keys, values_2)",
    ),
    "adapter left out": ("Bottleneck", "return self.adapter(h)", "return h"),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANS)
def test_a_mistake_in_an_expression_is_found(name: str) -> None:
    wrong = PLANS[name]()
    fails(verify(built(wrong.name), source=source_of(wrong)))


@pytest.mark.parametrize("name", TEXTS)
def test_a_mistake_in_the_code_is_found(name: str) -> None:
    build, right, wrong = TEXTS[name]
    source = source_of(built(build))
    assert right in source, source
    fails(verify(built(build), source=source.replace(right, wrong)))


def test_the_unmutated_ones_pass() -> None:
    for name in WHOLE.builds:
        report = verify(built(name))
        assert report.ok, str(report)
