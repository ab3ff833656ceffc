"""Seeded mistakes of the compiler: what is emitted differs from what the spec means, and `verify` must say so.

Each mutant changes the compiler's product (the solved plan that is handed to the emitter, or the emitted text); the
oracle keeps the right one.
"""

from collections.abc import Callable

import pytest
import torch

from sharedsl.analysis.pipeline import Compiled, compile_build
from sharedsl.model import weights as w
from sharedsl.model.sites import key, show
from sharedsl.model.sizes import literal
from sharedsl.record import replace
from sharedsl.runtime.report import Report
from sharedsl.runtime.source import source_of
from sharedsl.runtime.verify import verify
from tests.compiled import analysis
from tests.runtime.specs import STACK

WHOLE = analysis(STACK)
Change = Callable[[w.Expr], w.Expr]


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def built(name: str) -> Compiled:
    return compile_build(WHOLE, name)


def site(compiled: Compiled, path: str) -> int:
    return next(each.index for each in compiled.solved.sites if show(each.path) == path)


def with_reads(compiled: Compiled, changed: dict[str, w.Expr]) -> Compiled:
    reads = list(compiled.solved.reads)
    for path, expr in changed.items():
        reads[site(compiled, path)] = expr
    return replace(compiled, solved=replace(compiled.solved, reads=tuple(reads)))


def read(compiled: Compiled, path: str) -> w.Expr:
    return compiled.solved.reads[site(compiled, path)]


def mutated(build: str, *paths: str, change: Change) -> Compiled:
    compiled = built(build)
    return with_reads(compiled, {path: change(read(compiled, path)) for path in paths})


def everywhere(expr: w.Expr, kind: type, change: Change) -> w.Expr:
    """`change` where a node of `kind` stands in an expression."""
    if isinstance(expr, kind):
        return change(expr)
    if isinstance(expr, w.Add | w.Concat):
        return replace(expr, parts=tuple(everywhere(part, kind, change) for part in expr.parts))
    if isinstance(expr, w.MatMul):
        return replace(expr, left=everywhere(expr.left, kind, change), right=everywhere(expr.right, kind, change))
    return replace(expr, of=everywhere(expr.of, kind, change)) if hasattr(expr, "of") else expr


# ---------------------------------------------------------------------------- mutants of the plan


def owner_off_by_one() -> Compiled:
    compiled = built("Pairs")
    parts = ("up.weight", "up.bias")
    return with_reads(compiled, {f"layers[1].ffn.{part}": read(compiled, f"layers[2].ffn.{part}") for part in parts})


def two_readers_swapped() -> Compiled:
    compiled = built("Pairs")
    changed = {}
    for part in ("out.weight", "out.bias"):
        one, other = f"layers[1].attn.{part}", f"layers[3].attn.{part}"
        changed |= {one: read(compiled, other), other: read(compiled, one)}
    return with_reads(compiled, changed)


def bias_of_another_layer() -> Compiled:
    compiled = built("Apart")
    return with_reads(compiled, {"layers[2].ffn.down.bias": read(compiled, "layers[1].ffn.down.bias")})


def private_norm_shared() -> Compiled:
    compiled = built("OwnNorms")
    return with_reads(compiled, {"layers[3].norm1.weight": read(compiled, "layers[2].norm1.weight")})


def missing_transpose() -> Compiled:
    return mutated("Turned", "layers[1].ffn.down.weight", change=lambda expr: expr.of)


def dropped_scale() -> Compiled:
    return mutated("Tied", "head.weight", change=lambda expr: expr.of)


def wrong_scale() -> Compiled:
    return mutated("Tied", "head.weight", change=lambda expr: replace(expr, factor=0.25, code=literal(0.25)))


def detached_copy() -> Compiled:
    return mutated("Tied", "head.weight", change=lambda expr: w.Detach(expr, expr.shape))


def wrong_slice() -> Compiled:
    def moved(expr: w.Slice) -> w.Expr:
        return replace(expr, start=expr.start - 1, stop=expr.stop - 1) if expr.start else expr

    return mutated("Sliced", "layers[0].ffn.up.weight", change=lambda expr: everywhere(expr, w.Slice, moved))


def private_part_left_out() -> Compiled:
    return mutated("Relaxed", "layers[2].ffn.up.weight", change=lambda expr: expr.parts[0])


