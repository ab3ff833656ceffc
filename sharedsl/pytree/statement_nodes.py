"""The statements of emitted Python, and the file that they make.

`comment` is a trailing comment without its "# "; it moves to a line above where there is no room behind.
"""

from __future__ import annotations

from sharedsl.pytree.expression_nodes import Expr
from sharedsl.record import dataclass


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
