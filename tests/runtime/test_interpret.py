"""The interpreter of dataflow on bodies built by hand: optional inputs, loops, checks, states, run-time numbers."""

import pytest
import torch

from sharedsl.diagnostics import InternalError
from sharedsl.model import dataflow as d
from sharedsl.model.poly import Poly
from sharedsl.model.sites import Step
from sharedsl.model.sizes import combine, runtime, size
from sharedsl.model.tree import Child, Model, StateSpec, Unit
from sharedsl.runtime.frames import RequireFailed
from sharedsl.runtime.inputs import scenarios
from sharedsl.runtime.interpret import Interpreter
from tests.runtime.builders import B, T, floats, primitive

X = floats(B, T, 4)
BT = (("B", ("x", 0)), ("T", ("x", 1)))


def toy(statements, inputs, output=X, sizes=BT, states=None, children=None, functions=None):
    body = d.Body("main", None, tuple(inputs), tuple(statements), output, sizes=sizes)
    root = Unit("Toy", "model", {}, children=children or {}, bodies={"main": body}, states=states or {})
    return Model("Toy", root, {}, {None: "main"}, (), functions or {})


def no_weights(path, name):
    raise AssertionError("no weight is read")


def run(model, **inputs):
    return Interpreter(model, no_weights).run(None, inputs)


def var(name, kind=X):
    return d.Var(name, kind)


def op(name, *args, kind=X, **settings):
    return d.Op(name, args, tuple(settings.items()), kind)


def number(value):
    return d.Const(size(value) if isinstance(value, int) else value, d.Tensor("int", ()))


def test_statements_and_conditions_on_optional_inputs():
    optional = d.Tensor("float", X.dims, optional=True)
    model = toy(
        [
            d.Assign(("y",), op("mul", var("x"), number(2))),
            d.Present("extra", (d.Assign(("y",), op("add", var("y"), var("extra"))),), ()),
            d.Return((d.IfPresent("extra", var("y"), op("neg", var("y")), X),)),
        ],
        [d.Input("x", X), d.Input("extra", optional)],
    )
    x = torch.randn(2, 3, 4)
    assert torch.equal(run(model, x=x), -2 * x)
    assert torch.equal(run(model, x=x, extra=x), 3 * x)


def test_defaults_and_loops():
    many = d.Many((X, X))
    model = toy(
        [
            d.Loop(("i",), ((size(0),), (size(1),)), tuple(
                (d.Assign(("x",), op("add", var("x"), var("more"))),) for _ in range(2)
            )),
            d.Assign(("a", "b"), d.Collect((var("x"), var("more")), many)),
            d.Return((var("a"), d.Pick(d.Collect((var("b"), var("a")), many), 0, X))),
        ],
        [d.Input("x", X), d.Input("more", X, number(1))],
    )  # fmt: skip
    x = torch.randn(2, 3, 4)
    first, second = run(model, x=x.double())
    assert torch.equal(first, x.double() + 1 + 1) and torch.equal(second, torch.ones(2, 3, 4).double())


def test_checks_and_run_time_numbers():
    n = runtime("n")
    model = toy(
        [
            d.Check(n, "<=", combine("*", size(2), T), "n <= 2 * T"),
            d.Return((op("mul", var("x"), d.Const(n, d.Tensor("int", ()))),)),
        ],
        [d.Input("x", X), d.Input("n", d.Tensor("int", ()), size=n)],
    )
    x = torch.randn(2, 3, 4)
    assert torch.equal(run(model, x=x, n=6), 6 * x)
    with pytest.raises(RequireFailed, match="7 <= 6"):
        run(model, x=x, n=7)


