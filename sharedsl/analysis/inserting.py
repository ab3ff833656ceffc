"""Layers that a plan puts into a block: what its main forward returns first goes through them."""

from __future__ import annotations

from sharedsl.analysis.arguments import Given, Poisoned, value_of
from sharedsl.analysis.layer_values import Make
from sharedsl.analysis.scope import std_definition
from sharedsl.analysis.shop import Draft, Shop
from sharedsl.model import sizes
from sharedsl.model.folds import InsertEdit
from sharedsl.model.sizes import Size
from sharedsl.model.tree import Child
from sharedsl.record import replace
from sharedsl.syntax import ast


def insert(shop: Shop, draft: Draft, edit: InsertEdit, make: Make) -> None:
    """Declare the adapter in the block, and return through it."""
    forward = draft.forwards.get(None)
    if forward is None or forward.body is None:
        message = f"`{edit.target or draft.unit.name}` has no main forward that an adapter could stand behind"
        shop.report.error("no-forward", message, edit.span)
        raise Poisoned
    if edit.child in draft.places or edit.child in draft.names or _says(forward.body, edit.child):
        message = f"the adapter would be called `{edit.child}`, and `{draft.unit.name}` has that name already"
        shop.report.error("duplicate-name", message, edit.span, help="adapt a layer inside it, or one around it")
        raise Poisoned
    given = [Given("dim", _width(shop, draft, forward, edit), edit.span), Given("width", _plain(edit), edit.span)]
    made, arguments = make(std_definition(shop.scope, "std/adapters", "Adapter"), given, edit.span, ())
    draft.unit.children[edit.child] = Child(edit.child, (made.unit,), (arguments,), None, edit.span)
    draft.forwards[None] = replace(forward, body=_through(forward.body, edit.child))


def _plain(edit: InsertEdit) -> Size:
    return sizes.size(edit.width)


def _width(shop: Shop, draft: Draft, forward: ast.Forward, edit: InsertEdit) -> Size:
    """The last size of the first result, from what the forward declares."""
    declared = forward.outputs[0].type
    last = declared.dims[-1] if declared.dims else None
    found = None
    if declared.base == "float" and last is not None and last.value is not None and draft.home is not None:
        if not (isinstance(last.value, ast.Name) and last.value.name not in draft.names):
            found = value_of(last.value, shop.names(draft.names, draft.home), shop.report)
    if isinstance(found, Size) and found.value is not None:
        return found
    message = f"an adapter needs the last size of what `{draft.unit.name}` gives, and it is not known when compiled"
    shop.report.error("shape", message, edit.span, help="adapt a block that gives `float[.., dim]`")
    raise Poisoned


def _through(body: tuple[ast.Statement, ...], name: str) -> tuple[ast.Statement, ...]:
    """The statements, with the first of all returned values handed through the layer `name`."""
    found: list[ast.Statement] = []
    for statement in body:
        match statement:
            case ast.Return(values=values):
                first = values[0]
                call = ast.Call(ast.Name(name, span=first.span), (ast.Arg(first, span=first.span),), span=first.span)
                found.append(replace(statement, values=(call, *values[1:])))
            case ast.If():
                then, other = _through(statement.then, name), _through(statement.other, name)
                found.append(replace(statement, then=then, other=other))
            case ast.For():
                found.append(replace(statement, body=_through(statement.body, name)))
            case _:
                found.append(statement)
    return tuple(found)


def _says(node: object, name: str) -> bool:
    """Whether a forward uses the name for something of its own."""
    if isinstance(node, tuple):
        return any(_says(each, name) for each in node)
    if isinstance(node, str):
        return node == name
    if not hasattr(node, "__dataclass_fields__"):
        return False
    return any(_says(getattr(node, each), name) for each in node.__dataclass_fields__)
