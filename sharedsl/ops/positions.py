"""Positions: rotary (Su et al. 2021) and sinusoidal (Vaswani et al. 2017, section 3.5)."""

from __future__ import annotations

from sharedsl import pytree as py
from sharedsl.model.dataflow import Tensor, Type
from sharedsl.model.sizes import Size, combine, size
from sharedsl.ops.base import Args, Call, Operation, OpParam, Settings, ShapeError, number, real, size_of, tensor


def _rotary(args: Args, settings: Settings) -> Type:
    x, positions = tensor(args, 0, "`x`"), tensor(args, 1, "`positions`")
    if len(x.dims) not in (3, 4) or x.dtype != "float":
        raise ShapeError(f"`rotary` turns float[B, T, heads, head_dim] or float[B, T, dim], and this is {x}", 0)
    if combine("%", x.dims[-1], size(2)).value != 0:
        raise ShapeError(f"`rotary` turns pairs, and the last axis has {x.dims[-1]} entries", 0)
    wanted = x.dims[:2][-len(positions.dims) :] if positions.dims else ()
    fits = len(positions.dims) in (1, 2) and all(map(Size.same, positions.dims, wanted))
    if positions.dtype != "int" or not fits:
        raise ShapeError(
            f"the positions must be int[{x.dims[1]}] or int[{x.dims[0]}, {x.dims[1]}], and this is {positions}", 1
        )
    return x


def _rotary_code(call: Call) -> py.Expr:
    call.cx.use("torch", "Tensor")
    name = call.cx.helper(_rotary_helper(len(call.type(0).dims) == 4))
    return py.call(name, call.code(0), call.code(1), number(call.settings["base"]))


def _rotary_helper(heads: bool) -> py.FunctionDef:
    """With heads, x is [batch, length, heads, head_dim]; without, [batch, length, dim]."""
    x, dtype, dim = py.Name("x"), py.Name("dtype"), py.Name("dim")
    steps = py.call("torch.arange", py.Const(0), dim, py.Const(2), dtype=dtype, device=py.name("x.device"))
    speeds = py.Binary("/", py.Const(1.0), py.Binary("**", py.Name("base"), py.Binary("/", steps, dim)))
    new = (py.Const(None),) * (2 if heads else 1)
    places = py.Index(py.method(py.Name("positions"), "to", dtype), py.TupleExpr((py.Const(...), *new)))
    angles = py.Binary("*", places, py.Name("speeds"))
    waves = [py.method(py.method(py.Name("angles"), wave), "to", py.name("x.dtype")) for wave in ("cos", "sin")]
    first, second, cos, sin = map(py.Name, ("first", "second", "cos", "sin"))
    turned = py.TupleExpr(
        (
            py.Binary("-", py.Binary("*", first, cos), py.Binary("*", second, sin)),
            py.Binary("+", py.Binary("*", second, cos), py.Binary("*", first, sin)),
        )
    )
    body: tuple[py.Stmt, ...] = (
        py.Assign((dim,), py.item(py.name("x.shape"), -1)),
        py.Assign((dtype,), py.call("torch.promote_types", py.name("x.dtype"), py.name("torch.float32"))),
        py.Assign((py.Name("speeds"),), speeds),
        py.Assign((py.Name("angles"),), angles),
        py.Assign((py.TupleExpr((cos, sin)),), py.TupleExpr(tuple(waves))),
        py.Assign((py.TupleExpr((first, second)),), py.method(x, "chunk", py.Const(2), dim=py.integer(-1))),
        py.Return(py.call("torch.cat", turned, dim=py.integer(-1))),
    )
    shape = "[batch, length, heads, head_dim]" if heads else "[batch, length, dim]"
    doc = f"Turn the pairs (i, i + half) of the last axis of {shape} by their positions."
    params = (
        py.Param("x", py.Name("Tensor")),
        py.Param("positions", py.Name("Tensor")),
        py.Param("base", py.Name("float")),
    )
    return py.FunctionDef("rotary" if heads else "rotary_features", params, body, py.Name("Tensor"), doc)


# ---------------------------------------------------------------------------- sinusoidal


def _sinusoid(args: Args, settings: Settings) -> Type:
    length, dim = size_of(settings["length"], "`length`"), size_of(settings["dim"], "`dim`")
    if combine("%", dim, size(2)).value != 0:
        raise ShapeError(f"`sinusoid` makes pairs of waves, and `dim` is {dim}")
    return Tensor("float", (length, dim))


def _sinusoid_code(call: Call) -> py.Expr:
    call.cx.use("torch", "Tensor")
    name = call.cx.helper(_sinusoid_helper())
    positions = py.call("torch.arange", number(call.settings["length"]), device=call.cx.device)
    made = py.call(name, positions, number(call.settings["dim"]))
    return made if call.cx.dtype is None else py.method(made, "to", call.cx.dtype)


def _sinusoid_helper() -> py.FunctionDef:
    dim, angles = py.Name("dim"), py.Name("angles")
    kind = py.call("torch.get_default_dtype")
    steps = py.call("torch.arange", py.Const(0), dim, py.Const(2), dtype=kind, device=py.name("positions.device"))
    speeds = py.Binary("/", py.Const(1.0), py.Binary("**", py.Const(10000.0), py.Binary("/", steps, dim)))
    waves = py.TupleExpr((py.method(angles, "sin"), py.method(angles, "cos")))
    body: tuple[py.Stmt, ...] = (
        py.Assign((py.Name("speeds"),), speeds),
        py.Assign(
            (angles,), py.Binary("*", py.method(py.Name("positions"), "unsqueeze", py.integer(-1)), py.Name("speeds"))
        ),
        py.Return(py.method(py.call("torch.stack", waves, dim=py.integer(-1)), "flatten", py.integer(-2))),
    )
    doc = "Positions as waves, [length, dim]: sine at even places, cosine at odd ones."
    params = (py.Param("positions", py.Name("Tensor")), py.Param("dim", py.Name("int")))
    return py.FunctionDef("sinusoid", params, body, py.Name("Tensor"), doc)


POSITIONS = (
    Operation(
        "rotary",
        (OpParam("x"), OpParam("positions"), OpParam("base", "setting", False, real(10000.0))),
        "`rotary(x, positions, base = 10000)`: the pairs (i, i + half) of the last axis turned by "
        "positions * base ** (-2 i / dim), as Llama does (Su et al. 2021).",
        _rotary,
        _rotary_code,
    ),
    Operation(
        "sinusoid",
        (OpParam("length", "setting"), OpParam("dim", "setting")),
        "`sinusoid(length, dim)`: [length, dim], sine at even and cosine at odd places (Vaswani et al. 2017, 3.5).",
        _sinusoid,
        _sinusoid_code,
    ),
)
