"""Long lists of values that differ only in an index, as a comprehension: `[layer(x[:, i]) for i, layer in ..]`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sharedsl import pytree as py
from sharedsl.emit.elements import Container
from sharedsl.emit.rewriting import contains, replace
from sharedsl.emit.templates import Hole, Unlike, unify

#: shorter lists read well as they are
FEW = 4


def collected(
    code: py.Expr, containers: Mapping[py.Expr, Container], counts: Mapping[str, tuple[int, py.Expr]]
) -> py.Expr:
    """A call of what joins several tensors, with these as a comprehension where that says it."""
    if not isinstance(code, py.Call) or not code.args or not isinstance(code.args[0], py.TupleExpr | py.ListExpr):
        return code
    made = _comprehension(code.args[0].items, containers, counts)
    return code if made is None else py.Call(code.func, (made, *code.args[1:]), code.kwargs)


def _comprehension(
    items: tuple[py.Expr, ...], containers: Mapping[py.Expr, Container], counts: Mapping[str, tuple[int, py.Expr]]
) -> py.Expr | None:
    """The list, where all of its items are one expression of a number that counts them from 0."""
    if len(items) < FEW or not any(isinstance(each, py.Call) for each in py.walk(items)):
        return None
    sequences: list[tuple[object, ...]] = []
    try:
        element: Any = unify(list(items), sequences)
    except Unlike:
        return None
    if sequences != [tuple(range(len(items)))]:
        return None
    number, layer = py.Name("i"), py.Name("layer")
    for container, known in containers.items():
        place = py.Index(container, Hole(0))  # type: ignore[arg-type]
        if contains(element, place) and not known.keyed and len(known.keys) == len(items):
            inside = replace(element, place, layer)
            if not contains(inside, Hole(0)):
                return py.ListComp(inside, layer, container)
            each = py.Call(py.Name("enumerate"), (container,))
            return py.ListComp(replace(inside, Hole(0), number), py.TupleExpr((number, layer)), each)
    named = [part.name for part in py.walk(element) if isinstance(part, py.Attr)]
    lengths = [code for stack, (length, code) in counts.items() if stack in named and length == len(items)]
    length = lengths[0] if lengths else py.Const(len(items))
    return py.ListComp(replace(element, Hole(0), number), number, py.Call(py.Name("range"), (length,)))
