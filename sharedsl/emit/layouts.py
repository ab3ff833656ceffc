"""Two shapes of one tensor: the spec's axes, and torch's layout, where a Linear's outputs are joined, and its inputs.

Most expressions are the same in both (a product of factors, a transpose, a sum). Where the axes themselves matter (a
slice of heads, a concatenation), tensors are viewed with their axes, and the result is joined again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod

from sharedsl import pytree as py
from sharedsl.emit.gathers import Tables
from sharedsl.emit.reads import code_of, scale_code, slice_code, unit_helper
from sharedsl.emit.terms import Env
from sharedsl.model import weights as w
from sharedsl.model.sites import Path
from sharedsl.model.sizes import Real
from sharedsl.model.tree import Unit
from sharedsl.record import dataclass

Kind = Callable[[Path], Unit]


def joined_shape(storage: w.Storage, owner: Unit) -> tuple[int, ...]:
    """The shape in which the owner registers the storage."""
    if owner.name != "Linear" or owner.kind != "primitive" or storage.role in ("bank", "coefficient", "core"):
        return storage.shape
    outs = prod(int(axis.size.value or 0) for axis in storage.axes if axis.side == "out")
    ins = [int(axis.size.value or 0) for axis in storage.axes if axis.side == "in"]
    if not ins:
        return (outs,)
    if len(ins) == len(storage.axes):
        return (prod(ins),)
    return (outs, prod(ins))


@dataclass(frozen=True, slots=True)
class Weights:
    """Code for weight expressions, from the registered tensors."""

    solved: w.Solved
    unit_at: Kind
    tensors: Mapping[int, py.Expr]
    env: Env
    cx: py.CodeContext
    tables: Tables

    def joined(self, expr: w.Expr, split: int) -> py.Expr:
        """The value as a matrix: the first `split` axes joined, and the others (a vector if there are none)."""
        found = self._joined(expr, split)
        if found is not None:
            return found
        code = self.logical(expr)
        shape = _matrix(expr.shape, split)
        if shape == expr.shape:
            return code
        outs, ins = split, len(expr.shape) - split
        if 1 in (outs, ins):  # one side is joined already: no size need be said
            return py.method(code, "flatten", *((py.Const(0), py.Const(outs - 1)) if outs > 1 else (py.Const(outs),)))
        return py.method(code, "reshape", *(py.integer(size) for size in shape))

    def logical(self, expr: w.Expr) -> py.Expr:
        """The value with all its axes."""
        viewed = {number: self._viewed(number) for number in w.storages_of(expr)}
        return code_of(expr, viewed, self.env, self.cx, self.tables)

    def _viewed(self, number: int) -> py.Expr:
        storage = self.solved.storages[number]
        code = self.tensors[number]
        if self._registered(number) == storage.shape:
            return code
        return py.method(code, "view", *(py.integer(size) for size in storage.shape))

    def _registered(self, number: int) -> tuple[int, ...]:
        storage = self.solved.storages[number]
        return joined_shape(storage, self.unit_at(tuple(step.layer() for step in storage.owner)))

    def _joined(self, expr: w.Expr, split: int) -> py.Expr | None:
        match expr:
            case w.Read():
                same = self._registered(expr.storage) == _matrix(expr.shape, split)
                return self.tensors[expr.storage] if same else None
            case w.MatMul():
                left = self._joined(expr.left, len(expr.left.shape) - 1)
                right = self._joined(expr.right, 1)
                if left is None or right is None or split != len(expr.left.shape) - 1:
                    return None
                return py.Binary("@", left, right)
            case w.Permute():
                count = len(expr.shape)
                if expr.order != (*range(count - split, count), *range(count - split)):
                    return None
                turned = self._joined(expr.of, count - split)
                return None if turned is None or split in (0, count) else py.method(turned, "t")
            case w.Scale():
                of = self._joined(expr.of, split)
                factor = scale_code(Real(expr.factor, expr.code), self.env)
                return None if of is None else py.Binary("*", factor, of)
            case w.Reshape() if len(expr.of.shape) <= 2 and expr.of.shape == _matrix(expr.shape, split):
                return self._joined(expr.of, 1)
            case w.Slice() if len(expr.shape) <= 2 and split == 1:
                of = self._joined(expr.of, 1)
                return None if of is None else slice_code(of, expr)
            case w.Detach():
                of = self._joined(expr.of, split)
                return None if of is None else py.method(of, "detach")
            case w.Add():
                parts = [self._joined(part, split) for part in expr.parts]
                total = parts[0]
                for part in parts[1:]:
                    total = None if total is None or part is None else py.Binary("+", total, part)
                return total
            case w.Multiply() if _is_rows(expr.left, split):
                rows = self._joined(_upright(expr.left), split)
                of = self._joined(expr.right, split)
                if rows is None or of is None:
                    return None
                return py.Binary("*", py.method(rows, "unsqueeze", py.Const(1)), of)
            case w.Multiply() if _is_columns(expr.left, split, len(expr.shape)):
                assert isinstance(expr.left, w.Reshape)
                columns, of = self._joined(expr.left.of, len(expr.left.of.shape)), self._joined(expr.right, split)
                return None if columns is None or of is None else py.Binary("*", columns, of)
            case w.Normalize() if expr.axes == tuple(range(split, len(expr.shape))) and split:
                of = self._joined(expr.of, split)
                return None if of is None else py.call(self.cx.helper(unit_helper()), of, py.Const(1))
            case _:
                return None


def _is_rows(expr: w.Expr, split: int) -> bool:
    """Whether an expression is a number for each row: a vector of outputs, stood up."""
    upright = _upright(expr)
    return upright is not expr and len(upright.shape) == split and expr.shape[:split] == upright.shape


def _is_columns(expr: w.Expr, split: int, rank: int) -> bool:
    """Whether an expression is a number for each column: a vector of inputs, behind axes of length 1."""
    if not isinstance(expr, w.Reshape) or len(expr.of.shape) != rank - split:
        return False
    return expr.shape == (*(1,) * split, *expr.of.shape)


def _upright(expr: w.Expr) -> w.Expr:
    """The vector of outputs that was given axes of length 1 for the inputs."""
    if isinstance(expr, w.Reshape) and expr.shape[: len(expr.of.shape)] == expr.of.shape:
        return expr.of
    return expr


def _matrix(shape: tuple[int, ...], split: int) -> tuple[int, ...]:
    if split == len(shape):
        return (prod(shape),)
    return (prod(shape[:split]), prod(shape[split:])) if split else (prod(shape),)
