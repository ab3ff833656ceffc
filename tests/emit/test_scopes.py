"""Numbers of plans and initialisers are in the model's words: a block's parameter that is spelled alike is another."""

from __future__ import annotations

import ast

import pytest

from sharedsl.analysis.pipeline import compile_build
from sharedsl.runtime.verify import verify
from tests.compiled import analysis, compiled, source
from tests.ide.plain_code import meaning

WIDE = """
block Inner({0}) {{
  layer up   = Linear({0}, {0}, bias = false)
  layer down = Linear({0}, {0})
  init down.weight = normal(std = {0} ** -0.5 / 2)
  forward(x: float[B, {0}]) -> float[B, {0}] {{ return down(relu(up(x))) }}
}}
model M({1} = 4, depth = 3) {{
  layer first = Linear({1}, 4 * {1}, bias = false)
  layer inner = Inner(4 * {1})
  layer other = Inner(4 * {1})
  layer same  = Same({1}) * depth
  forward(x: float[B, {1}]) -> float[B, 4 * {1}] {{ return same(x) |> first |> inner |> other }}
}}
block Same({2}) {{
  layer a = Linear({2}, {2})
  layer b = Linear({2}, {2})
  forward(x: float[B, {2}]) -> float[B, {2}] {{ return b(a(x)) }}
}}
sharing scaled of M {{
  tie inner.up.weight = {1} ** -0.5 * other.down.weight
  tie same[*].a.weight = {1} ** -0.5 * same[*].b.weight
  factorize first.weight rank 2
}}
sharing whole of M {{ tie inner.up.weight = {1} ** -0.5 * inner.down.weight }}
sharing stepped of M {{ fold same 2 times with step_embedding }}
build A = M() with scaled
build B = M() with whole
build C = M() with stepped
"""
#: what the wide block, the model and the narrow block call their size
NAMES = [("dim", "dim", "dim"), ("width", "dim", "size"), ("inputs", "outputs", "rank"), ("dim", "width", "dim")]


@pytest.mark.parametrize("build", ["A", "B", "C"])
def test_a_constant_of_a_plan_is_the_model_s(build: str) -> None:
    assert verify(compiled(WIDE.format("dim", "dim", "dim"), build)).ok


@pytest.mark.parametrize("names", NAMES[1:], ids=" ".join)
@pytest.mark.parametrize("build", ["A", "B", "C"])
def test_how_parameters_are_spelled_says_nothing(names: tuple[str, str, str], build: str) -> None:
    """Whose `dim` it is makes the code, not that there is another `dim`."""
    fresh = ("zq1dim", "zq2dim", "zq3dim")
    plain = [meaning(source(compile_build(analysis(WIDE.format(*each)), build))) for each in (NAMES[0], fresh)]
    assert plain[0] == plain[1]
    assert _numbers(source(compile_build(analysis(WIDE.format(*names)), build))) == _numbers(
        source(compile_build(analysis(WIDE.format(*NAMES[0])), build))
    )


def _numbers(code: str) -> list[str]:
    """Every number of the code, and every formula: a name that is taken for another one makes one of the other."""
    found = [each for each in ast.walk(ast.parse(code)) if isinstance(each, ast.Constant | ast.BinOp)]
    return sorted(
        str(each.value) if isinstance(each, ast.Constant) else type(each.op).__name__
        for each in found
        if isinstance(each, ast.BinOp) or isinstance(each.value, int | float)
    )


def test_a_number_that_a_block_cannot_say_fixes_the_parameter() -> None:
    """`Inner` knows 4 * dim alone: the module is for this `dim`."""
    text = source(compiled(WIDE.format("dim", "dim", "dim"), "B"))
    assert "x * 0.5" in text and "dim=4" not in text
