"""Weights of other owners that a forward reads: got from each owner once, at the top, under names of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from sharedsl import pytree as py


def fetches(fetched: Mapping[py.Expr, tuple[str, ...]], body: Sequence[py.Stmt]) -> list[py.Stmt]:
    """`weight_u, weight_v = self.up()`; what nothing reads is `_`."""
    used = py.names_used(tuple(body))
    found: list[py.Stmt] = []
    for code, names in fetched.items():
        targets = tuple(py.Name(name if name in used or len(names) == 1 else "_") for name in names)
        found.append(py.Assign((targets[0] if len(targets) == 1 else py.TupleExpr(targets),), code))
    return found


def fetched_names(owner: py.Expr, wanted: Sequence[str], fresh: Callable[[str], str]) -> tuple[str, ...]:
    """Names for what an owner gives: the weights' own, or with the owner's where others are called so already."""
    names: list[str] = []
    layer = next((part.name for part in _inside_out(owner)), "")
    for each in wanted:
        name, number = fresh(each), 2
        if name != each and fresh(f"{layer}_{each}") == f"{layer}_{each}":
            name = f"{layer}_{each}"
        while name in names:
            name, number = fresh(f"{each}_{number}"), number + 1
        names.append(name)
    return tuple(names)


def _inside_out(code: py.Expr) -> Iterator[py.Attr]:
    """The attributes on the way to a module, the last one first."""
    while isinstance(code, py.Attr | py.Index):
        if isinstance(code, py.Attr):
            yield code
        code = code.value
