"""The lines of a plan."""

from __future__ import annotations

from typing import Literal

from sharedsl.record import dataclass
from sharedsl.source import Span
from sharedsl.syntax.ast.declarations import InitDecl, Require, WeightDecl
from sharedsl.syntax.ast.expressions import Arg, Expr, Selector
from sharedsl.syntax.ast.place import place


@dataclass(frozen=True, slots=True)
class How:
    """kind: groups_of (n each), in_groups (n of them), cycle (of n, maybe reversed), list (labels)."""

    kind: Literal["groups_of", "in_groups", "cycle", "list"]
    value: Expr
    reversed: bool = False
    span: Span = place()


@dataclass(frozen=True, slots=True)
class Part:
    """`lora(rank = 8) on ffn.*`, `step_embedding`."""

    name: str
    args: tuple[Arg, ...] = ()
    on: Selector | None = None
    span: Span = place()


@dataclass(frozen=True, slots=True)
class Tie:
    target: Selector
    value: Expr
    parts: tuple[Part, ...] = ()
    span: Span = place()


@dataclass(frozen=True, slots=True)
class Share:
    """`share S` (collection and axis both empty), `share P across C`, `share P along AXIS`."""

    selector: Selector
    collection: tuple[Selector, ...] = ()
    axis: str | None = None
    how: How | None = None
    excepted: tuple[Selector, ...] = ()
    parts: tuple[Part, ...] = ()
    axis_span: Span = place()
    span: Span = place()


@dataclass(frozen=True, slots=True)
class Fold:
    """`fold X n times` or `fold X as LIST`: one of `times` and `order` is set."""

    selector: Selector
    times: Expr | None = None
    order: Expr | None = None
    excepted: tuple[Selector, ...] = ()
    parts: tuple[Part, ...] = ()
    span: Span = place()


@dataclass(frozen=True, slots=True)
class Factorize:
    """`factorize S [across C [how]] [rank r] [as form]`.

    form: basis, bank(k), tucker(..), cp(r), tt(..), kronecker(n).
    """

    selector: Selector
    collection: tuple[Selector, ...] = ()
    how: How | None = None
    rank: Expr | None = None
    form: str | None = None
    form_args: tuple[Arg, ...] = ()
    form_span: Span = place()
    span: Span = place()


@dataclass(frozen=True, slots=True)
class Adapt:
    selector: Selector
    parts: tuple[Part, ...]
    span: Span = place()


@dataclass(frozen=True, slots=True)
class Freeze:
    selector: Selector
    span: Span = place()


@dataclass(frozen=True, slots=True)
class Local:
    selector: Selector
    span: Span = place()


@dataclass(frozen=True, slots=True)
class Untie:
    selector: Selector
    span: Span = place()


@dataclass(frozen=True, slots=True)
class Reuse:
    selector: Selector
    collection: tuple[Selector, ...]
    how: How | None = None
    span: Span = place()


@dataclass(frozen=True, slots=True)
class Stage:
    """`stage NAME from step n { .. }`."""

    name: str
    step: Expr
    body: tuple[Relation, ...]
    name_span: Span = place()
    span: Span = place()


@dataclass(frozen=True, slots=True)
class PlanFor:
    names: tuple[str, ...]
    source: Expr
    body: tuple[Relation, ...]
    span: Span = place()


@dataclass(frozen=True, slots=True)
class PlanIf:
    condition: Expr
    then: tuple[Relation, ...]
    other: tuple[Relation, ...] = ()
    span: Span = place()


Relation = (
    Tie | Share | Fold | Factorize | Adapt | Freeze | Local | Untie | Reuse | InitDecl | WeightDecl | Stage | PlanFor
    | PlanIf | Require
)  # fmt: skip
