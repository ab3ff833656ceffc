"""What pieces of code have in common: a template, with holes where they differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sharedsl import pytree as py
from sharedsl.record import dataclass, fields

Turn = tuple[py.Stmt, ...]


@dataclass(frozen=True, slots=True)
class Hole:
    """Stands in a template where the turns differ; `number` says which sequence of values goes there."""

    number: int


class Unlike(Exception):
    """The turns differ in more than indices."""


def unify(items: Sequence[Any], sequences: list[tuple[object, ...]]) -> Any:
    """One template for all items; the values in its holes are appended to `sequences`."""
    first = items[0]
    if all(item == first and type(item) is type(first) for item in items):
        return first
    if all(isinstance(item, py.Const) and _index(item.value) for item in items):
        values = tuple(item.value for item in items)
        if values not in sequences:
            sequences.append(values)
        return Hole(sequences.index(values))
    if isinstance(first, tuple):
        if any(not isinstance(item, tuple) or len(item) != len(first) for item in items):
            raise Unlike
        return tuple(unify(column, sequences) for column in zip(*items, strict=True))
    if not hasattr(first, "__dataclass_fields__") or any(type(item) is not type(first) for item in items):
        raise Unlike
    return type(first)(
        **{
            each.name: _comment(items)
            if each.name == "comment"
            else unify([getattr(item, each.name) for item in items], sequences)
            for each in fields(first)
        }
    )


def _comment(items: Sequence[Any]) -> str:
    """What is said of one turn only, such as the shape that comes into the first, is left out."""
    comments: list[str] = [item.comment for item in items]
    return min(comments, key=len)


def _index(value: object) -> bool:
    if isinstance(value, str):
        return value.isdigit()
    return isinstance(value, int) and not isinstance(value, bool)
