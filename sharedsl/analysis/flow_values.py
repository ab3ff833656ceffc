"""What an expression of `forward` can stand for: a compile-time value, a run-time expression, or a layer."""

from __future__ import annotations

from typing import Any

from sharedsl.comptime.values import kind_of
from sharedsl.model import dataflow as d
from sharedsl.model.sizes import Named, Real, Size
from sharedsl.record import dataclass
from sharedsl.source import Span

#: a compile-time value, a d.Expr, a Ref, a Forwarding, a Presence, Bad, or a tuple of them
V = Any


@dataclass(frozen=True, slots=True)
class Ref:
    """A declared layer: one (indices None), elements of a stack, or the whole stack. `method` is a named forward."""

    child: str
    indices: tuple[int, ...] | None = None
    #: True for the whole stack, not a slice of it
    whole: bool = False
    #: True for one element of a stack, `layers[3]`
    element: bool = False
    method: str | None = None


@dataclass(frozen=True, slots=True)
class Forwarding:
    """Another forward of the same block, by its name."""

    name: str


@dataclass(frozen=True, slots=True)
class Presence:
    """`x != none` for an optional input: known when the module runs. `positive`: true where it is given."""

    name: str
    positive: bool


@dataclass(frozen=True, slots=True)
class Both:
    """`a and b` of which at least one part is only known at run time; `either` for `or`."""

    left: V
    right: V
    either: bool = False


class Bad:
    """What a name stands for whose value could not be found; that is reported already."""

    __slots__ = ()


BAD = Bad()

RUNTIME = (
    *(d.Var, d.Const, d.Weight, d.Buffer, d.Op, d.Call, d.CallSelf, d.CallFunction),
    *(d.Once, d.Pick, d.Collect, d.IfPresent),
)
CONDITIONS = (Presence, Both)
SCALARS = {"int": d.Tensor("int", ()), "float": d.Tensor("float", ()), "bool": d.Tensor("bool", ())}


def is_runtime(value: V) -> bool:
    """Whether a value, or a part of a list, is only known when the module runs."""
    if isinstance(value, tuple):
        return any(is_runtime(item) for item in value)
    return isinstance(value, RUNTIME)


def is_static(value: V) -> bool:
    """Whether a value is known when the spec is compiled, through and through."""
    if isinstance(value, tuple):
        return all(is_static(item) for item in value)
    return value is None or isinstance(value, bool | str | Size | Real | Named)


def const(value: Size | Real | bool, span: Span) -> d.Const:
    """A compile-time number as an operand."""
    kind = "bool" if isinstance(value, bool) else "int" if isinstance(value, Size) else "float"
    return d.Const(value, SCALARS[kind], span=span)


def operand(value: V, span: Span) -> d.Expr | None:
    """A value as a run-time expression; None where it cannot be one."""
    if isinstance(value, RUNTIME):
        return value
    if isinstance(value, bool | Size | Real):
        return const(value, span)
    if isinstance(value, tuple):
        items = [operand(item, span) for item in value]
        found = tuple(item for item in items if item is not None)
        return (
            d.Collect(found, d.Many(tuple(item.type for item in found)), span=span)
            if len(found) == len(items)
            else None
        )
    return None


def described(value: V) -> str:
    """A value as messages name it."""
    match value:
        case Ref():
            return f"the layer `{value.child}`"
        case Forwarding():
            return f"the forward `{value.name}`"
        case Presence() | Both():
            return "a run-time condition"
        case Named():
            return f"the {value.kind} `{value.name}`"
        case _ if isinstance(value, RUNTIME):
            return str(value.type) if isinstance(value.type, d.Tensor) else "a list of values"
        case _:
            return kind_of(value)


def negated(condition: V) -> V:
    match condition:
        case Presence():
            return Presence(condition.name, not condition.positive)
        case Both():
            return Both(negated(condition.left), negated(condition.right), not condition.either)
        case _:
            return not condition


def same_type(a: d.Type, b: d.Type) -> bool:
    if isinstance(a, d.Many) or isinstance(b, d.Many):
        return (
            isinstance(a, d.Many)
            and isinstance(b, d.Many)
            and len(a.items) == len(b.items)
            and all(same_type(x, y) for x, y in zip(a.items, b.items, strict=True))
        )
    alike = a.dtype == b.dtype and len(a.dims) == len(b.dims)
    return alike and all(x.same(y) for x, y in zip(a.dims, b.dims, strict=True))
