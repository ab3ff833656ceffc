"""Rotary positions in two steps: the cosines and sines, and the turn by them, so that the first need not be repeated.

These are operations of emitted code only. `rotary_tables(positions, like)` gives both tables where and as `like` is;
`rotate(x, cos, sin)` turns the pairs (i, i + half) of the last axis of x.
"""

from __future__ import annotations

from sharedsl import pytree as py
from sharedsl.model.dataflow import Type
from sharedsl.ops import OPS
from sharedsl.ops.base import Args, Call, Operation, OpParam, Settings, number, tensor

X, DIM, LIKE, COS, SIN = map(py.Name, ("x", "dim", "like", "cos", "sin"))


def _given(args: Args, settings: Settings) -> Type:
    return tensor(args, 0, "`x`")


def _tables(call: Call) -> py.Expr:
    call.cx.use("torch", "Tensor")
    name = call.cx.helper(_tables_helper(call.settings["heads"] is True))
    settings = (number(call.settings[each]) for each in ("dim", "base"))
    return py.call(name, call.code(0), *settings, call.code(1))


def _tables_helper(heads: bool) -> py.FunctionDef:
    """With heads, for [batch, length, heads, head_dim]; without, for [batch, length, dim]."""
    dtype, angles = py.Name("dtype"), py.Name("angles")
    steps = py.call("torch.arange", py.Const(0), DIM, py.Const(2), dtype=dtype, device=py.name("like.device"))
    speeds = py.Binary("/", py.Const(1.0), py.Binary("**", py.Name("base"), py.Binary("/", steps, DIM)))
    new = (py.Const(None),) * (2 if heads else 1)
    places = py.Index(py.method(py.Name("positions"), "to", dtype), py.TupleExpr((py.Const(...), *new)))
    waves = [py.method(py.method(angles, wave), "to", py.name("like.dtype")) for wave in ("cos", "sin")]
    body: tuple[py.Stmt, ...] = (
        py.Assign((dtype,), py.call("torch.promote_types", py.name("like.dtype"), py.name("torch.float32"))),
        py.Assign((py.Name("speeds"),), speeds),
        py.Assign((angles,), py.Binary("*", places, py.Name("speeds"))),
        py.Return(py.TupleExpr(tuple(waves))),
    )
    return py.FunctionDef(
        "rotary_tables" if heads else "rotary_feature_tables",
        _params(("positions", "Tensor"), ("dim", "int"), ("base", "float"), ("like", "Tensor")),
        body,
        py.name("tuple[Tensor, Tensor]"),
        "Cosines and sines of the angles that the positions stand for, as `like` is.",
    )


def _turn(call: Call) -> py.Expr:
    call.cx.use("torch", "Tensor")
    call.cx.helper(_tables_helper(len(call.type(0).dims) == 4))  # stands first
    return py.call(call.cx.helper(_turn_helper()), *(call.code(at) for at in range(3)))


def _turn_helper() -> py.FunctionDef:
    first, second = py.Name("first"), py.Name("second")
    turned = py.TupleExpr(
        (
            py.Binary("-", py.Binary("*", first, COS), py.Binary("*", second, SIN)),
            py.Binary("+", py.Binary("*", second, COS), py.Binary("*", first, SIN)),
        )
    )
    body: tuple[py.Stmt, ...] = (
        py.Assign((py.TupleExpr((first, second)),), py.method(X, "chunk", py.Const(2), dim=py.integer(-1))),
        py.Return(py.call("torch.cat", turned, dim=py.integer(-1))),
    )
    params = _params(("x", "Tensor"), ("cos", "Tensor"), ("sin", "Tensor"))
    return py.FunctionDef("rotate", params, body, py.Name("Tensor"), "Turn the pairs (i, i + half) of the last axis.")


def _params(*named: tuple[str, str]) -> tuple[py.Param, ...]:
    return tuple(py.Param(name, py.Name(kind)) for name, kind in named)


TURNING = {
    each.name: each
    for each in (
        Operation(
            "rotary_tables",
            (OpParam("positions"), OpParam("like"), *(OpParam(name, "setting") for name in ("dim", "base", "heads"))),
            "",
            _given,
            _tables,
        ),
        Operation("rotate", (OpParam("x"), OpParam("cos"), OpParam("sin")), "", _given, _turn),
    )
}
#: what emitted code is made of: the language's operations and these
OPERATIONS = {**OPS, **TURNING}
