"""What a primitive layer is: its arguments, weights, shape rule, cost, and how torch code for it reads."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TypeAlias

from sharedsl import pytree as py
from sharedsl.model.dataflow import Tensor, Type
from sharedsl.model.sites import Axis, Init, WeightSpec
from sharedsl.model.sizes import Real, Size, Value, combine, literal, product, real, size
from sharedsl.model.tree import BufferSpec
from sharedsl.ops.base import ShapeError, number, tensor
from sharedsl.record import dataclass

Args = Mapping[str, Value]
Inputs = tuple[Type | None, ...]
Codes: TypeAlias = "tuple[py.Expr | None, ...]"
Weights: TypeAlias = "Mapping[str, py.Expr | None]"


@dataclass(frozen=True, slots=True)
class LayerParam:
    """`kind` is int, float, bool, str, or sizes (one size or a list of them)."""

    name: str
    kind: str
    required: bool = True
    default: object = None
    doc: str = ""


@dataclass(frozen=True, slots=True)
class LayerInput:
    name: str
    optional: bool = False


class Layer(ABC):
    """A primitive. Subclasses state the attributes and override what differs; one instance each is in LAYERS.

    `args` has a value for every parameter, and for lists of sizes their labels under "<parameter>.axes". The weights
    that `weights` describes are torch's, by torch's names; several axes on one side of a Linear are registered joined.
    """

    name: str
    params: tuple[LayerParam, ...] = ()
    inputs: tuple[LayerInput, ...] = (LayerInput("x"),)
    doc: str = ""
    #: for the documentation: the shapes it maps, and how many parameters and FLOPs it has
    shapes: str = ""
    counts: str = "none"
    work: str = "0"
    torch: str = ""

    def check(self, args: Args) -> str | None:
        """What is wrong with the sizes, if anything is."""
        return not_positive(
            args, [param.name for param in self.params if param.kind in ("int", "sizes") and param.required]
        )

    def weights(self, args: Args) -> tuple[WeightSpec, ...]:
        return ()

    def buffers(self, args: Args) -> tuple[BufferSpec, ...]:
        return ()

    def result(self, args: Args, inputs: Inputs) -> Type:
        """The result's type. ShapeError where an input does not fit."""
        return tensor(inputs, 0, "the input")

    def flops(self, args: Args, inputs: Inputs, result: Type) -> Size:
        """Forward FLOPs as torch's counter counts them."""
        return size(0)

    @abstractmethod
    def module(self, args: Args, cx: py.CodeContext) -> py.Expr:
        """The constructor of torch's module."""

    def call(self, module: py.Expr, inputs: Codes, args: Args, cx: py.CodeContext) -> py.Expr:
        """The module applied, with the axes of the language."""
        return py.Call(module, tuple(code for code in inputs if code is not None))

    @abstractmethod
    def functional(self, inputs: Codes, weights: Weights, args: Args, cx: py.CodeContext) -> py.Expr:
        """The same computation with the weights given, in torch's shapes."""


# ---------------------------------------------------------------------------- arguments


def size_arg(args: Args, name: str) -> Size:
    value = args[name]
    assert isinstance(value, Size)
    return value


def sizes_arg(args: Args, name: str) -> tuple[Size, ...]:
    """One size as a tuple of one."""
    value = args[name]
    if isinstance(value, tuple):
        found = tuple(each for each in value if isinstance(each, Size))
        assert len(found) == len(value)
        return found
    return (size_arg(args, name),)


def float_arg(args: Args, name: str) -> Real:
    value = args[name]
    if isinstance(value, Size) and value.value is not None:
        return Real(float(value.value), value.code)
    assert isinstance(value, Real)
    return value


def bool_arg(args: Args, name: str) -> bool:
    return args[name] is True


def not_positive(args: Args, names: list[str]) -> str | None:
    """A sentence about the first size that is below 1."""
    for name in names:
        if name not in args or args[name] is None:
            continue
        sizes = sizes_arg(args, name)
        if not sizes:
            return f"`{name}` is an empty list"
        for each in sizes:
            if each.value is not None and each.value < 1:
                return f"`{name}` is {each}, and must be at least 1"
    return None


