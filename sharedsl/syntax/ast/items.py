"""What stands at the top of a file: imports, blocks, plans, builds."""

from __future__ import annotations

from typing import Literal

from sharedsl.record import dataclass
from sharedsl.source import Span
from sharedsl.syntax.ast.declarations import Declaration, Input, Output, Param, Statement
from sharedsl.syntax.ast.expressions import Arg, Expr, Name
from sharedsl.syntax.ast.place import place
from sharedsl.syntax.ast.relations import Relation


@dataclass(frozen=True, slots=True)
class Import:
    """`import "std/transformer" { Attention, MLP }`."""

    path: str
    names: tuple[Name, ...]
    path_span: Span = place()
    span: Span = place()


@dataclass(frozen=True, slots=True)
class Block:
    """A `block` or a `model`. `doc` is the text of the `##` lines right above it."""

    kind: Literal["block", "model"]
    name: str
    params: tuple[Param, ...]
    body: tuple[Declaration, ...]
    doc: str = ""
    name_span: Span = place()
    span: Span = place()


@dataclass(frozen=True, slots=True)
class Function:
    name: str
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    body: tuple[Statement, ...]
    doc: str = ""
    name_span: Span = place()
    span: Span = place()


@dataclass(frozen=True, slots=True)
class Extern:
    """`extern layer Name(params) from "package.module" { weight ..; forward signature }`."""

    name: str
    params: tuple[Param, ...]
    module: str
    body: tuple[Declaration, ...]
    doc: str = ""
    name_span: Span = place()
    span: Span = place()


@dataclass(frozen=True, slots=True)
class PlanRef:
    name: str
    args: tuple[Arg, ...] = ()
    span: Span = place()


@dataclass(frozen=True, slots=True)
class Plan:
    """`sharing name(params) of Model extends a, b(n = 2) { .. }`."""

    name: str
    model: str
    params: tuple[Param, ...] = ()
    extends: tuple[PlanRef, ...] = ()
    body: tuple[Relation, ...] = ()
    doc: str = ""
    name_span: Span = place()
    span: Span = place()


@dataclass(frozen=True, slots=True)
class BudgetLine:
    """`budget params <= 12M`, `budget flops(B = 1, T = 128) <= 24G`."""

    quantity: str
    args: tuple[Arg, ...]
    op: str
    limit: Expr
    span: Span = place()


@dataclass(frozen=True, slots=True)
class DtypeLine:
    dtype: str
    span: Span = place()


@dataclass(frozen=True, slots=True)
class TestLine:
    """`test (dim = 64, heads = 4)`: the small instance that verify and tests build."""

    args: tuple[Arg, ...]
    span: Span = place()


@dataclass(frozen=True, slots=True)
class IncrementalLine:
    """`incremental`: the emitted forward takes and gives back the model's state (KV caches)."""

    span: Span = place()


@dataclass(frozen=True, slots=True)
class Build:
    """`build NAME = Model(args) with plan, plan { .. }`."""

    name: str
    model: str
    args: tuple[Arg, ...]
    plans: tuple[PlanRef, ...] = ()
    body: tuple[BudgetLine | DtypeLine | TestLine | IncrementalLine, ...] = ()
    doc: str = ""
    name_span: Span = place()
    span: Span = place()


Item = Import | Block | Function | Extern | Plan | Build


@dataclass(frozen=True, slots=True)
class File:
    """A whole file. Items that could not be read are left out; their errors are reported beside."""

    items: tuple[Item, ...]
    span: Span = place()
