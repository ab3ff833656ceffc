"""Lists of modules in the code, and how it goes through their elements in an order."""

from __future__ import annotations

from sharedsl import pytree as py
from sharedsl.record import dataclass


@dataclass(frozen=True, slots=True)
class Container:
    """A list of modules in the code: `keys` are the elements that exist; `keyed`: a ModuleDict."""

    keys: tuple[int, ...]
    keyed: bool
    #: its length as the code writes it, where that is a parameter
    count: py.Expr | None = None


class Orders:
    """The constants of the file that hold irregular orders."""

    def __init__(self) -> None:
        self.found: dict[tuple[object, ...], str] = {}

    def name(self, values: tuple[object, ...], hint: str) -> str:
        if values not in self.found:
            taken = set(self.found.values())
            name, number = hint, 2
            while name in taken:
                name, number = f"{hint}_{number}", number + 1
            self.found[values] = name
        return self.found[values]


def elements_in_order(container: py.Expr, known: Container, values: tuple[int, ...]) -> py.Expr | None:
    """The container, or a slice of it, if `values` are its elements in order."""
    if known.keyed:
        return py.Call(py.Attr(container, "values")) if values == known.keys else None
    length = len(known.keys)
    if values == tuple(reversed(range(length))):
        return py.Call(py.Name("reversed"), (container,))
    if values != tuple(range(values[0], values[0] + len(values))):
        return None
    if len(values) == length:
        return container
    start = py.Const(values[0]) if values[0] else None
    stop = py.Const(values[-1] + 1) if values[-1] + 1 < length else None
    return py.Index(container, py.SliceExpr(start, stop))


def index_in_terms(values: tuple[int, ...], start: int) -> py.Expr | None:
    """`values` as a function of i = start, start + 1, .."""
    name: py.Expr = py.Name("i")
    counted = range(start, start + len(values))
    offset = values[0] - start
    if all(value == i + offset for value, i in zip(values, counted, strict=True)):
        if offset == 0:
            return name
        return py.Binary("+" if offset > 0 else "-", name, py.Const(abs(offset)))
    if all(value == 2 * start + len(values) - 1 - i for value, i in zip(values, counted, strict=True)):
        return py.Binary("-", py.Const(2 * start + len(values) - 1), name)
    step = (values[-1] - values[0]) // max(1, len(values) - 1)
    if step > 1 and all(value == step * i for value, i in zip(values, counted, strict=True)):
        return py.Binary("*", py.Const(step), name)
    for n in range(2, len(values) + 1):
        if all(value == i // n for value, i in zip(values, counted, strict=True)):
            return py.Binary("//", name, py.Const(n))
        if all(value == i % n for value, i in zip(values, counted, strict=True)):
            return py.Binary("%", name, py.Const(n))
    return None
