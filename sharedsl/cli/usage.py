"""Three lines that use a compiled module, with inputs of the right shapes."""

from __future__ import annotations

from collections.abc import Iterator

from sharedsl.analysis.budget.uses import expressions, main_entry, walk
from sharedsl.model import dataflow as d
from sharedsl.model.poly import Poly
from sharedsl.model.sizes import Size
from sharedsl.model.tree import Model, Unit

#: what run-time sizes are in the example
_SIZES = {"B": 1, "H": 32, "W": 32}
_OTHER = 16


def usage(model: Model, module: str, name: str) -> str:
    """The import line and three lines of use."""
    lines = ["import torch", f"from {module} import {name}", ""]
    entry = main_entry(model)
    if entry is None:
        return "\n".join([*lines, f"model = {name}()", ""])
    body = model.root.bodies[entry]
    inputs = [each for each in body.inputs if each.type is not None and each.default is None and not _optional(each)]
    made = [(each.name, _example(each, body, model.root)) for each in inputs]
    method = f".{body.name}" if body.name else ""
    lines += [f"model = {name}()"]
    lines += [f"{input_name} = {text}" for input_name, text in made]
    lines += [f"output = model{method}({', '.join(input_name for input_name, _ in made)})", ""]
    return "\n".join(lines)


def _optional(each: d.Input) -> bool:
    return isinstance(each.type, d.Tensor) and each.type.optional


def _example(each: d.Input, body: d.Body, root: Unit) -> str:
    if each.size is not None:
        return "1"
    assert isinstance(each.type, d.Tensor)
    shape = ", ".join(str(_number(dim)) for dim in each.type.dims)
    if each.type.dtype == "int":
        return f"torch.randint({_bound(each.name, body, root)}, ({shape}{',' if len(each.type.dims) == 1 else ''}))"
    if each.type.dtype == "bool":
        return f"torch.ones({shape}, dtype=torch.bool)"
    return f"torch.randn({shape})"


def _number(dim: Size) -> int:
    if isinstance(dim.ground, Poly):
        return dim.ground.evaluate({name: _SIZES.get(name, _OTHER) for name in dim.ground.names()})
    return dim.ground


def _bound(name: str, body: d.Body, root: Unit) -> int:
    """How many rows the table has that an input looks up; 2 where none does."""
    for rows in _lookups(name, body, root):
        return rows
    return 2


def _lookups(name: str, body: d.Body, unit: Unit) -> Iterator[int]:
    found: list[int] = []

    def visit(expr: d.Expr) -> None:
        match expr:
            case d.Call(args=(d.Var(name=given), *_), uses=(use, *_)) if given == name:
                child = unit.children[use.child].units[use.index or 0]
                rows = child.arguments.get("rows")
                if child.name == "Embedding" and isinstance(rows, Size) and rows.value:
                    found.append(rows.value)
            case d.CallSelf():
                inner = unit.bodies[expr.body]
                for at, arg in enumerate(expr.args):
                    if isinstance(arg, d.Var) and arg.name == name:
                        found.extend(_lookups(inner.inputs[at].name, inner, unit))

    for expr in expressions(body.statements):
        walk(expr, visit)
    yield from found
