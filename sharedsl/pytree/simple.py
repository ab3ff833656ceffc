"""Simple statements as documents: assignments, raise, assert, imports."""

from __future__ import annotations

from sharedsl.pytree.doc import SOFT, SPACE, Choice, Doc, Group, IfBroken, Indent
from sharedsl.pytree.expression_nodes import Call, Expr, Index, TupleExpr, Unary
from sharedsl.pytree.expressions import expression, one_line
from sharedsl.pytree.layout import INSIDE, NONE, joined
from sharedsl.pytree.parentheses import bare_tuple, best_layouts, need, optional
from sharedsl.pytree.statement_nodes import Assert, Assign, FromImport, Raise


def assign_doc(stmt: Assign) -> Doc:
    if stmt.annotation is not None:
        head: Doc = (one_line(stmt.targets[0]), ": ", expression(stmt.annotation, NONE))
        return head if stmt.value is None else (head, " = ", _value(stmt))
    *first, last = stmt.targets
    assert stmt.value is not None
    heads: Doc = tuple(f"{_flat_target(target)} = " for target in first)
    if first or isinstance(last, TupleExpr | Index | Call):
        return (heads, _right_to_left(last, stmt))
    return (heads, one_line(last), " = ", _value(stmt))


def _value(stmt: Assign) -> Doc:
    value = stmt.value
    assert value is not None
    bare = any(isinstance(target, TupleExpr) for target in stmt.targets)
    if bare and isinstance(value, TupleExpr) and len(value.items) > 1:
        return bare_tuple(value.items)
    return optional(value)


def _flat_target(target: Expr) -> str:
    if isinstance(target, TupleExpr) and len(target.items) > 1:
        return ", ".join(one_line(item) for item in target.items)
    return one_line(target)


def _right_to_left(target: Expr, stmt: Assign) -> Doc:
    """The value is parenthesised before a target with brackets of its own is broken."""
    value = stmt.value
    assert value is not None
    bare = isinstance(target, TupleExpr) and len(target.items) > 1
    left = bare_tuple(target.items) if bare and isinstance(target, TupleExpr) else expression(target, NONE)
    if need(value) == "best" and not isinstance(value, Unary):
        flat = (_flat_target(target), " = ")
        *layouts, last = best_layouts(value)
        return Choice((*((flat, layout) for layout in layouts), (left, " = ", last)), lines=False)
    return (left, " = ", _value(stmt))


def raise_doc(stmt: Raise) -> Doc:
    if stmt.value is None:
        return "raise"
    head: Doc = ("raise ", optional(stmt.value))
    return head if stmt.cause is None else (head, " from ", optional(stmt.cause))


def assert_doc(stmt: Assert) -> Doc:
    head: Doc = ("assert ", optional(stmt.test))
    if stmt.message is None:
        return head
    message = expression(stmt.message, INSIDE)
    return (head, ", ", Group((IfBroken("("), Indent((SOFT, message)), SOFT, IfBroken(")"))))


def import_doc(stmt: FromImport) -> Doc:
    names: list[Doc] = [name if alias is None else f"{name} as {alias}" for name, alias in stmt.names]
    content = (joined(names, (",", SPACE)), IfBroken(","))
    return (f"from {stmt.module} import ", Group((IfBroken("("), Indent((SOFT, content)), SOFT, IfBroken(")"))))
