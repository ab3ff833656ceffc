"""The run-time sizes that a forward reads off its inputs, and what they are called there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sharedsl import pytree as py
from sharedsl.model import dataflow as d
from sharedsl.model.sizes import Arith, named

if TYPE_CHECKING:
    from sharedsl.emit.forward import Forward

#: what the file imports, and no variable may hide
MODULES = frozenset(("torch", "nn", "F", "math"))


def size_name(spec: str) -> str:
    """What a run-time size is called in the code: `F` would hide torch.nn.functional."""
    return f"{spec}_" if spec in MODULES else spec


def sizes_renamed(body: d.Body) -> dict[str, Arith]:
    """The names of a body's sizes that the code has to say otherwise."""
    names = {name for name, _ in body.sizes} | {one.name for one in body.inputs if one.size is not None}
    return {name: named(size_name(name)) for name in sorted(names & MODULES)}


def sizes_read(body: d.Body, whole: tuple[py.Stmt, ...], forward: Forward) -> list[py.Stmt]:
    """`B, T = tokens.shape`, for the sizes that the code reads."""
    used = {each.id for each in py.walk(whole) if isinstance(each, py.Name)}
    wanted: dict[str, dict[int, str]] = {}
    for spec, (source, axis) in body.sizes:
        name = size_name(spec)
        if name in used and ":" not in source:
            wanted.setdefault(source, {})[axis] = name
    statements: list[py.Stmt] = []
    for source, axes in wanted.items():
        tensor = next(each for each in body.inputs if each.name == source)
        assert isinstance(tensor.type, d.Tensor)
        shape = py.Attr(py.Name(forward.name(source)), "shape")
        if len(axes) == 1:
            axis, name = next(iter(axes.items()))
            statements.append(py.Assign((py.Name(name),), py.item(shape, axis)))
            continue
        targets = tuple(py.Name(axes.get(axis, "_")) for axis in range(len(tensor.type.dims)))
        statements.append(py.Assign((py.TupleExpr(targets),), shape))
    return statements
