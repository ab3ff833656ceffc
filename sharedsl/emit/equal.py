"""When two layers are the same but for their weights."""

from __future__ import annotations

from sharedsl.emit.terms import literal_of
from sharedsl.model.tree import Unit


def same_unit(one: Unit, other: Unit) -> bool:
    """Whether they compute the same from the same weights; how these begin is no part of it."""
    if one is other:
        return True
    if (one.name, one.variant) != (other.name, other.variant) or one.kind != other.kind or _plain(one) != _plain(other):
        return False
    return one.children.keys() == other.children.keys() and all(
        len(child.units) == len(other.children[name].units)
        and all(same_unit(a, b) for a, b in zip(child.units, other.children[name].units, strict=True))
        for name, child in one.children.items()
    )


def _plain(unit: Unit) -> str:
    return repr([(name, literal_of(value)) for name, value in unit.arguments.items()])
