"""Two shapes of one tensor: the spec's axes, and torch's layout, where a Linear's outputs are joined, and its inputs.

Most expressions are the same in both (a product of factors, a transpose, a sum). Where the axes themselves matter (a
slice of heads, a concatenation), tensors are viewed with their axes, and the result is joined again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod

from sharedsl import pytree as py
from sharedsl.emit.reads import code_of, scale_code
from sharedsl.emit.terms import Env
from sharedsl.model import weights as w
from sharedsl.model.sites import Path
from sharedsl.model.sizes import Real
from sharedsl.model.tree import Unit
from sharedsl.record import dataclass

Kind = Callable[[Path], Unit]


def joined_shape(storage: w.Storage, owner: Unit) -> tuple[int, ...]:
    """The shape in which the owner registers the storage."""
    if owner.name != "Linear" or owner.kind != "primitive" or storage.role in ("bank", "coefficient"):
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

    def joined(self, expr: w.Expr, split: int) -> py.Expr:
        """The value as a matrix: the first `split` axes joined, and the others (a vector if there are none)."""
        found = self._joined(expr, split)
        if found is not None:
            return found
        code = self.logical(expr)
        shape = _matrix(expr.shape, split)
        return code if shape == expr.shape else py.method(code, "reshape", *(py.integer(size) for size in shape))

    def logical(self, expr: w.Expr) -> py.Expr:
        """The value with all its axes."""
        return code_of(expr, {number: self._viewed(number) for number in w.storages_of(expr)}, self.env, self.cx)

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
            case w.Detach():
                of = self._joined(expr.of, split)
                return None if of is None else py.method(of, "detach")
            case w.Add():
                parts = [self._joined(part, split) for part in expr.parts]
                total = parts[0]
                for part in parts[1:]:
                    total = None if total is None or part is None else py.Binary("+", total, part)
                return total
            case _:
                return None


def _matrix(shape: tuple[int, ...], split: int) -> tuple[int, ...]:
    if split == len(shape):
        return (prod(shape),)
    return (prod(shape[:split]), prod(shape[split:])) if split else (prod(shape),)
