"""Which of the model's parameters the code that was written stands for with a number of its own.

A stack whose layers are called in an order of the plan's, or a few at a time, is written out for as many layers as the
build has. The parameter that counts them is then no argument of the constructor: another value would want other code.
"""

from __future__ import annotations

from collections.abc import Iterable

from sharedsl import pytree as py
from sharedsl.emit.classes import Class


def fixed_parameters(classes: Iterable[Class]) -> frozenset[str]:
    """The parameters that count stacks which some class treats as of one length."""
    found: set[str] = set()
    for each in classes:
        if each.leaf is not None or each.code is None:
            continue
        for host in each.hosts:
            for name, child in host.unit.children.items():
                counted = child.count.formula.names() if child.count is not None else frozenset()
                if not counted <= found and _written_out(each.code, name):
                    found |= counted
    return frozenset(found)


def _written_out(code: py.ClassDef, stack: str) -> bool:
    return any(
        _made(each, stack) if each.name == "__init__" else _called(each, stack)
        for each in code.body
        if isinstance(each, py.FunctionDef)
    )


def _made(init: py.FunctionDef, stack: str) -> bool:
    """Whether the constructor lists the elements, or counts them by a number."""
    target = py.Attr(py.Name("self"), stack)
    made = [each.value for each in init.body if isinstance(each, py.Assign) and each.targets == (target,)]
    for part in py.walk(made):
        if isinstance(part, py.ListExpr | py.DictExpr | py.DictComp) and not _single(part):
            return True
        if _numbered(part):
            return True
    return False


def _single(part: py.Expr) -> bool:
    return isinstance(part, py.ListExpr) and len(part.items) == 1


def _called(function: py.FunctionDef, stack: str) -> bool:
    """Whether a method goes over the stack by numbers, or picks some of its elements."""
    for part in py.walk(function.body):
        if (
            isinstance(part, py.For)
            and (_numbered(part.source) or _ordered(part.source))
            and _mentions(part.body, stack)
        ):
            return True
        if isinstance(part, py.ListComp | py.Generator) and _numbered(part.source) and _mentions(part.element, stack):
            return True
        if isinstance(part, py.TupleExpr | py.ListExpr) and sum(_mentions(each, stack) for each in part.items) > 1:
            return True
        if isinstance(part, py.Index) and isinstance(part.value, py.Attr) and part.value.name == stack:
            if _picked(part.index):
                return True
    return False


def _picked(index: py.Expr) -> bool:
    if isinstance(index, py.SliceExpr):
        return index.stop is not None or not (index.start is None or index.start == py.Const(1))
    return isinstance(index, py.Const) and index.value != 0


def _numbered(source: object) -> bool:
    """`range(12)`"""
    called = isinstance(source, py.Call) and source.func == py.Name("range")
    return called and all(isinstance(each, py.Const) for each in source.args)  # type: ignore[attr-defined]


def _ordered(source: py.Expr) -> bool:
    """`ORDER`, a constant of the file"""
    return isinstance(source, py.Name) and source.id.isupper()


def _mentions(body: object, stack: str) -> bool:
    return any(isinstance(each, py.Attr) and each.name == stack for each in py.walk(body))
