"""Parts of a piece of code: whether it has one, and the code with another in its place."""

from __future__ import annotations

from typing import Any

from sharedsl.record import fields


def replace(node: Any, old: Any, new: Any) -> Any:
    """`node` with every part equal to `old` replaced."""
    if type(node) is type(old) and node == old:
        return new
    if isinstance(node, tuple):
        return tuple(replace(item, old, new) for item in node)
    if hasattr(node, "__dataclass_fields__"):
        parts = {each.name: getattr(node, each.name) for each in fields(node)}
        changed = {name: replace(part, old, new) for name, part in parts.items()}
        if all(changed[name] is parts[name] for name in parts):
            return node
        return type(node)(**changed)
    return node


def contains(node: Any, part: Any) -> bool:
    if type(node) is type(part) and node == part:
        return True
    if isinstance(node, tuple):
        return any(contains(item, part) for item in node)
    if hasattr(node, "__dataclass_fields__"):
        return any(contains(getattr(node, each.name), part) for each in fields(node))
    return False