def tiled_not_interleaved() -> Compiled:
    def tiled(expr: w.Repeat) -> w.Expr:
        return w.Concat((expr.of,) * expr.times, expr.axis, expr.shape)

    return mutated("Grouped", "layers[0].attn.k.weight", change=lambda expr: everywhere(expr, w.Repeat, tiled))


def factors_in_the_wrong_order() -> Compiled:
    def swapped(expr: w.MatMul) -> w.Expr:
        left, right = (w.Permute(each, (1, 0), tuple(reversed(each.shape))) for each in (expr.right, expr.left))
        return w.MatMul(left, right, expr.shape)

    return mutated("LowRank", "layers[1].ffn.up.weight", change=lambda expr: everywhere(expr, w.MatMul, swapped))


def coefficients_mixed_up() -> Compiled:
    def mixed(expr: w.Mixture) -> w.Expr:
        return replace(expr, coefficients=w.Flip(expr.coefficients, 0, expr.coefficients.shape))

    return mutated("Bank", "layers[1].ffn.up.weight", change=lambda expr: everywhere(expr, w.Mixture, mixed))


def trained_though_frozen() -> Compiled:
    compiled = built("Frozen")
    storages = tuple(replace(each, trainable=True) for each in compiled.solved.storages)
    return replace(compiled, solved=replace(compiled.solved, storages=storages))


def owner_of_another_name() -> Compiled:
    """Values and gradients would be right; the checkpoint key is not."""
    compiled = built("One")
    path = compiled.solved.sites[site(compiled, "layers[1].ffn.up.weight")].path[:-1]
    storages = tuple(
        replace(each, owner=path) if key(each.owner) == "layers.0.ffn.up" else each for each in compiled.solved.storages
    )
    return replace(compiled, solved=replace(compiled.solved, storages=storages))


PLANS = (
    owner_off_by_one, two_readers_swapped, bias_of_another_layer, private_norm_shared, missing_transpose,
    dropped_scale, wrong_scale, detached_copy, wrong_slice, private_part_left_out,
    tiled_not_interleaved, factors_in_the_wrong_order, coefficients_mixed_up,
    trained_though_frozen, owner_of_another_name,
)  # fmt: skip

#: the build that is meant, and the one whose code is emitted for it
INSTEAD = {
    "one application too few": ("Thrice", "Twice"),
    "one application too many": ("Twice", "Thrice"),
    "another map": ("Pairs", "Cycle"),
    "not reversed": ("Mirror", "Cycle"),
}


def fails(report: Report) -> None:
    """By what is computed, not because the mutant's code does not run."""
    assert not report.ok and "FAILED" in str(report), str(report)
    assert not any("module fails" in each for each in report.problems), str(report)


@pytest.mark.parametrize("mutant", PLANS, ids=lambda each: each.__name__)
def test_a_mistake_in_the_plan_is_found(mutant):
    wrong = mutant()
    right = built(wrong.name)
    assert right.solved != wrong.solved
    fails(verify(right, source=source_of(wrong)))


@pytest.mark.parametrize("name", INSTEAD)
def test_the_code_of_another_build_is_found(name):
    meant, emitted = INSTEAD[name]
    source = source_of(built(emitted)).replace(f"class {emitted}(", f"class {meant}(")
    fails(verify(built(meant), source=source))


def test_the_guilty_tensor_is_named_with_its_readers():
    text = str(verify(built("Tied"), source=source_of(dropped_scale())))
    assert "embed.weight [13, 8]" in text
    assert "read by head.weight = 0.5 * embed.weight" in text
    assert "tie head.weight = 0.5 * embed.weight" in text, "the plan's line"


@pytest.mark.parametrize(
    ("mutant", "keys"),
    [
        (dropped_scale, {"embed.weight"}),
        (private_norm_shared, {"layers.2.norm1.weight", "layers.3.norm1.weight"}),
        (wrong_slice, {"layers.1.ffn.up.weight"}),
        (coefficients_mixed_up, {"layers.1.ffn.up.weight_mix"}),
        (bias_of_another_layer, {"layers.1.ffn.down.bias", "layers.2.ffn.down.bias"}),
        (tiled_not_interleaved, {"layers.0.attn.k.weight"}),
        (detached_copy, set()),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_the_tensors_that_are_read_wrongly_are_found(mutant, keys):
    wrong = mutant()
    assert set(verify(built(wrong.name), source=source_of(wrong)).suspects) == keys


def test_the_unmutated_ones_pass():
    for name in {mutant().name for mutant in PLANS}:
        report = verify(built(name))
        assert report.ok, str(report)
