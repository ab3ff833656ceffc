"""What an operation is: its parameters, its shape rule, its cost, and how torch code for it reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from sharedsl import pytree as py
from sharedsl.model import sizes
from sharedsl.model.dataflow import Many, Setting, Tensor, Type
from sharedsl.model.sizes import Real, Size
from sharedsl.ops.errors import ShapeError as ShapeError
from sharedsl.record import dataclass

Args = tuple[Type | None, ...]
Settings = Mapping[str, Setting]
Codes: TypeAlias = "tuple[py.Expr | None, ...]"


@dataclass(frozen=True, slots=True)
class OpParam:
    """A parameter of an operation. `kind` says how an argument reaches it:

    - "tensor": an operand, an entry of `args` (None where it is left out); numbers are operands of no axes;
    - "tensors": all further positional arguments, or the items of the one list given, each an entry of `args`;
    - "setting": known at compile time, in `settings` under its name;
    - "sizes": all further positional arguments, or the one list given, as one tuple of Sizes in `settings`;
    - "names": sizes by the names of a pattern, in `settings` (see `patterns.wanted`).

    `maybe`: the operand may be missing at run time (`Tensor.optional`).
    """

    name: str
    kind: str = "tensor"
    required: bool = True
    default: Setting = None
    maybe: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """One use of an operation, as its code sees it."""

    codes: Codes
    settings: Settings
    types: Args
    result: Type
    cx: py.CodeContext

    def code(self, at: int) -> py.Expr:
        found = self.codes[at]
        assert found is not None
        return found

    def type(self, at: int) -> Tensor:
        found = self.types[at]
        assert isinstance(found, Tensor)
        return found

    def given(self, at: int) -> bool:
        return at < len(self.codes) and self.codes[at] is not None


def no_cost(args: Args, settings: Settings, result: Type) -> Size:
    return sizes.size(0)


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation of the language. `rule`, `emit` and `cost` are told the settings with their defaults filled in."""

    name: str
    params: tuple[OpParam, ...]
    doc: str
    rule: Callable[[Args, Settings], Type]
    emit: Callable[[Call], py.Expr]
    cost: Callable[[Args, Settings, Type], Size] = no_cost

    def result(self, args: Args, settings: Mapping[str, Setting]) -> Type:
        """The result's type. ShapeError where the operands or settings do not go together."""
        self._check(args)
        return self.rule(args, self.filled(settings))

    def flops(self, args: Args, settings: Mapping[str, Setting], result: Type) -> Size:
        """Twice the multiply-accumulates of matrix products, convolutions and attention, as torch's counter counts."""
        return self.cost(args, self.filled(settings), result)

    def code(
        self, args: Codes, settings: Mapping[str, Setting], types: Args, result: Type, cx: py.CodeContext
    ) -> py.Expr:
        """The torch expression for operands whose expressions are `args`."""
        return self.emit(Call(args, self.filled(settings), types, result, cx))

    def filled(self, settings: Mapping[str, Setting]) -> dict[str, Setting]:
        usual = {one.name: one.default for one in self.params if one.kind in ("setting", "sizes")}
        return {**usual, **settings}

    def _check(self, args: Args) -> None:
        operands = [one for one in self.params if one.kind in ("tensor", "tensors")]
        for at, arg in enumerate(args):
            one = operands[min(at, len(operands) - 1)] if operands else None
            if one is None:
                continue
            if arg is None and one.required:
                raise ShapeError(f"`{self.name}` needs `{one.name}`", at)
            if isinstance(arg, Tensor) and arg.optional and not one.maybe:
                raise ShapeError(f"`{one.name}` may be missing here; test it with `if ... != none` first", at)


# ---------------------------------------------------------------------------- numbers and settings


def real(value: float) -> Real:
    return Real(value, sizes.literal(value))


def number(setting: Setting) -> py.Expr:
    """A setting's code: `heads`, `4 * dim`, `0.5`, `(3, 3)`."""
    match setting:
        case Size() | Real():
            return py.arith(setting.code)
        case tuple():
            return py.TupleExpr(tuple(number(item) for item in setting))
        case _:
            return py.Const(setting)


def whole(setting: Setting, what: str) -> int:
    """A whole number that is known now."""
    if isinstance(setting, Size) and setting.value is not None:
        return setting.value
    raise ShapeError(f"{what} must be a whole number that is known at compile time")


def size_of(setting: Setting, what: str) -> Size:
    if isinstance(setting, Size):
        return setting
    raise ShapeError(f"{what} must be a size")


def sizes_of(setting: Setting, what: str) -> tuple[Size, ...]:
    """One size or a list of them; a list in a list is that list."""
    if isinstance(setting, Size):
        return (setting,)
    if isinstance(setting, tuple):
        if len(setting) == 1 and isinstance(setting[0], tuple):
            return sizes_of(setting[0], what)
        return tuple(size_of(item, what) for item in setting)
    raise ShapeError(f"{what} must be sizes")


# ---------------------------------------------------------------------------- operands


def tensor(args: Args, at: int, what: str) -> Tensor:
    """Operand number `at`, which must be a tensor or a number."""
    found = args[at] if at < len(args) else None
    if isinstance(found, Tensor):
        return found
    raise ShapeError(f"{what} must be a tensor" + (", and this is a list" if isinstance(found, Many) else ""), at)


def listed(args: Args) -> tuple[Tensor, ...]:
    """Operands given one by one or as one list."""
    if len(args) == 1 and isinstance(args[0], Many):
        args = args[0].items
    return tuple(tensor(args, at, "each operand") for at in range(len(args)))


def axis_of(setting: Setting, of: Tensor, what: str = "axis") -> int:
    """An axis counted from 0; ShapeError where there is no such axis."""
    at, rank = whole(setting, f"`{what}`"), len(of.dims)
    if not -rank <= at < rank:
        raise ShapeError(f"`{what}` is {at}, and {of} has {rank} ax{'i' if rank == 1 else 'e'}s")
    return at % rank


def place(setting: Setting) -> py.Expr:
    """An axis as code."""
    return py.integer(whole(setting, "`axis`"))


def replaced(dims: tuple[Size, ...], at: int, by: tuple[Size, ...]) -> tuple[Size, ...]:
    return dims[:at] + by + dims[at + 1 :]


def is_one(size: Size) -> bool:
    return size.value == 1


def ordinal(at: int, rank: int) -> str:
    """`the last axis`, `axis 1`."""
    return "the last axis" if at == rank - 1 else f"axis {at}"


def broadcast(types: list[Tensor]) -> tuple[Size, ...]:
    """The axes of an elementwise result, by numpy's rule. Sizes are equal, or 1 and known to be."""
    rank = max(len(each.dims) for each in types)
    dims: list[Size] = []
    for back in range(rank, 0, -1):
        chosen: Size | None = None
        holder = 0
        for at, each in enumerate(types):
            if len(each.dims) < back:
                continue
            here = each.dims[-back]
            if chosen is None or (is_one(chosen) and not is_one(here)):
                chosen, holder = here, at
            elif not is_one(here) and not here.same(chosen):
                where = "along the last axis" if back == 1 else f"along axis {-back}, counted from the end"
                raise ShapeError(f"{types[holder]} and {each} differ {where}: {chosen} and {here}", at)
        assert chosen is not None
        dims.append(chosen)
    return tuple(dims)


def kind_of(types: list[Tensor]) -> str:
    """float over int over bool."""
    kinds = {each.dtype for each in types}
    return "float" if "float" in kinds else "int" if "int" in kinds else "bool"
