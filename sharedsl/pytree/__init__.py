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
    from sharedsl.pytree.expression_nodes import (
        Attr,
        Binary,
        BoolOp,
        Call,
        Compare,
        Const,
        DictComp,
        DictExpr,
        Expr,
        FString,
        Generator,
        Index,
        Lambda,
        ListComp,
        ListExpr,
        Name,
        Raw,
        SliceExpr,
        Starred,
        Ternary,
        TupleExpr,
        Unary,
    )
    from sharedsl.pytree.expressions import one_line
    from sharedsl.pytree.quote import quoted, quoted_function
    from sharedsl.pytree.statement_nodes import (
        Assert,
        Assign,
        AugAssign,
        Blank,
        ClassDef,
        Comment,
        Except,
        ExprStmt,
        For,
        FromImport,
        FunctionDef,
        If,
        Import,
        Module,
        Param,
        Raise,
        Return,
        Simple,
        Stmt,
        Try,
        While,
        With,
    )
    from sharedsl.pytree.statements import module as print_module
    from sharedsl.pytree.statements import suite
    from sharedsl.pytree.text import wrap
    from sharedsl.pytree.visit import names_used, walk

_STATEMENTS = (
    "Assert", "Assign", "AugAssign", "Blank", "ClassDef", "Comment", "Except", "ExprStmt", "For", "FromImport",
    "FunctionDef", "If", "Import", "Module", "Param", "Raise", "Return", "Simple", "Stmt", "Try", "While", "With",
)  # fmt: skip
#: names that are not those of expressions, by the module that has them
_ELSEWHERE = {
    **dict.fromkeys(_STATEMENTS, "statement_nodes"),
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
    module = import_module(f"{__name__}.{_ELSEWHERE.get(name, 'expression_nodes')}")
    found: object = getattr(module, "module" if name == "print_module" else name)
    globals()[name] = found
    return found
