"""Which weights there are, how they are called, and in which order."""

from __future__ import annotations

import pytest

from sharedsl.analysis.pipeline import analyze, compile_build, compile_plan
from sharedsl.model.sites import show
from sharedsl.source import SourceFile

BLOCK = """\
block Pair(dim) {
  layer one = Linear(dim, dim, bias = false)
  layer two = Linear(dim, dim, bias = false)
  forward(x: float[B, dim]) -> float[B, dim] { return x |> one |> two }
}
model M(dim = 4, depth = 3) {
  layer body  = Pair(dim)
  layer stack = Pair(dim) * depth
  layer other = Linear(dim, dim, bias = false)
  forward(x: float[B, dim]) -> float[B, dim] { FORWARD }
}
"""


def names(forward: str, plan: str = "", depth: int = 3) -> list[str]:
    """The layers on the way to a weight, as messages write them: `stack[0]@1.one`."""
    text = BLOCK.replace("FORWARD", forward)
    if plan:
        text += f"sharing p of M {{ {plan} }}\n"
    whole = analyze(SourceFile("m.sdsl", text))
    assert not [each for each in whole.diagnostics if each.severity == "error"], whole.diagnostics
    sites = compile_plan(whole, "M", ("p",) if plan else (), {"depth": depth}).model.sites
    assert [site.index for site in sites] == list(range(len(sites)))
    return [show(site.path[:-1]) for site in sites]


def test_text_order_not_execution_order() -> None:
    assert names("return x |> other |> body") == ["body.one", "body.two", "other"]


def test_stack_index_before_application() -> None:
    found = names("return x |> stack |> stack", depth=2)
    assert found == [f"stack@{run}[{at}].{leaf}" for at in range(2) for run in range(2) for leaf in ("one", "two")]


@pytest.mark.parametrize(
    ("forward", "expected"),
    [
        ("return body(x)", ["body"]),
        ("return body(body(x))", ["body@0", "body@1"]),
        ("return stack[1](stack[1](stack[0](x)))", ["stack[0]", "stack[1]@0", "stack[1]@1"]),
        ("return x |> stack |> stack[2]", ["stack[0]", "stack[1]", "stack[2]@0", "stack[2]@1"]),
        ("return x |> stack[1:] |> stack[:2]", ["stack[0]", "stack[1]@0", "stack[1]@1", "stack[2]"]),
        ("for layer in stack { x = layer(x) }\n    return x", ["stack[0]", "stack[1]", "stack[2]"]),
        ("for t in range(2) { x = body(x) }\n    return x", ["body@0", "body@1"]),
        ("for i, layer in stack { x = layer(x) if i != 1 else x }\n    return x", ["stack[0]", "stack[2]"]),
    ],
)
def test_applications(forward: str, expected: list[str]) -> None:
    assert names(forward) == [f"{name}.{leaf}" for name in expected for leaf in ("one", "two")]


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        ("fold body 2 times", ["body@0", "body@1", "stack[0]", "stack[1]", "stack[2]"]),
        ("fold stack 2 times", ["body", *(f"stack@{run}[{at}]" for at in range(3) for run in range(2))]),
        ("fold stack[1] 2 times", ["body", "stack[0]", "stack[1]@0", "stack[1]@1", "stack[2]"]),
        ("fold stack[1:3] 2 times", ["body", "stack[0]", "stack[1]@0", "stack[1]@1", "stack[2]@0", "stack[2]@1"]),
        ("fold stack as [0, 1, 2, 1]", ["body", "stack[0]", "stack[1]@0", "stack[1]@1", "stack[2]"]),
    ],
)
def test_folds(plan: str, expected: list[str]) -> None:
    assert names("return x |> body |> stack", plan) == [
        f"{name}.{leaf}" for name in expected for leaf in ("one", "two")
    ]


def test_folds_nest() -> None:
    found = names("return body(x)", "fold body 2 times\n  fold body.one 3 times")
    assert found == [f"body@{outer}.{leaf}" for outer in range(2) for leaf in ("one@0", "one@1", "one@2", "two")]


def test_a_fold_inside_one_element_leaves_the_others() -> None:
    found = names("return stack(x)", "fold stack[1].two 2 times")
    assert found == ["stack[0].one", "stack[0].two", "stack[1].one", "stack[1].two@0", "stack[1].two@1",
                     "stack[2].one", "stack[2].two"]  # fmt: skip


def test_a_loop_over_a_folded_stack_goes_round_again() -> None:
    found = names("for layer in stack { x = layer(x) }\n    return x", "fold stack 2 times", depth=2)
    assert found == [f"stack[{at}]@{time}.{leaf}" for at in range(2) for time in range(2) for leaf in ("one", "two")]


def test_step_embedding_is_a_weight_of_the_layer() -> None:
    text = BLOCK.replace("FORWARD", "return body(x)") + "sharing p of M { fold body 3 times with step_embedding }\n"
    whole = analyze(SourceFile("m.sdsl", text))
    build = compile_plan(whole, "M", ("p",))
    steps = [site for site in build.model.sites if site.path[-1].name == "step"]
    assert [show(site.path) for site in steps] == [f"body@{time}.step" for time in range(3)]
    assert all(site.shape == (3, 4) for site in steps)
    body = build.model.root.bodies[build.model.entries[None]]
    (call,) = (value for statement in body.statements for value in statement.values)
    assert [use.step for use in call.uses] == [0, 1, 2]


def test_other_forwards_add_what_the_main_one_does_not_reach() -> None:
    text = """\
model M(dim = 4) {
  layer trunk = Linear(dim, dim, bias = false)
  layer left  = Linear(dim, dim, bias = false)
  layer right = Linear(dim, dim, bias = false)
  forward both(x: float[B, dim]) -> float[B, dim] { return right(trunk(x)) }
  forward encode(x: float[B, dim]) -> float[B, dim] { return trunk(x) }
  forward(x: float[B, dim], y: float[B, dim]) -> float[B, dim] { return left(encode(x) + encode(y)) }
}
build A = M()
"""
    whole = analyze(SourceFile("m.sdsl", text))
    build = compile_build(whole, "A")
    assert [show(site.path[:-1]) for site in build.model.sites] == ["trunk@0", "trunk@1", "left", "right"]
    assert set(build.model.entries) == {None, "both", "encode"}


def test_branches_of_an_optional_input_are_one_application() -> None:
    text = """\
model M(dim = 4) {
  layer body = Linear(dim, dim, bias = false)
  layer end  = Linear(dim, dim, bias = false)
  forward(x: float[B, dim], bias: float[B, dim] = none) -> float[B, dim] {
    if bias != none { x = body(x + bias) }
    else { x = body(x) }
    return end(body(x))
  }
}
build A = M()
"""
    whole = analyze(SourceFile("m.sdsl", text))
    assert not whole.diagnostics
    sites = compile_build(whole, "A").model.sites
    assert [show(site.path[:-1]) for site in sites] == ["body@0", "body@1", "end"]


def test_equal_layers_are_one_unit_with_one_body() -> None:
    whole = analyze(SourceFile("m.sdsl", BLOCK.replace("FORWARD", "return x |> body |> stack")))
    root = compile_plan(whole, "M").model.root
    units = {id(unit) for child in (root.children["body"], root.children["stack"]) for unit in child.units}
    assert len(units) == 1
    assert len(root.children["body"].units[0].bodies) == 1
