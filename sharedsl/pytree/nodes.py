"""The nodes of emitted Python: expressions and statements, frozen and plain.

Parentheses are never nodes: the printer adds those that precedence asks for. Layout is not in the tree either, except
for blank lines that the author of the tree wants to see.
"""

from __future__ import annotations

from sharedsl.record import dataclass

# ---------------------------------------------------------------------------- expressions


@dataclass(frozen=True, slots=True)
class Name:
    id: str


@dataclass(frozen=True, slots=True)
class Const:
    """A number, a string, True, False, None or Ellipsis (`...`)."""

    value: object


@dataclass(frozen=True, slots=True)
class Call:
    """`func(*args, **kwargs)`. A keyword named "" is a `**` argument."""

    func: Expr
    args: tuple[Expr, ...] = ()
    kwargs: tuple[tuple[str, Expr], ...] = ()


@dataclass(frozen=True, slots=True)
class Attr:
    value: Expr
    name: str


@dataclass(frozen=True, slots=True)
class Index:
    """`value[index]`; several subscripts are a TupleExpr, which prints without parentheses here."""

    value: Expr
    index: Expr


@dataclass(frozen=True, slots=True)
class SliceExpr:
    """`start:stop:step`, only inside an Index."""

    start: Expr | None = None
    stop: Expr | None = None
    step: Expr | None = None


@dataclass(frozen=True, slots=True)
class Binary:
    """`left op right` for + - * / // % @ ** << >> & ^ |."""

    op: str
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Unary:
    """`-`, `+`, `~` or `not`."""

    op: str
    operand: Expr


@dataclass(frozen=True, slots=True)
class Compare:
    """`left op right [op right ..]` for == != < <= > >= in, not in, is, is not."""

    left: Expr
    op: str
    right: Expr
    more: tuple[tuple[str, Expr], ...] = ()


@dataclass(frozen=True, slots=True)
class BoolOp:
    """Two or more values joined by `and` or `or`."""

    op: str
    values: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Ternary:
    """`then if test else other`."""

    test: Expr
    then: Expr
    other: Expr


@dataclass(frozen=True, slots=True)
class TupleExpr:
    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class ListExpr:
    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class DictExpr:
    """Pairs in order; a key of None is a `**` entry."""

    items: tuple[tuple[Expr | None, Expr], ...]


@dataclass(frozen=True, slots=True)
class Lambda:
    params: tuple[str, ...]
    body: Expr


@dataclass(frozen=True, slots=True)
class Generator:
    """`element for target in source [if condition ..]`. The parentheses go where it is the only argument of a call."""

    element: Expr
    target: Expr
    source: Expr
    conditions: tuple[Expr, ...] = ()


@dataclass(frozen=True, slots=True)
class ListComp:
    element: Expr
    target: Expr
    source: Expr
    conditions: tuple[Expr, ...] = ()


@dataclass(frozen=True, slots=True)
class DictComp:
    key: Expr
    value: Expr
    target: Expr
    source: Expr
    conditions: tuple[Expr, ...] = ()


@dataclass(frozen=True, slots=True)
class Starred:
    value: Expr


@dataclass(frozen=True, slots=True)
class FString:
    """Text and expressions in turn. Strings inside the expressions print in single quotes."""

    parts: tuple[str | Expr, ...]


@dataclass(frozen=True, slots=True)
class Raw:
    """Text that is an expression already, printed as it is. `precedence` is that of `pytree.expressions.PRECEDENCE`."""

    text: str
    precedence: int = 20


Expr = (
    Name
    | Const
    | Call
    | Attr
    | Index
    | SliceExpr
    | Binary
    | Unary
    | Compare
    | BoolOp
    | Ternary
    | TupleExpr
    | ListExpr
    | DictExpr
    | Lambda
    | Generator
    | ListComp
    | DictComp
    | Starred
    | FString
    | Raw
)

# ---------------------------------------------------------------------------- statements
# `comment` is a trailing comment without its "# "; it moves to a line above where there is no room behind.


@dataclass(frozen=True, slots=True)
class Assign:
    """`target = value`, or `a = b = value` for several targets. `annotation` only with one target."""

    targets: tuple[Expr, ...]
    value: Expr | None
    comment: str = ""
    annotation: Expr | None = None


@dataclass(frozen=True, slots=True)
class AugAssign:
    """`target op= value`; op is "+", "*", .."""

    target: Expr
    op: str
    value: Expr
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Return:
    value: Expr | None = None
    comment: str = ""


@dataclass(frozen=True, slots=True)
class ExprStmt:
    value: Expr
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Raise:
    value: Expr | None = None
    cause: Expr | None = None
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Assert:
    test: Expr
    message: Expr | None = None
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Simple:
    """A statement that is only words: `pass`, `break`, `continue`, `del x`."""

    text: str
    comment: str = ""


@dataclass(frozen=True, slots=True)
class If:
    """`if test: body`, then `elifs` as (test, body), then `other`."""

    test: Expr
    body: tuple[Stmt, ...]
    elifs: tuple[tuple[Expr, tuple[Stmt, ...]], ...] = ()
    other: tuple[Stmt, ...] = ()
    comment: str = ""


@dataclass(frozen=True, slots=True)
class For:
    target: Expr
    source: Expr
    body: tuple[Stmt, ...]
    comment: str = ""


@dataclass(frozen=True, slots=True)
class While:
    test: Expr
    body: tuple[Stmt, ...]
    comment: str = ""


@dataclass(frozen=True, slots=True)
class With:
    """`with context as name:`; `name` may be missing."""

    context: Expr
    name: Expr | None
    body: tuple[Stmt, ...]
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Except:
    """`except type as name:`."""

    type: Expr | None
    name: str | None
    body: tuple[Stmt, ...]


@dataclass(frozen=True, slots=True)
class Try:
    body: tuple[Stmt, ...]
    handlers: tuple[Except, ...] = ()
    other: tuple[Stmt, ...] = ()
    finally_: tuple[Stmt, ...] = ()


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter of a function. The names "*" and "/" are the bare markers; "*args" and "**kwargs" are written so."""

    name: str
    annotation: Expr | None = None
    default: Expr | None = None


@dataclass(frozen=True, slots=True)
class FunctionDef:
    name: str
    params: tuple[Param, ...]
    body: tuple[Stmt, ...]
    returns: Expr | None = None
    docstring: str | None = None
    decorators: tuple[Expr, ...] = ()


@dataclass(frozen=True, slots=True)
class ClassDef:
    name: str
    bases: tuple[Expr, ...]
    body: tuple[Stmt, ...]
    docstring: str | None = None
    decorators: tuple[Expr, ...] = ()


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment; long text is wrapped into several lines. Text is given without "# "."""

    text: str


@dataclass(frozen=True, slots=True)
class Blank:
    """A blank line between two statements of one block."""


@dataclass(frozen=True, slots=True)
class Import:
    """`import module` or `import module as name`."""

    module: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class FromImport:
    """`from module import name, other as alias`."""

    module: str
    names: tuple[tuple[str, str | None], ...]


Stmt = (
    Assign
    | AugAssign
    | Return
    | ExprStmt
    | Raise
    | Assert
    | Simple
    | If
    | For
    | While
    | With
    | Try
    | FunctionDef
    | ClassDef
    | Comment
    | Blank
    | Import
    | FromImport
)


@dataclass(frozen=True, slots=True)
class Module:
    """A file: its docstring, leading comment lines, and statements."""

    body: tuple[Stmt, ...]
    docstring: str | None = None
    header: tuple[str, ...] = ()
