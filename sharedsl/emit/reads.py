"""Weight expressions as code: from the names of tensors to the tensor that a layer uses."""

from __future__ import annotations

from collections.abc import Mapping

from sharedsl import pytree as py
from sharedsl.diagnostics import InternalError
from sharedsl.emit.terms import Env, in_terms
from sharedsl.model import weights as w
from sharedsl.model.sizes import Real


def code_of(expr: w.Expr, tensors: Mapping[int, py.Expr], env: Env, cx: py.CodeContext) -> py.Expr:
    """`tensors` holds each storage in its logical shape."""

    def inner(of: w.Expr) -> py.Expr:
        return code_of(of, tensors, env, cx)

    match expr:
        case w.Read():
            return tensors[expr.storage]
        case w.Permute():
            if expr.order == (1, 0):
                return py.method(inner(expr.of), "t")
            return py.method(inner(expr.of), "permute", *(py.integer(axis) for axis in expr.order))
        case w.Reshape():
            return py.method(inner(expr.of), "reshape", *(py.integer(size) for size in expr.shape))
        case w.Slice():
            return _slice(inner(expr.of), expr)
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
    raise InternalError(f"no code for the weight expression {type(expr).__name__}")


def scale_code(scale: Real, env: Env) -> py.Expr:
    """A plan's constant: in the parameters at hand where they suffice, else the number."""
    if scale.code.names() <= set(env):
        return py.arith(in_terms(scale, env).code)
    return py.number(scale.value)


def _slice(of: py.Expr, expr: w.Slice) -> py.Expr:
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
