"""What stands in a model or block: declarations, forwards and their statements."""

from __future__ import annotations

from sharedsl.record import dataclass
from sharedsl.source import Span
from sharedsl.syntax.ast.expressions import Expr, Selector
from sharedsl.syntax.ast.place import place


@dataclass(frozen=True, slots=True)
class Dim:
    """A size, `...` (value is None) or `label = size`."""

    value: Expr | None
    label: str | None = None
    span: Span = place()


@dataclass(frozen=True, slots=True)
class Type:
    """`float[B, T, dim]`, `int`, `bool[B, M]`. dims is None for a plain number."""

    base: str
    dims: tuple[Dim, ...] | None = None
    span: Span = place()


@dataclass(frozen=True, slots=True)
class Param:
    """`dim`, `ff = 4 * dim`, `act: function = gelu`.

    kind: int, float, bool, list, function, layer, str; None is int.
    """

    name: str
    kind: str | None = None
    default: Expr | None = None
    span: Span = place()


@dataclass(frozen=True, slots=True)
class LayerDecl:
    """`layer x = L(..)`, `layer xs = L(..) * n`, `layer xs[i in range(n)] = ..`."""

    name: str
    value: Expr
    variable: str | None = None
    source: Expr | None = None
    name_span: Span = place()
    span: Span = place()


@dataclass(frozen=True, slots=True)
class WeightDecl:
    """`weight w[outs | ins] : dtype init I frozen no_decay`; ins is None where there is no bar."""

    name: str
    outs: tuple[Dim, ...]
    ins: tuple[Dim, ...] | None = None
    dtype: str | None = None
    init: Expr | None = None
    flags: tuple[str, ...] = ()
    span: Span = place()


@dataclass(frozen=True, slots=True)
class BufferDecl:
    name: str
    type: Type
    value: Expr | None = None
    span: Span = place()


@dataclass(frozen=True, slots=True)
class StateDecl:
    name: str
    type: Type
    value: Expr | None = None
    span: Span = place()


@dataclass(frozen=True, slots=True)
class Require:
    condition: Expr
    span: Span = place()


@dataclass(frozen=True, slots=True)
class InitDecl:
    """`init SELECTOR = value`, in a model, a block or a plan."""

    selector: Selector
    value: Expr
    span: Span = place()


@dataclass(frozen=True, slots=True)
class Input:
    name: str
    type: Type
    default: Expr | None = None
    span: Span = place()


@dataclass(frozen=True, slots=True)
class Output:
    type: Type
    name: str | None = None
    span: Span = place()


@dataclass(frozen=True, slots=True)
class Forward:
    """`forward [name](inputs) -> outputs { body }`. An extern layer's has no body (None)."""

    name: str | None
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    body: tuple[Statement, ...] | None
    span: Span = place()


@dataclass(frozen=True, slots=True)
class DeclIf:
    condition: Expr
    then: tuple[Declaration, ...]
    other: tuple[Declaration, ...] = ()
    span: Span = place()


@dataclass(frozen=True, slots=True)
class DeclFor:
    name: str
    source: Expr
    body: tuple[Declaration, ...]
    span: Span = place()


Declaration = LayerDecl | WeightDecl | BufferDecl | StateDecl | Require | InitDecl | Forward | DeclIf | DeclFor


@dataclass(frozen=True, slots=True)
class Assign:
    """`a, b = e` or `a, b = e, f`."""

    targets: tuple[str, ...]
    values: tuple[Expr, ...]
    span: Span = place()


@dataclass(frozen=True, slots=True)
class Return:
    values: tuple[Expr, ...]
    span: Span = place()


@dataclass(frozen=True, slots=True)
class For:
    names: tuple[str, ...]
    source: Expr
    body: tuple[Statement, ...]
    condition: Expr | None = None
    span: Span = place()


@dataclass(frozen=True, slots=True)
class If:
    condition: Expr
    then: tuple[Statement, ...]
    other: tuple[Statement, ...] = ()
    span: Span = place()


Statement = Assign | Return | For | If | Require
