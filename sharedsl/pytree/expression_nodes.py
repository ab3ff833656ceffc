"""The expressions of emitted Python, frozen and plain.

Parentheses are never nodes: the printer adds those that precedence asks for. Layout is not in the tree either, except
for blank lines that the author of the tree wants to see.
"""

from __future__ import annotations

from sharedsl.record import dataclass


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
