"""What a callee's names of sizes and parameters are in its caller's words."""

from __future__ import annotations

from sharedsl.model import dataflow as d
from sharedsl.model.sizes import Arith, Real, Size
from sharedsl.model.tree import Unit


def words_of(unit: Unit, call: d.Call, use: d.Use, callee: d.Body) -> dict[str, Arith]:
    """By the callee's name: its parameters, and the run-time sizes that it reads off its inputs."""
    arguments = unit.children[use.child].arguments[use.index or 0]
    words = {name: value.code for name, value in arguments.items() if isinstance(value, Size | Real)}
    names = [one.name for one in callee.inputs]
    for name, (source, axis) in callee.sizes:
        at = names.index(source) if source in names else len(call.args)
        arg = call.args[at] if at < len(call.args) else None
        if arg is not None and isinstance(arg.type, d.Tensor) and not arg.type.optional:
            words[name] = arg.type.dims[_outside(call, at, axis)].code
    for one, arg in zip(callee.inputs, call.args, strict=False):
        if one.size is not None and isinstance(arg, d.Const) and isinstance(arg.value, Size):
            words[one.name] = arg.value.code
    return words


def _outside(call: d.Call, at: int, axis: int) -> int:
    """The axis of an argument, which a scan's steps see without the one that it goes along."""
    along = call.scan.axes[at] if call.scan is not None else None
    return axis if along is None or axis < along else axis + 1
