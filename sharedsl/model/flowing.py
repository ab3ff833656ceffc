"""Questions about statements of the dataflow: what they read, what they assign, which layers they call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sharedsl.model import dataflow as d
from sharedsl.model.sites import Step
from sharedsl.model.sizes import Arith, Real, Size
from sharedsl.record import fields, replace


def nodes(node: Any) -> Iterator[Any]:
    """Every part of statements and expressions, operands before what uses them; types and sizes are no parts."""
    if isinstance(node, tuple):
        for each in node:
            yield from nodes(each)
    elif hasattr(node, "__dataclass_fields__") and not isinstance(node, Size):
        for each in fields(node):
            if each.name not in ("span", "type"):
                yield from nodes(getattr(node, each.name))
        yield node


def calls(node: Any) -> Iterator[d.Call | d.CallSelf]:
    """The calls of layers, in the order in which they run."""
    for each in nodes(node):
        if isinstance(each, d.Call | d.CallSelf):
            yield each


def step_of(use: d.Use) -> Step:
    return Step(use.child, use.index, use.app, use.run)


def reads(node: Any) -> set[str]:
    """The names of values that are read."""
    found: set[str] = set()
    for each in nodes(node):
        if isinstance(each, d.Var | d.IfPresent | d.Present):
            found.add(each.name)
        elif isinstance(each, d.While):
            found.update(each.carried)
    return found


def size_names(node: Any) -> set[str]:
    """The names of sizes that code of this would mention, types of operands and results included."""
    if isinstance(node, Size | Real):
        return set(node.code.names())
    found: set[str] = set()
    if isinstance(node, tuple):
        for each in node:
            found |= size_names(each)
    elif hasattr(node, "__dataclass_fields__"):
        for one in fields(node):
            if one.name != "span":
                found |= size_names(getattr(node, one.name))
    return found


def with_codes(node: Any, change: Callable[[Arith], Arith]) -> Any:
    """Statements, expressions or types with the code of every number changed."""
    if isinstance(node, Size | Real):
        code = change(node.code)
        return node if code == node.code else replace(node, code=code)
    if isinstance(node, tuple):
        return tuple(with_codes(each, change) for each in node)
    if not hasattr(node, "__dataclass_fields__"):
        return node
    parts = {each.name: getattr(node, each.name) for each in fields(node)}
    changed = {name: part if name == "span" else with_codes(part, change) for name, part in parts.items()}
    return type(node)(**changed) if any(changed[name] is not parts[name] for name in parts) else node


def assigned(statements: tuple[d.Statement, ...]) -> dict[str, d.Type]:
    """The names that statements give a value to, with the type of the last one."""
    found: dict[str, d.Type] = {}
    for statement in statements:
        match statement:
            case d.Assign(targets=(target,)):
                found[target] = statement.value.type
            case d.Assign():
                assert isinstance(statement.value.type, d.Many)
                found |= dict(zip(statement.targets, statement.value.type.items, strict=True))
            case d.Keep():
                found[statement.state] = statement.value.type
            case d.Loop():
                for turn in statement.turns:
                    found |= assigned(turn)
            case d.While():
                found |= {name: type for name, type in assigned(statement.body).items() if name in statement.carried}
            case d.Present():
                found |= assigned(statement.other) | assigned(statement.then)
            case _:
                pass
    return found
