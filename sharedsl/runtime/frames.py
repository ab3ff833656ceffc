"""A running body's names and sizes, and compile-time values as bare Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from sharedsl.diagnostics import InternalError
from sharedsl.model import dataflow as d
from sharedsl.model.sites import Path, show
from sharedsl.model.sizes import Named, Real, Size
from sharedsl.model.tree import Unit
from sharedsl.record import dataclass, field


class RequireFailed(Exception):
    """A `require` on run-time sizes does not hold for these inputs."""


@dataclass(slots=True)
class Frame:
    """One running body: where it is, what its names stand for, and the run-time sizes.

    Sizes are formulas over the root's run-time sizes and the block's own states, so a frame begins with its caller's.
    """

    path: Path
    unit: Unit | None
    names: dict[str, Any] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)


def number(size: Size, frame: Frame, missing: Any = InternalError) -> Any:
    """The size here; `missing` (or InternalError) where it depends on sizes that nothing has bound."""
    if isinstance(size.ground, int):
        return size.ground
    try:
        return size.ground.evaluate(frame.sizes)
    except KeyError as unknown:
        if missing is InternalError:
            raise InternalError(f"the size {unknown} is not bound in {show(frame.path) or 'the root'}") from None
        return missing


def bound_sizes(body: d.Body, args: list[Any]) -> dict[str, int]:
    """The root's run-time sizes, read off what the caller gave."""
    sizes: dict[str, int] = {}
    own: dict[str, int] = {}
    given = {each.name: value for each, value in zip(body.inputs, args, strict=True) if value is not None}
    for each in body.inputs:
        if each.size is not None and each.name in given:
            sizes[str(each.size.ground)] = int(given[each.name])
    types = {each.name: each.type for each in body.inputs}
    for name, (source, axis) in body.sizes:
        type = types.get(source)
        if isinstance(given.get(source), Tensor) and isinstance(type, d.Tensor):
            found = given[source].shape[axis]
            if own.setdefault(name, found) != found:
                raise RequireFailed(f"{name} is {own[name]} and {found} at once")
            sizes[str(type.dims[axis].ground)] = found  # formulas may call it as another entry point does
    return sizes


def plain(value: Any) -> Any:
    """A compile-time value as bare Python: ints, floats, tuples, words."""
    if isinstance(value, Size | Real):
        return value.value
    if isinstance(value, tuple):
        return tuple(plain(item) for item in value)
    return value.name if isinstance(value, Named) else value


COMPARE: dict[str, Callable[[int, int], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
