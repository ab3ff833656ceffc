"""The small Python tree that code is emitted as, and its printer. It knows nothing of models or sharing.

`print_module(Module(..))` gives the text of a file, formatted as `ruff format` would leave it. What is here is loaded
when it is first used: checking a spec needs the operations, and they name this room, but emits nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sharedsl.pytree.build import arith, call, integer, item, method, name, number, tuple_of
    from sharedsl.pytree.context import MODULES, CodeContext, imports_for
    from sharedsl.pytree.expressions import one_line
    from sharedsl.pytree.nodes import (
        Assert,
        Assign,
        Attr,
        AugAssign,
        Binary,
        Blank,
        BoolOp,
        Call,
        ClassDef,
        Comment,
        Compare,
        Const,
        DictComp,
        DictExpr,
        Except,
        Expr,
        ExprStmt,
        For,
        FromImport,
        FString,
        FunctionDef,
        Generator,
        If,
        Import,
        Index,
        Lambda,
        ListComp,
        ListExpr,
        Module,
        Name,
        Param,
        Raise,
        Raw,
        Return,
        Simple,
        SliceExpr,
        Starred,
        Stmt,
        Ternary,
        Try,
        TupleExpr,
        Unary,
        While,
        With,
    )
    from sharedsl.pytree.quote import quoted, quoted_function
    from sharedsl.pytree.statements import module as print_module
    from sharedsl.pytree.statements import suite
    from sharedsl.pytree.text import wrap
    from sharedsl.pytree.visit import names_used, walk

#: names that are not nodes, by the module that has them
_ELSEWHERE = {
    **dict.fromkeys(("arith", "call", "integer", "item", "method", "name", "number", "tuple_of"), "build"),
    **dict.fromkeys(("MODULES", "CodeContext", "imports_for"), "context"),
    **dict.fromkeys(("one_line",), "expressions"),
    **dict.fromkeys(("quoted", "quoted_function"), "quote"),
    **dict.fromkeys(("print_module", "suite"), "statements"),
    **dict.fromkeys(("wrap",), "text"),
    **dict.fromkeys(("names_used", "walk"), "visit"),
}

__all__ = [
    "MODULES",
    "Assert",
    "Assign",
    "Attr",
    "AugAssign",
    "Binary",
    "Blank",
    "BoolOp",
    "Call",
    "ClassDef",
    "CodeContext",
    "Comment",
    "Compare",
    "Const",
    "DictComp",
    "DictExpr",
    "Except",
    "Expr",
    "ExprStmt",
    "FString",
    "For",
    "FromImport",
    "FunctionDef",
    "Generator",
    "If",
    "Import",
    "Index",
    "Lambda",
    "ListComp",
    "ListExpr",
    "Module",
    "Name",
    "Param",
    "Raise",
    "Raw",
    "Return",
    "Simple",
    "SliceExpr",
    "Starred",
    "Stmt",
    "Ternary",
    "Try",
    "TupleExpr",
    "Unary",
    "While",
    "With",
    "arith",
    "call",
    "imports_for",
    "integer",
    "item",
    "method",
    "name",
    "names_used",
    "number",
    "one_line",
    "print_module",
    "quoted",
    "quoted_function",
    "suite",
    "tuple_of",
    "walk",
    "wrap",
]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(name)
    module = import_module(f"{__name__}.{_ELSEWHERE.get(name, 'nodes')}")
    found: object = getattr(module, "module" if name == "print_module" else name)
    globals()[name] = found
    return found
