"""Functions that are the same in every file, written as the Python they are and read into the tree.

`quoted("def f(x): ..")` gives the nodes; the printer lays them out. Comments are not kept: say it in the docstring.
"""

from __future__ import annotations

import ast
import textwrap
from functools import cache

from sharedsl import pytree as py

_OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**",
    ast.MatMult: "@", ast.BitOr: "|", ast.BitAnd: "&", ast.USub: "-", ast.Not: "not", ast.And: "and", ast.Or: "or",
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.In: "in",
    ast.NotIn: "not in", ast.Is: "is", ast.IsNot: "is not",
}  # fmt: skip


@cache
def quoted(text: str) -> tuple[py.Stmt, ...]:
    """The statements of a text."""
    return _block(ast.parse(textwrap.dedent(text)).body)


def quoted_function(text: str) -> py.FunctionDef:
    """The one function of a text."""
    (function,) = quoted(text)
    assert isinstance(function, py.FunctionDef)
    return function


def _block(body: list[ast.stmt]) -> tuple[py.Stmt, ...]:
    return tuple(_statement(each) for each in body)


def _statement(node: ast.stmt) -> py.Stmt:
    match node:
        case ast.FunctionDef():
            return _function(node)
        case ast.Assign():
            return py.Assign(tuple(_expr(each) for each in node.targets), _expr(node.value))
        case ast.AugAssign():
            return py.AugAssign(_expr(node.target), _OPERATORS[type(node.op)], _expr(node.value))
        case ast.Return():
            return py.Return(None if node.value is None else _expr(node.value))
        case ast.Expr():
            return py.ExprStmt(_expr(node.value))
        case ast.Raise() if node.exc is not None:
            return py.Raise(_expr(node.exc))
        case ast.Continue():
            return py.Simple("continue")
        case ast.For():
            return py.For(_expr(node.target), _expr(node.iter), _block(node.body))
        case ast.With():
            (item,) = node.items
            name = None if item.optional_vars is None else _expr(item.optional_vars)
            return py.With(_expr(item.context_expr), name, _block(node.body))
        case ast.If():
            return _if(node)
    raise ValueError(f"a quotation has no {type(node).__name__}")


def _if(node: ast.If) -> py.If:
    elifs: list[tuple[py.Expr, tuple[py.Stmt, ...]]] = []
    rest = node.orelse
    while len(rest) == 1 and isinstance(rest[0], ast.If):
        elifs.append((_expr(rest[0].test), _block(rest[0].body)))
        rest = rest[0].orelse
    return py.If(_expr(node.test), _block(node.body), tuple(elifs), _block(rest))


def _function(node: ast.FunctionDef) -> py.FunctionDef:
    args = node.args
    late = len(args.args) - len(args.defaults)
    params = [
        py.Param(each.arg, None, _expr(args.defaults[at - late]) if at >= late else None)
        for at, each in enumerate(args.args)
    ]
    params += [py.Param(f"*{args.vararg.arg}")] if args.vararg else []
    params += [py.Param(f"**{args.kwarg.arg}")] if args.kwarg else []
    doc = ast.get_docstring(node)
    body = _block(node.body[1:] if doc is not None else node.body)
    decorators = tuple(_expr(each) for each in node.decorator_list)
    return py.FunctionDef(node.name, tuple(params), body, docstring=doc, decorators=decorators)


def _expr(node: ast.expr) -> py.Expr:
    match node:
        case ast.Name():
            return py.Name(node.id)
        case ast.Constant():
            return py.Const(node.value)
        case ast.Attribute():
            return py.Attr(_expr(node.value), node.attr)
        case ast.Call():
            kwargs = tuple((each.arg or "", _expr(each.value)) for each in node.keywords)
            return py.Call(_expr(node.func), tuple(_expr(each) for each in node.args), kwargs)
        case ast.Starred():
            return py.Starred(_expr(node.value))
        case ast.Subscript():
            return py.Index(_expr(node.value), _expr(node.slice))
        case ast.Slice():
            parts = (node.lower, node.upper, node.step)
            return py.SliceExpr(*(None if each is None else _expr(each) for each in parts))
        case ast.BinOp():
            return py.Binary(_OPERATORS[type(node.op)], _expr(node.left), _expr(node.right))
        case ast.UnaryOp():
            return py.Unary(_OPERATORS[type(node.op)], _expr(node.operand))
        case ast.BoolOp():
            return py.BoolOp(_OPERATORS[type(node.op)], tuple(_expr(each) for each in node.values))
        case ast.Compare():
            pairs = [(_OPERATORS[type(op)], _expr(each)) for op, each in zip(node.ops, node.comparators, strict=True)]
            (op, right), *more = pairs
            return py.Compare(_expr(node.left), op, right, tuple(more))
        case ast.IfExp():
            return py.Ternary(_expr(node.test), _expr(node.body), _expr(node.orelse))
        case ast.Lambda():
            return py.Lambda(tuple(each.arg for each in node.args.args), _expr(node.body))
    return _collection(node)


def _collection(node: ast.expr) -> py.Expr:
    match node:
        case ast.Tuple():
            return py.TupleExpr(tuple(_expr(each) for each in node.elts))
        case ast.List():
            return py.ListExpr(tuple(_expr(each) for each in node.elts))
        case ast.Dict():
            pairs = zip(node.keys, node.values, strict=True)
            return py.DictExpr(tuple((None if key is None else _expr(key), _expr(value)) for key, value in pairs))
        case ast.ListComp() | ast.GeneratorExp():
            (loop,) = node.generators
            made = py.ListComp if isinstance(node, ast.ListComp) else py.Generator
            conditions = tuple(_expr(each) for each in loop.ifs)
            return made(_expr(node.elt), _expr(loop.target), _expr(loop.iter), conditions)
        case ast.DictComp():
            (loop,) = node.generators
            conditions = tuple(_expr(each) for each in loop.ifs)
            return py.DictComp(_expr(node.key), _expr(node.value), _expr(loop.target), _expr(loop.iter), conditions)
        case ast.JoinedStr():
            return py.FString(tuple(_piece(each) for each in node.values))
    raise ValueError(f"a quotation has no {type(node).__name__}")


def _piece(node: ast.expr) -> str | py.Expr:
    if isinstance(node, ast.Constant):
        return str(node.value)
    assert isinstance(node, ast.FormattedValue)
    return _expr(node.value)
