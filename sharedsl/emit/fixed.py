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
    """Whether a method goes over the stack by numbers, or picks some of its elements.

    A fold goes over the stack, or over what comes after its first element, a number of times: that counts no elements.
    """
    whole = any(isinstance(each, py.For) and _over(each.source, stack) for each in py.walk(function.body))
    for part in py.walk(function.body):
        if isinstance(part, py.For) and (_numbered(part.source) or _ordered(part.source)):
            if _mentions(part.body, stack) and not (whole and _first_or_all(part.body, stack)):
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


def _over(source: py.Expr, stack: str) -> bool:
    """`self.layers`, or `self.layers[1:]`"""
    if isinstance(source, py.Index) and not _picked(source.index):
        source = source.value
    return isinstance(source, py.Attr) and source.name == stack


def _first_or_all(body: object, stack: str) -> bool:
    """Whether no element of the stack is named but its first."""
    named = [each for each in py.walk(body) if isinstance(each, py.Index) and _over(each.value, stack)]
    return all(isinstance(each.index, py.Const | py.SliceExpr) and not _picked(each.index) for each in named)


def _mentions(body: object, stack: str) -> bool:
    return any(isinstance(each, py.Attr) and each.name == stack for each in py.walk(body))
