"""Expressions, and the selectors that name weights."""

from __future__ import annotations

from typing import Literal

from sharedsl.record import dataclass
from sharedsl.source import Span
from sharedsl.syntax.ast.place import place


@dataclass(frozen=True, slots=True)
class Name:
    name: str
    span: Span = place()


@dataclass(frozen=True, slots=True)
class Number:
    """`12M`, `30_000`, `1e-5`, `16MB`. `text` is as written; `value` is an int except in `1.0`, `1e5`, `0.3333k`."""

    text: str
    value: int | float
    span: Span = place()


@dataclass(frozen=True, slots=True)
class String:
    value: str
    span: Span = place()


@dataclass(frozen=True, slots=True)
class Unary:
    """`-x` or `not x`."""

    op: str
    operand: Expr
    span: Span = place()


@dataclass(frozen=True, slots=True)
class Binary:
    """Arithmetic, comparison and logic: + - * / // % ** @ == != <= >= < > in and or."""

    op: str
    left: Expr
    right: Expr
    span: Span = place()


@dataclass(frozen=True, slots=True)
class Ternary:
    """`then if condition else other`."""

    then: Expr
    condition: Expr
    other: Expr
    span: Span = place()


@dataclass(frozen=True, slots=True)
class Pipe:
    """`value |> into`: `x |> f(a)` is `f(x, a)`."""

    value: Expr
    into: Expr
    span: Span = place()


@dataclass(frozen=True, slots=True)
class Attribute:
    """`value.name`."""

    value: Expr
    name: str
    name_span: Span = place()
    span: Span = place()


@dataclass(frozen=True, slots=True)
class Arg:
    """A call's argument, `value` or `name = value`."""

    value: Expr
    name: str | None = None
    span: Span = place()


@dataclass(frozen=True, slots=True)
class Call:
    function: Expr
    args: tuple[Arg, ...]
    span: Span = place()


@dataclass(frozen=True, slots=True)
class Slice:
    """`a:b:c` inside brackets."""

    start: Expr | None = None
    stop: Expr | None = None
    step: Expr | None = None
    span: Span = place()


@dataclass(frozen=True, slots=True)
class Sub:
    """One subscript: `3`, `0::2`, `heads = 0:8`, or `*` (value is None)."""

    value: Expr | Slice | None
    axis: str | None = None
    span: Span = place()


@dataclass(frozen=True, slots=True)
class Index:
    """`value[sub, sub]`."""

    value: Expr
    subs: tuple[Sub, ...]
    span: Span = place()


@dataclass(frozen=True, slots=True)
class At:
    """`value@3` (one application) or `value@*` (all of them: number is None)."""

    value: Expr
    number: int | None
    span: Span = place()


@dataclass(frozen=True, slots=True)
class Tuple:
    items: tuple[Expr, ...]
    span: Span = place()


@dataclass(frozen=True, slots=True)
class List:
    """`[1, 2]`, `[heads = kv_heads, head_dim]`. `labels` is one name or None an item, or () where no item has one."""

    items: tuple[Expr, ...]
    labels: tuple[str | None, ...] = ()
    span: Span = place()


@dataclass(frozen=True, slots=True)
class Comprehension:
    """`[value for names in source if condition]`."""

    value: Expr
    names: tuple[str, ...]
    source: Expr
    condition: Expr | None = None
    span: Span = place()


@dataclass(frozen=True, slots=True)
class BadExpr:
    """What stands where an expression could not be read. Already reported."""

    span: Span = place()


Expr = (
    Name | Number | String | Unary | Binary | Ternary | Pipe | Attribute | Call | Index | At | Tuple | List
    | Comprehension | BadExpr
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Segment:
    """One step of a selector. `alternatives` is for `{a, b.c}`; else `name`, which may be `*` or `**`."""

    name: str
    alternatives: tuple[Selector, ...] = ()
    subs: tuple[Sub, ...] = ()
    at: int | Literal["*"] | None = None
    #: True where the application stands before the subscripts: `layers@1[3]`, not `layers[3]@1`
    at_first: bool = False
    span: Span = place()


@dataclass(frozen=True, slots=True)
class Selector:
    """`layers[*].{norm1, norm2}`, `**.weight`, `head.weight[inputs = 0:128]`, `body@*`."""

    segments: tuple[Segment, ...]
    span: Span = place()
