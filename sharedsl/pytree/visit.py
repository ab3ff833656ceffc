"""Every node of a tree, and the names that it uses."""

from __future__ import annotations

from collections.abc import Iterator

from sharedsl.pytree.expression_nodes import Expr, Name
from sharedsl.pytree.statement_nodes import Module, Stmt
from sharedsl.record import fields


def walk(node: object) -> Iterator[object]:
    """`node` and every node below it, in order."""
    if isinstance(node, tuple | list):
        for each in node:
            yield from walk(each)
    elif hasattr(node, "__dataclass_fields__"):
        yield node
        for each in fields(node):  # type: ignore[arg-type]
            yield from walk(getattr(node, each.name))


def names_used(node: Expr | Stmt | Module | tuple[Stmt, ...]) -> set[str]:
    """The identifiers that are read or written anywhere in it."""
    return {each.id for each in walk(node) if isinstance(each, Name)}
