"""Statements as lines: layout of bodies, blank lines, docstrings and comments as `ruff format` leaves them."""

from __future__ import annotations

from sharedsl.pytree.doc import SPACE, Doc, Group, IfBroken, Suffix, render
from sharedsl.pytree.expression_nodes import Call, Const, Expr, FString, Lambda, Name, TupleExpr
from sharedsl.pytree.expressions import arguments, expression, one_line
from sharedsl.pytree.layout import INSIDE, NONE, block, joined
from sharedsl.pytree.parentheses import bare_tuple, optional
from sharedsl.pytree.simple import assert_doc, assign_doc, import_doc, raise_doc
from sharedsl.pytree.statement_nodes import (
    Assert,
    Assign,
    AugAssign,
    Blank,
    ClassDef,
    Comment,
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
from sharedsl.pytree.text import comment_lines, docstring_lines

WIDTH = 88
Lines = list[str]


def module(tree: Module) -> str:
    """The text of a file."""
    lines: Lines = [f"# {line}" if line else "#" for line in tree.header]
    if tree.docstring is not None:
        lines += (
            ["", *docstring_lines(tree.docstring, 0, WIDTH)] if lines else docstring_lines(tree.docstring, 0, WIDTH)
        )
    body = suite(tree.body, 0)
    if body:
        defines = isinstance(tree.body[0], FunctionDef | ClassDef)
        lines += ([""] * (2 if defines else 1) if lines else []) + body
    return "\n".join(lines) + "\n"


def suite(body: tuple[Stmt, ...], indent: int) -> Lines:
    """The lines of a block, with the blank lines between its statements."""
    lines: Lines = []
    before: Stmt | None = None
    wanted = 0
    for at, stmt in enumerate(body):
        if isinstance(stmt, Blank):
            wanted += 1
            continue
        if before is not None:
            lines += [""] * _gap(before, stmt, body[at:], indent, wanted)
        lines += statement(stmt, indent)
        before, wanted = stmt, 0
    return lines


def _gap(before: Stmt, stmt: Stmt, rest: tuple[Stmt, ...], indent: int, wanted: int) -> int:
    """Blank lines between two statements: those that the style demands, else those that were asked for."""
    apart = 1 if indent else 2
    after = next((each for each in rest if not isinstance(each, Comment)), None)
    if isinstance(before, FunctionDef | ClassDef):
        return apart
    if _ends_in_definition(before):
        return max(1, min(wanted, apart))
    if isinstance(stmt, FunctionDef | ClassDef):
        return wanted_between(wanted, apart) if isinstance(before, Comment) else apart
    if isinstance(stmt, Comment) and isinstance(after, FunctionDef | ClassDef) and not isinstance(before, Comment):
        return apart
    if isinstance(before, Import | FromImport) and not isinstance(stmt, Import | FromImport):
        return max(1, min(wanted, apart))
    return min(wanted, apart)


def _ends_in_definition(stmt: Stmt) -> bool:
    body: tuple[Stmt, ...] = ()
    match stmt:
        case FunctionDef() | ClassDef():
            return True
        case If():
            body = stmt.other or (stmt.elifs[-1][1] if stmt.elifs else stmt.body)
        case For() | While() | With():
            body = stmt.body
        case Try():
            body = stmt.finally_ or stmt.other or (stmt.handlers[-1].body if stmt.handlers else stmt.body)
    return bool(body) and _ends_in_definition(body[-1])


def _block(body: tuple[Stmt, ...], indent: int) -> Lines:
    """The block under a header that is no definition: a definition that begins it has a blank line above."""
    lines = suite(body, indent)
    first = next((stmt for stmt in body if not isinstance(stmt, Blank)), None)
    return ["", *lines] if isinstance(first, FunctionDef | ClassDef) else lines


def wanted_between(wanted: int, apart: int) -> int:
    """A comment right above a definition stays there."""
    return 0 if wanted == 0 else apart


def statement(stmt: Stmt, indent: int) -> Lines:
    match stmt:
        case Assign():
            return _line(assign_doc(stmt), indent, stmt.comment, stmt.value)
        case AugAssign():
            return _line(
                (one_line(stmt.target), f" {stmt.op}= ", optional(stmt.value)), indent, stmt.comment, stmt.value
            )
        case Return(value=None):
            return _line("return", indent, stmt.comment)
        case Return(value=TupleExpr(items=items)) if len(items) > 1:
            return _line(("return ", bare_tuple(items)), indent, stmt.comment)
        case Return(value=value) if value is not None:
            return _line(("return ", optional(value)), indent, stmt.comment, value)
        case ExprStmt():
            return _line(optional(stmt.value), indent, stmt.comment, stmt.value)
        case Raise():
            return _line(raise_doc(stmt), indent, stmt.comment)
        case Assert():
            return _line(assert_doc(stmt), indent, stmt.comment)
        case Simple():
            return _line(stmt.text, indent, stmt.comment)
        case Comment():
            return comment_lines(stmt.text, indent, WIDTH)
        case Import():
            return [" " * indent + f"import {stmt.module}" + (f" as {stmt.name}" if stmt.name else "")]
        case FromImport():
            return _line(import_doc(stmt), indent, "")
        case FunctionDef():
            return _function(stmt, indent)
        case ClassDef():
            return _class(stmt, indent)
        case _:
            return _compound(stmt, indent)


def _compound(stmt: Stmt, indent: int) -> Lines:
    inner = indent + 4
    match stmt:
        case If():
            lines = _header(("if ", optional(stmt.test)), indent, stmt.comment) + _block(stmt.body, inner)
            for test, body in stmt.elifs:
                lines += _header(("elif ", optional(test)), indent, "") + _block(body, inner)
            return lines + _else("else", stmt.other, indent)
        case For():
            target = stmt.target
            names = bare_tuple(target.items) if isinstance(target, TupleExpr) else expression(target, NONE)
            head = ("for ", names, " in ", optional(stmt.source))
            return _header(head, indent, stmt.comment) + _block(stmt.body, inner)
        case While():
            return _header(("while ", optional(stmt.test)), indent, stmt.comment) + _block(stmt.body, inner)
        case With():
            name = f" as {one_line(stmt.name)}" if stmt.name is not None else ""
            entry = ("with ", expression(stmt.context, NONE), name)
            return _header(entry, indent, stmt.comment) + _block(stmt.body, inner)
        case Try():
            lines = _else("try", stmt.body, indent)
            for handler in stmt.handlers:
                kind = f" {one_line(handler.type)}" if handler.type is not None else ""
                lines += _else(f"except{kind}" + (f" as {handler.name}" if handler.name else ""), handler.body, indent)
            return lines + _else("else", stmt.other, indent) + _else("finally", stmt.finally_, indent)
        case _:
            raise AssertionError(f"not a statement: {stmt!r}")


def _header(doc: Doc, indent: int, comment: str) -> Lines:
    return _line((doc, ":"), indent, comment)


def _else(word: str, body: tuple[Stmt, ...], indent: int) -> Lines:
    return [" " * indent + word + ":", *_block(body, indent + 4)] if body else []


def _line(doc: Doc, indent: int, comment: str, value: Expr | None = None) -> Lines:
    """A statement's lines, its comment behind the last one where it fits there and changes nothing, else above."""
    space = " " * indent
    plain = render(doc, WIDTH, indent)
    lines = (space + plain).split("\n")
    if not comment:
        return lines
    tail = f"  # {comment}"
    whole = isinstance(value, Name | Const | FString | Lambda) and len(lines) > 1
    if not whole and len(lines[-1]) + len(tail) <= WIDTH and render((doc, Suffix(tail)), WIDTH, indent) == plain + tail:
        return [*lines[:-1], lines[-1] + tail]
    return comment_lines(comment, indent, WIDTH) + lines


# ---------------------------------------------------------------------------- definitions


def _function(stmt: FunctionDef, indent: int) -> Lines:
    lines = _decorators(stmt.decorators, indent)
    lines += _header(_signature(stmt), indent, "")
    if stmt.docstring is not None:
        lines += docstring_lines(stmt.docstring, indent + 4, WIDTH)
        if stmt.body and isinstance(_first(stmt.body), FunctionDef | ClassDef):
            lines.append("")
    return lines + suite(stmt.body, indent + 4)


def _first(body: tuple[Stmt, ...]) -> Stmt | None:
    return next((stmt for stmt in body if not isinstance(stmt, Comment | Blank)), None)


def _signature(stmt: FunctionDef) -> Doc:
    head = f"def {stmt.name}"
    params = [_param(param) for param in stmt.params]
    content: Doc = (joined(params, (",", SPACE)), IfBroken(",") if params else "")
    if not params:
        inner: Doc = "()"
    elif len(params) == 1 and stmt.params[0].name not in ("*", "/"):
        inner = ("(", block(content), ")")
    else:
        inner = ("(", block(Group(content)), ")")
    returns: Doc = (" -> ", expression(stmt.returns, NONE)) if stmt.returns is not None else ""
    return (head, Group((inner, returns)))


def _param(param: Param) -> Doc:
    annotation: Doc = (": ", expression(param.annotation, INSIDE)) if param.annotation is not None else ""
    if param.default is None:
        return (param.name, annotation)
    sign = " = " if param.annotation is not None else "="
    return (param.name, annotation, sign, expression(param.default, INSIDE))


def _class(stmt: ClassDef, indent: int) -> Lines:
    lines = _decorators(stmt.decorators, indent)
    bases: Doc = arguments(Call(Name(stmt.name), stmt.bases), NONE) if stmt.bases else ""
    lines += _header((f"class {stmt.name}", bases), indent, "")
    if stmt.docstring is not None:
        lines += docstring_lines(stmt.docstring, indent + 4, WIDTH)
        if stmt.body:
            lines.append("")
    return lines + suite(stmt.body, indent + 4)


def _decorators(decorators: tuple[Expr, ...], indent: int) -> Lines:
    lines: Lines = []
    for decorator in decorators:
        lines += _line(("@", expression(decorator, NONE)), indent, "")
    return lines
