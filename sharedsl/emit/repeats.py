"""Values that are to be repeated along an axis, and are not before something needs it: the heads of groups."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sharedsl import pytree as py
from sharedsl.model import dataflow as d
from sharedsl.model.sizes import Size, combine, size
from sharedsl.model.sizes import Value as Argument
from sharedsl.record import dataclass, replace

#: (axis counted from the end, times): the value is to be repeated so before anything but attention mixes the axis
Repeat = tuple[int, Size]
#: operations of one tensor that act on each element alone
ELEMENTWISE = frozenset(
    (
        *("neg", "abs", "exp", "log", "sqrt", "rsqrt", "relu", "gelu", "gelu_tanh", "silu", "tanh", "sigmoid"),
        *("square", "sin", "cos", "erf", "softplus", "elu", "dropout", "cast", "stop_gradient", "once"),
        *("rotary", "rotate"),
    )
)


@dataclass(frozen=True, slots=True)
class Repeated:
    """Slices along an axis of a Linear's outputs that are one: `times` of them each, or all but `left` different ones.

    A plan says one of the two numbers; the other follows from the caller's sizes.
    """

    axis: int
    times: int
    left: int | None

    def small(self, whole: Size) -> Size:
        """How many different ones there are of `whole`."""
        return size(self.left) if self.left is not None else combine("//", whole, size(self.times))

    def often(self, whole: Size) -> Size:
        """How often each of them stands in `whole`."""
        if self.left is None:
            return size(self.times)
        return whole if self.left == 1 else combine("//", whole, size(self.left))

    def rest(self, whole: Size) -> Size | None:
        """What has to be zero; None where any size goes."""
        return None if self.left == 1 else combine("%", whole, size(self.left or self.times))


def smaller_outputs(arguments: Mapping[str, Argument], repeated: Repeated) -> dict[str, Argument]:
    """A Linear's arguments before its outputs are repeated."""
    axis, outputs = repeated.axis, arguments["outputs"]
    if isinstance(outputs, tuple):
        part = outputs[axis]
        assert isinstance(part, Size)
        small: Argument = (*outputs[:axis], repeated.small(part), *outputs[axis + 1 :])
    else:
        assert isinstance(outputs, Size)
        small = repeated.small(outputs)
    return {**arguments, "outputs": small}


@dataclass(slots=True)
class Value:
    code: py.Expr
    repeat: Repeat | None = None


def whole(value: Value) -> py.Expr:
    """The value with its repeat carried out."""
    if value.repeat is None:
        return value.code
    axis, times = value.repeat
    return py.method(value.code, "repeat_interleave", py.arith(times.code), dim=py.integer(axis))


def carried(expr: d.Op, values: list[Value | None], states: Collection[str]) -> Repeat | None:
    """The repeat that the result inherits, where the operation leaves the repeated axis alone."""
    found = {value.repeat for value in values if value is not None and value.repeat is not None}
    if len(found) != 1:
        return None
    repeat = found.pop()
    if expr.op in ELEMENTWISE and values[0] is not None and values[0].repeat == repeat:
        return repeat
    if expr.op == "concat" and isinstance(expr.type, d.Tensor):
        rank = len(expr.type.dims)
        axis = expr.setting("axis")
        at = axis.value if isinstance(axis, Size) else None
        for arg, value in zip(expr.args, values, strict=True):
            if value is not None and value.repeat is None:
                if not (isinstance(arg, d.Var) and arg.name in states):
                    return None
                value.repeat = repeat
        return repeat if at is not None and at % rank != repeat[0] % rank else None
    return None


def grouped(values: list[Value | None]) -> bool:
    """Keys and values are grouped alike, on the axis of heads."""
    keys, mixed = values[1], values[2]
    return keys is not None and mixed is not None and keys.repeat == mixed.repeat and (keys.repeat or (0, 0))[0] == -2


def smaller(type_: d.Type | None, repeat: Repeat) -> d.Type | None:
    """The type before the repeat."""
    if not isinstance(type_, d.Tensor):
        return type_
    axis, times = repeat
    dims = list(type_.dims)
    dims[axis] = size(1) if dims[axis].same(times) else combine("//", dims[axis], times)
    return replace(type_, dims=tuple(dims))