def test_states_are_kept_by_application_and_grow():
    length = combine("+", runtime("S"), T)
    grown = d.Tensor("float", (B, length, size(4)))
    past = d.Tensor("float", (B, runtime("S"), size(4)))
    keys = StateSpec("keys", past, size(0), growing=1, size_name="S")
    seen = StateSpec("seen", None, size(0))
    statements = [
        d.Keep("keys", op("concat", var("keys", past), var("x"), kind=grown, axis=size(1))),
        d.Assign(
            ("y",), op("add", var("x"), op("sum", var("keys", grown), axis=size(1), keep=True, kind=floats(B, 1, 4)))
        ),
        d.Assign(("y",), op("add", var("y"), d.Const(runtime("seen"), d.Tensor("int", ())))),
        d.Keep("seen", d.Const(combine("+", runtime("seen"), T), d.Tensor("int", ()))),
        d.Return((var("y"),)),
    ]
    sizes = (*BT, ("S", ("state:keys", 1)))
    kept = (("keys", past), ("seen", None))
    inner = d.Body("main", None, (d.Input("x", X),), tuple(statements), X, sizes=sizes, states=kept, keeps=True)
    unit = Unit("Cell", "block", {}, bodies={"main": inner}, states={"keys": keys, "seen": seen})
    use = d.Use("cell", None, None, None, "main")
    outer = d.Return((d.Call((use,), (d.Call((d.Use("cell", None, 1, None, "main"),), (var("x"),), X),), X),))
    model = toy([outer], [d.Input("x", X)], children={"cell": Child("cell", (unit,), ({},))})
    interpreter = Interpreter(model, no_weights)
    x = torch.ones(1, 2, 4, dtype=torch.float64)
    first = interpreter.run(None, {"x": x})
    assert first[0, 0, 0] == 1 + 2 + (3 + 3)
    second = interpreter.run(None, {"x": x})
    assert interpreter.states[(Step("cell"),), "seen"] == 4
    assert second[0, 0, 0] == (1 + 4 + 2) + (2 * 3 + 2 * 7) + 2


def test_functions_and_other_forwards_of_the_block():
    helper = d.Body("double", None, (d.Input("x", X),), (d.Return((op("mul", var("x"), number(2)),)),), X)
    other = d.Body("other", "other", (d.Input("y", X),), (d.Return((op("neg", var("y")),)),), X)
    model = toy(
        [d.Return((d.CallSelf("other", (d.CallFunction("double", (var("x"),), X),), X),))],
        [d.Input("x", X)],
        functions={"double": helper},
    )
    model.root.bodies["other"] = other
    x = torch.randn(1, 2, 4)
    assert torch.equal(run(model, x=x), -2 * x)


def test_a_wrong_shape_of_the_compiler_is_found():
    model = toy([d.Return((op("unbind", var("x"), kind=X, axis=size(1)),))], [d.Input("x", X)])
    assert len(run(model, x=torch.zeros(1, 2, 4))) == 2
    model = toy([d.Return((op("sum", var("x"), kind=X, axis=size(1)),))], [d.Input("x", X)])
    with pytest.raises(InternalError, match="the compiler says"):
        run(model, x=torch.zeros(1, 2, 4))


class _Twin:
    def __init__(self, model, **weights):
        self.interpreter = Interpreter(model, lambda path, name: weights[path[-1].name])

    def run(self, entry, inputs, training=False):
        return self.interpreter.run(entry, inputs)


def test_inputs_are_found_by_trying():
    """Tokens reach a table of 7 rows after 2 is added; T may be 4 at most; a mask has padded rows."""
    tokens, mask = d.Tensor("int", (B, T)), d.Tensor("bool", (B, T), optional=True)
    shifted = op("add", var("tokens", tokens), number(2), kind=tokens)
    looked_up = d.Call((d.Use("table", None, None, None, None),), (shifted,), X)
    child = Child("table", (primitive("Embedding", weight=()),), ({},))
    model = toy(
        [d.Check(T, "<=", size(4), "T <= 4"), d.Return((looked_up,))],
        [d.Input("tokens", tokens), d.Input("mask", mask)],
        sizes=(("B", ("tokens", 0)), ("T", ("tokens", 1))),
        children={"table": child},
    )
    given, without = scenarios(model, _Twin(model, table=torch.randn(7, 4, dtype=torch.float64)), seed=3)
    found = given.given["tokens"]
    assert found.shape == (2, 4) and int(found.max()) <= 4 and len(found.unique()) > 1
    assert given.given["mask"].tolist() == [[True] * 4, [True, True, False, False]]
    assert without.left_out == ("mask",) and "mask" not in without.given
    assert isinstance(T.ground, Poly)
