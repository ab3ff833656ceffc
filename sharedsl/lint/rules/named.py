"""The words that selectors are made of."""

from __future__ import annotations

from sharedsl.syntax import ast


def names_in(selector: ast.Selector) -> set[str]:
    """Every name and wildcard of a selector."""
    found: set[str] = set()
    for segment in selector.segments:
        if segment.name:
            found.add(segment.name)
        for each in segment.alternatives:
            found |= names_in(each)
    return found


def mentioned(node: object) -> set[str]:
    """The names that a part of a tree refers to."""
    found: set[str] = set()
    todo = [node]
    while todo:
        here = todo.pop()
        if isinstance(here, ast.Name):
            found.add(here.name)
        elif isinstance(here, tuple):
            todo += here
        elif hasattr(here, "__dataclass_fields__"):
            for name in here.__dataclass_fields__:
                if not name.endswith("span"):
                    todo.append(getattr(here, name))
    return found
