"""Weight expressions as code: from the names of tensors to the tensor that a layer uses."""

from __future__ import annotations

from collections.abc import Mapping

from sharedsl import pytree as py
from sharedsl.diagnostics import InternalError
from sharedsl.emit.gathers import Tables
from sharedsl.emit.terms import Env, in_terms
from sharedsl.model import weights as w
from sharedsl.model.contractions import steps
from sharedsl.model.sizes import Real


def code_of(
    expr: w.Expr, tensors: Mapping[int, py.Expr], env: Env, cx: py.CodeContext, tables: Tables | None = None
) -> py.Expr:
    """`tensors` holds each storage in its logical shape; `tables` the indices that the module at hand keeps."""

    def inner(of: w.Expr) -> py.Expr:
        return code_of(of, tensors, env, cx, tables)

    match expr:
        case w.Read():
            return tensors[expr.storage]
        case w.Permute():
            if expr.order == (1, 0):
                return py.method(inner(expr.of), "t")
            return py.method(inner(expr.of), "permute", *(py.integer(axis) for axis in expr.order))
        case w.Reshape() if is_column(expr):
            return py.method(inner(expr.of), "unsqueeze", py.Const(1))
        case w.Reshape():
            return py.method(inner(expr.of), "reshape", *(py.integer(size) for size in expr.shape))
        case w.Slice():
            return slice_code(inner(expr.of), expr)
        case w.Concat():
            cx.use("torch")
            parts = py.tuple_of(*(inner(part) for part in expr.parts))
            return py.call("torch.cat", parts, dim=py.Const(expr.axis) if expr.axis else None)
        case w.Flip():
            return py.method(inner(expr.of), "flip", py.Const(expr.axis))
        case w.Rot90():
            axes = py.tuple_of(*(py.Const(axis) for axis in expr.axes))
            return py.method(inner(expr.of), "rot90", py.integer(expr.times), axes)
        case w.Roll():
            return py.method(inner(expr.of), "roll", py.integer(expr.by), py.Const(expr.axis))
        case w.Repeat():
            return py.method(inner(expr.of), "repeat_interleave", py.Const(expr.times), dim=py.Const(expr.axis))
        case w.Scale():
            return py.Binary("*", scale_code(Real(expr.factor, expr.code), env), inner(expr.of))
        case w.Detach():
            return py.method(inner(expr.of), "detach")
        case w.MatMul():
            return _matmul(expr, inner(expr.left), inner(expr.right), cx)
        case w.Add():
            total = inner(expr.parts[0])
            for part in expr.parts[1:]:
                total = py.Binary("+", total, inner(part))
            return total
        case w.Multiply():
            return py.Binary("*", inner(expr.left), inner(expr.right))
        case w.Mixture():
            cx.use("torch")
            return py.call("torch.tensordot", inner(expr.coefficients), inner(expr.bank), dims=py.Const(1))
        case w.Diagonal():
            return py.method(inner(expr.of), "diag")
        case w.Normalize():
            dims = tuple(py.Const(axis) for axis in expr.axes)
            return py.call(cx.helper(unit_helper()), inner(expr.of), dims[0] if len(dims) == 1 else py.tuple_of(*dims))
        case w.Contract():
            return _contracted(expr, [inner(part) for part in expr.parts], cx)
        case w.Gather() if tables is not None:
            return tables.read(inner(expr.of), expr)
    raise InternalError(f"no code for the weight expression {type(expr).__name__}")


def _contracted(expr: w.Contract, parts: list[py.Expr], cx: py.CodeContext) -> py.Expr:
    """Part by part, in the order in which the budget counts it."""
    cx.use("torch")
    code = parts[0]
    for step, part in zip(steps(expr.terms, expr.result), parts[1:], strict=True):
        code = py.call("torch.einsum", py.Const(f"{step.left},{step.right}->{step.out}"), code, part)
    return code


def is_column(expr: w.Expr) -> bool:
    """Whether an expression is a vector stood up, to go along the rows of a matrix."""
    return isinstance(expr, w.Reshape) and len(expr.of.shape) == 1 and expr.shape == (*expr.of.shape, 1)


def unit_helper() -> py.FunctionDef:
    """`unit(weight, dim)`: the module's function that DoRA's weights are divided by their length with."""
    weight, dim = py.Name("weight"), py.Name("dim")
    length = py.call("torch.linalg.vector_norm", py.method(weight, "detach"), dim=dim, keepdim=py.Const(True))
    doc = "Divided by its length along `dim`, through which no gradient flows."
    return py.FunctionDef(
        "unit", (py.Param("weight"), py.Param("dim")), (py.Return(py.Binary("/", weight, length)),), docstring=doc
    )


def scale_code(scale: Real, env: Env) -> py.Expr:
    """A plan's constant, where `env` has the model's parameters in the words at hand; else the number."""
    if scale.code.names() <= set(env):
        return py.arith(in_terms(scale, env).code)
    return py.number(scale.value)


def slice_code(of: py.Expr, expr: w.Slice) -> py.Expr:
    """`of[:, 2:4]`"""
    whole = py.SliceExpr()
    step = py.Const(expr.step) if expr.step != 1 else None
    part = py.SliceExpr(py.Const(expr.start) if expr.start else None, py.Const(expr.stop), step)
    if expr.axis == 0:
        return py.Index(of, part)
    return py.Index(of, py.tuple_of(*([whole] * expr.axis), part))


def _matmul(expr: w.MatMul, left: py.Expr, right: py.Expr, cx: py.CodeContext) -> py.Expr:
    if len(expr.left.shape) == 2 and len(expr.right.shape) == 2:
        return py.Binary("@", left, right)
    cx.use("torch")
    return py.call("torch.tensordot", left, right, dims=py.Const(1))