def axes_of(args: Args, name: str, side: str) -> tuple[Axis, ...]:
    """The axes that an argument stands for: a list has labels of its own, one size is called as the parameter."""
    sizes = sizes_arg(args, name)
    labels = args.get(f"{name}.axes")
    if isinstance(labels, tuple) and len(labels) == len(sizes):
        names: list[str | None] = [label if isinstance(label, str) else None for label in labels]
    else:
        names = [None] * len(sizes) if isinstance(args[name], tuple) and len(sizes) > 1 else [name]
    return tuple(Axis(each, label, "in" if side == "in" else "out") for each, label in zip(sizes, names, strict=True))


# ---------------------------------------------------------------------------- inits


def kaiming() -> Init:
    """As torch's Linear and convolutions begin: uniform within 1 / sqrt(fan-in)."""
    return Init("kaiming_uniform")


def within(fan: Size) -> Init:
    """uniform(fan ** -0.5): torch's biases and recurrent weights."""
    return Init("uniform", (("bound", real("**", fan, Real(-0.5, literal(-0.5)))),))


def normal(std: float) -> Init:
    return Init("normal", (("std", Real(std, literal(std))),))


# ---------------------------------------------------------------------------- shapes


def last_axes(given: Tensor, wanted: tuple[Size, ...], layer: str) -> tuple[Size, ...]:
    """The axes before the last ones, which must be `wanted`."""
    count = len(wanted)
    if given.dtype != "float":
        raise ShapeError(f"{layer} takes floats, and the input is {given}", 0)
    if len(given.dims) < count:
        raise ShapeError(
            f"{layer} takes inputs whose last {count} axes are {shown(wanted)}, and the input is {given}", 0
        )
    have = given.dims[len(given.dims) - count :]
    if not all(map(Size.same, have, wanted)):
        if count == 1:
            raise ShapeError(f"{layer} takes a last axis of {wanted[0]}, and the input {given} has {have[0]}", 0)
        raise ShapeError(f"{layer} takes last axes of {shown(wanted)}, and the input {given} has {shown(have)}", 0)
    return given.dims[: len(given.dims) - count]


def shown(sizes: tuple[Size, ...]) -> str:
    return f"[{', '.join(map(str, sizes))}]"


def channels(given: Tensor, wanted: Size, spatial: tuple[int, ...], layer: str) -> None:
    """The input must be [B, C, ..] with as many further axes as one of `spatial`."""
    ranks = [each + 2 for each in spatial]
    if given.dtype != "float" or len(given.dims) not in ranks:
        letters = {2: "[B, C]", 3: "[B, C, L]", 4: "[B, C, H, W]", 5: "[B, C, D, H, W]"}
        words = " or ".join(f"float{letters[rank]}" for rank in ranks)
        raise ShapeError(f"{layer} takes {words}, and the input is {given}", 0)
    if not given.dims[1].same(wanted):
        raise ShapeError(f"{layer} takes {wanted} channels, and the input {given} has {given.dims[1]}", 0)


# ---------------------------------------------------------------------------- code


def joined(sizes: tuple[Size, ...]) -> py.Expr:
    """The product as code: `heads * head_dim`."""
    return number(product(sizes))


def flag(value: bool, usual: bool) -> py.Expr | None:
    """A keyword for a bool that is not torch's default."""
    return None if value == usual else py.Const(value)


def unless(value: Size | Real, usual: float) -> py.Expr | None:
    """A keyword for a number that is not torch's default, or that follows a parameter."""
    return None if value.value == usual and not value.code.names() else number(value)


def given(inputs: Codes, at: int = 0) -> py.Expr:
    code = inputs[at]
    assert code is not None
    return code


def times(*sizes: Size) -> Size:
    result = sizes[0]
    for each in sizes[1:]:
        result = combine("*", result, each)
    return result
