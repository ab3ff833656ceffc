"""Classes that differ only in having one more part: the richer one inherits from the other."""

from __future__ import annotations

from typing import Any

from sharedsl import pytree as py
from sharedsl.record import fields, replace


def inherited(bodies: list[py.Stmt]) -> list[py.Stmt]:
    """The classes with the second of such pairs made short. The order changes where the poorer one comes later."""
    classes = [each for each in bodies if isinstance(each, py.ClassDef)]
    result = list(bodies)
    done: set[str] = set()
    for rich in classes:
        for poor in classes:
            if rich is poor or rich.name in done or poor.name in done:
                continue
            short = _as_subclass(rich, poor)
            if short is None:
                continue
            done.add(rich.name)
            at = result.index(rich)
            result.remove(rich)
            place = result.index(poor)
            result.insert(max(place + 1, at), short)
            if poor.name.rstrip("0123456789") == rich.name:
                result = [_renamed(each, {poor.name: rich.name, rich.name: f"First{rich.name}"}) for each in result]
                return inherited(result)
    return result


def _renamed(node: Any, names: dict[str, str]) -> Any:
    """The tree with classes called otherwise, where they are defined and where they are used."""
    if isinstance(node, py.Name):
        return py.Name(names.get(node.id, node.id))
    if isinstance(node, tuple):
        return tuple(_renamed(each, names) for each in node)
    if not hasattr(node, "__dataclass_fields__"):
        return node
    parts = {each.name: _renamed(getattr(node, each.name), names) for each in fields(node)}
    if isinstance(node, py.ClassDef):
        parts["name"] = names.get(node.name, node.name)
        if node.docstring:
            parts["docstring"] = " ".join(names.get(word, word) for word in node.docstring.split(" "))
    return type(node)(**parts)


def _as_subclass(rich: py.ClassDef, poor: py.ClassDef) -> py.ClassDef | None:
    """`rich` as a class derived from `poor`, where its constructor only makes more parts."""
    if len(rich.body) > len(poor.body) and rich.bases == poor.bases and set(poor.body) <= set(rich.body):
        own = tuple(each for each in rich.body if each not in poor.body)
        return replace(rich, bases=(py.Name(poor.name),), body=own)
    ours, theirs = _init(rich), _init(poor)
    if ours is None or theirs is None or rich.bases != poor.bases or rich.bases != (py.name("nn.Module"),):
        return None
    if [each for each in rich.body if each is not ours] != [each for each in poor.body if each is not theirs]:
        return None
    more = [each for each in ours.body if each not in theirs.body]
    names = [param.name for param in ours.params]
    if not more or [each for each in ours.body if each in theirs.body] != list(theirs.body):
        return None
    if any(param.name not in names or param.default is not None for param in theirs.params):
        return None
    if not all(isinstance(each, py.Assign) and isinstance(each.value, py.Call) for each in more):
        return None
    passed = tuple(py.Name(param.name) for param in theirs.params[1:])
    start = py.ExprStmt(py.method(py.call("super"), "__init__", *passed))
    parts = [
        each.targets[0].name for each in more if isinstance(each, py.Assign) and isinstance(each.targets[0], py.Attr)
    ]
    doc = f"The {poor.name} that owns {' and '.join(f'`{name}`' for name in parts)}, which all of them read."
    return replace(
        rich,
        bases=(py.Name(poor.name),),
        body=(replace(ours, body=(start, *more)),),
        docstring="\n".join(py.wrap(doc, 77)),
    )


def _init(each: py.ClassDef) -> py.FunctionDef | None:
    return next((one for one in each.body if isinstance(one, py.FunctionDef) and one.name == "__init__"), None)
