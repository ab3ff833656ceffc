"""The syntax tree: frozen records, one to one with the text. Spans do not take part in equality."""

from __future__ import annotations

from typing import Literal

from sharedsl.record import dataclass, field
from sharedsl.source import NOWHERE, Span


def _span() -> Span:
    return field(default=NOWHERE, compare=False, repr=False, kw_only=True)


# ---------------------------------------------------------------------------- expressions


@dataclass(frozen=True, slots=True)
class Name:
    name: str
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Number:
    """`12M`, `30_000`, `1e-5`, `16MB`. `text` is as written; `value` is an int except in `1.0`, `1e5`, `0.3333k`."""

    text: str
    value: int | float
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class String:
    value: str
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Unary:
    """`-x` or `not x`."""

    op: str
    operand: Expr
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Binary:
    """Arithmetic, comparison and logic: + - * / // % ** @ == != <= >= < > in and or."""

    op: str
    left: Expr
    right: Expr
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Ternary:
    """`then if condition else other`."""

    then: Expr
    condition: Expr
    other: Expr
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Pipe:
    """`value |> into`: `x |> f(a)` is `f(x, a)`."""

    value: Expr
    into: Expr
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Attribute:
    """`value.name`."""

    value: Expr
    name: str
    name_span: Span = field(default=NOWHERE, compare=False, repr=False, kw_only=True)
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Arg:
    """A call's argument, `value` or `name = value`."""

    value: Expr
    name: str | None = None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Call:
    function: Expr
    args: tuple[Arg, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Slice:
    """`a:b:c` inside brackets."""

    start: Expr | None = None
    stop: Expr | None = None
    step: Expr | None = None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Sub:
    """One subscript: `3`, `0::2`, `heads = 0:8`, or `*` (value is None)."""

    value: Expr | Slice | None
    axis: str | None = None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Index:
    """`value[sub, sub]`."""

    value: Expr
    subs: tuple[Sub, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class At:
    """`value@3` (one application) or `value@*` (all of them: number is None)."""

    value: Expr
    number: int | None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Tuple:
    items: tuple[Expr, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class List:
    """`[1, 2]`, `[heads = kv_heads, head_dim]`. `labels` is one name or None an item, or () where no item has one."""

    items: tuple[Expr, ...]
    labels: tuple[str | None, ...] = ()
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Comprehension:
    """`[value for names in source if condition]`."""

    value: Expr
    names: tuple[str, ...]
    source: Expr
    condition: Expr | None = None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class BadExpr:
    """What stands where an expression could not be read. Already reported."""

    span: Span = _span()


Expr = (
    Name | Number | String | Unary | Binary | Ternary | Pipe | Attribute | Call | Index | At | Tuple | List
    | Comprehension | BadExpr
)  # fmt: skip


# ---------------------------------------------------------------------------- selectors


@dataclass(frozen=True, slots=True)
class Segment:
    """One step of a selector. `alternatives` is for `{a, b.c}`; else `name`, which may be `*` or `**`."""

    name: str
    alternatives: tuple[Selector, ...] = ()
    subs: tuple[Sub, ...] = ()
    at: int | Literal["*"] | None = None
    #: True where the application stands before the subscripts: `layers@1[3]`, not `layers[3]@1`
    at_first: bool = False
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Selector:
    """`layers[*].{norm1, norm2}`, `**.weight`, `head.weight[inputs = 0:128]`, `body@*`."""

    segments: tuple[Segment, ...]
    span: Span = _span()


# ---------------------------------------------------------------------------- declarations


@dataclass(frozen=True, slots=True)
class Dim:
    """A size, `...` (value is None) or `label = size`."""

    value: Expr | None
    label: str | None = None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Type:
    """`float[B, T, dim]`, `int`, `bool[B, M]`. dims is None for a plain number."""

    base: str
    dims: tuple[Dim, ...] | None = None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Param:
    """`dim`, `ff = 4 * dim`, `act: function = gelu`.

    kind: int, float, bool, list, function, layer, str; None is int.
    """

    name: str
    kind: str | None = None
    default: Expr | None = None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class LayerDecl:
    """`layer x = L(..)`, `layer xs = L(..) * n`, `layer xs[i in range(n)] = ..`."""

    name: str
    value: Expr
    variable: str | None = None
    source: Expr | None = None
    name_span: Span = field(default=NOWHERE, compare=False, repr=False, kw_only=True)
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class WeightDecl:
    """`weight w[outs | ins] : dtype init I frozen no_decay`; ins is None where there is no bar."""

    name: str
    outs: tuple[Dim, ...]
    ins: tuple[Dim, ...] | None = None
    dtype: str | None = None
    init: Expr | None = None
    flags: tuple[str, ...] = ()
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class BufferDecl:
    name: str
    type: Type
    value: Expr | None = None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class StateDecl:
    name: str
    type: Type
    value: Expr | None = None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Require:
    condition: Expr
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class InitDecl:
    """`init SELECTOR = value`, in a model, a block or a plan."""

    selector: Selector
    value: Expr
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Input:
    name: str
    type: Type
    default: Expr | None = None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Output:
    type: Type
    name: str | None = None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Forward:
    """`forward [name](inputs) -> outputs { body }`. An extern layer's has no body (None)."""

    name: str | None
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    body: tuple[Statement, ...] | None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class DeclIf:
    condition: Expr
    then: tuple[Declaration, ...]
    other: tuple[Declaration, ...] = ()
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class DeclFor:
    name: str
    source: Expr
    body: tuple[Declaration, ...]
    span: Span = _span()


Declaration = LayerDecl | WeightDecl | BufferDecl | StateDecl | Require | InitDecl | Forward | DeclIf | DeclFor


# ---------------------------------------------------------------------------- statements of forward


@dataclass(frozen=True, slots=True)
class Assign:
    """`a, b = e` or `a, b = e, f`."""

    targets: tuple[str, ...]
    values: tuple[Expr, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Return:
    values: tuple[Expr, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class For:
    names: tuple[str, ...]
    source: Expr
    body: tuple[Statement, ...]
    condition: Expr | None = None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class If:
    condition: Expr
    then: tuple[Statement, ...]
    other: tuple[Statement, ...] = ()
    span: Span = _span()


Statement = Assign | Return | For | If | Require


# ---------------------------------------------------------------------------- statements of plans


@dataclass(frozen=True, slots=True)
class How:
    """kind: groups_of (n each), in_groups (n of them), cycle (of n, maybe reversed), list (labels)."""

    kind: Literal["groups_of", "in_groups", "cycle", "list"]
    value: Expr
    reversed: bool = False
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Part:
    """`lora(rank = 8) on ffn.*`, `step_embedding`."""

    name: str
    args: tuple[Arg, ...] = ()
    on: Selector | None = None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Tie:
    target: Selector
    value: Expr
    parts: tuple[Part, ...] = ()
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Share:
    """`share S` (collection and axis both empty), `share P across C`, `share P along AXIS`."""

    selector: Selector
    collection: tuple[Selector, ...] = ()
    axis: str | None = None
    how: How | None = None
    excepted: tuple[Selector, ...] = ()
    parts: tuple[Part, ...] = ()
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Fold:
    """`fold X n times` or `fold X as LIST`: one of `times` and `order` is set."""

    selector: Selector
    times: Expr | None = None
    order: Expr | None = None
    excepted: tuple[Selector, ...] = ()
    parts: tuple[Part, ...] = ()
    span: Span = _span()


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
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Adapt:
    selector: Selector
    parts: tuple[Part, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Freeze:
    selector: Selector
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Local:
    selector: Selector
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Untie:
    selector: Selector
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Reuse:
    selector: Selector
    collection: tuple[Selector, ...]
    how: How | None = None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Stage:
    """`stage NAME from step n { .. }`."""

    name: str
    step: Expr
    body: tuple[Relation, ...]
    name_span: Span = field(default=NOWHERE, compare=False, repr=False, kw_only=True)
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class PlanFor:
    names: tuple[str, ...]
    source: Expr
    body: tuple[Relation, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class PlanIf:
    condition: Expr
    then: tuple[Relation, ...]
    other: tuple[Relation, ...] = ()
    span: Span = _span()


Relation = (
    Tie | Share | Fold | Factorize | Adapt | Freeze | Local | Untie | Reuse | InitDecl | WeightDecl | Stage | PlanFor
    | PlanIf | Require
)  # fmt: skip


# ---------------------------------------------------------------------------- items


@dataclass(frozen=True, slots=True)
class Import:
    """`import "std/transformer" { Attention, MLP }`."""

    path: str
    names: tuple[Name, ...]
    path_span: Span = field(default=NOWHERE, compare=False, repr=False, kw_only=True)
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Block:
    """A `block` or a `model`. `doc` is the text of the `##` lines right above it."""

    kind: Literal["block", "model"]
    name: str
    params: tuple[Param, ...]
    body: tuple[Declaration, ...]
    doc: str = ""
    name_span: Span = field(default=NOWHERE, compare=False, repr=False, kw_only=True)
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Function:
    name: str
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    body: tuple[Statement, ...]
    doc: str = ""
    name_span: Span = field(default=NOWHERE, compare=False, repr=False, kw_only=True)
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Extern:
    """`extern layer Name(params) from "package.module" { weight ..; forward signature }`."""

    name: str
    params: tuple[Param, ...]
    module: str
    body: tuple[Declaration, ...]
    doc: str = ""
    name_span: Span = field(default=NOWHERE, compare=False, repr=False, kw_only=True)
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class PlanRef:
    name: str
    args: tuple[Arg, ...] = ()
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Plan:
    """`sharing name(params) of Model extends a, b(n = 2) { .. }`."""

    name: str
    model: str
    params: tuple[Param, ...] = ()
    extends: tuple[PlanRef, ...] = ()
    body: tuple[Relation, ...] = ()
    doc: str = ""
    name_span: Span = field(default=NOWHERE, compare=False, repr=False, kw_only=True)
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class BudgetLine:
    """`budget params <= 12M`, `budget flops(B = 1, T = 128) <= 24G`."""

    quantity: str
    args: tuple[Arg, ...]
    op: str
    limit: Expr
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class DtypeLine:
    dtype: str
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class TestLine:
    """`test (dim = 64, heads = 4)`: the small instance that verify and tests build."""

    args: tuple[Arg, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class IncrementalLine:
    """`incremental`: the emitted forward takes and gives back the model's state (KV caches)."""

    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Build:
    """`build NAME = Model(args) with plan, plan { .. }`."""

    name: str
    model: str
    args: tuple[Arg, ...]
    plans: tuple[PlanRef, ...] = ()
    body: tuple[BudgetLine | DtypeLine | TestLine | IncrementalLine, ...] = ()
    doc: str = ""
    name_span: Span = field(default=NOWHERE, compare=False, repr=False, kw_only=True)
    span: Span = _span()


Item = Import | Block | Function | Extern | Plan | Build


@dataclass(frozen=True, slots=True)
class File:
    """A whole file. Items that could not be read are left out; their errors are reported beside."""

    items: tuple[Item, ...]
    span: Span = _span()
