"""What the forwards of a class are told by it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from sharedsl import pytree as py
from sharedsl.emit.elements import Container, Orders
from sharedsl.emit.repeats import Value
from sharedsl.emit.terms import Env
from sharedsl.model import dataflow as d
from sharedsl.model.tree import Unit
from sharedsl.record import dataclass, field
from sharedsl.source import Span

if TYPE_CHECKING:
    from sharedsl.emit.forward import Forward


@dataclass(slots=True)
class Surroundings:
    """What the class knows that its forwards need."""

    env: Env
    #: parameters of the model, as far as plans say them and this class has them
    model: Env
    cx: py.CodeContext
    orders: Orders
    containers: Mapping[py.Expr, Container]
    #: code for one use of a child: the use, the arguments' values, their types and the result's type
    apply: Callable[[d.Use, list[Value | None], d.Call, Forward], Value]
    weight: Callable[[str, Forward, d.Tensor], Value]
    buffer: Callable[[str], py.Expr]
    #: computes before a stack's loop what its elements have in common
    lift: Callable[[d.Call, Forward], None]
    line: Callable[[Span], str]
    functions: Mapping[str, str]
    #: names of the other forwards' methods by body key
    methods: Mapping[str, str]
    #: the lengths of stacks, and how the code writes them
    counts: Mapping[str, tuple[int, py.Expr]] = field(default_factory=dict)
    reserved: frozenset[str] = frozenset()
    states: Mapping[str, d.Tensor | None] = field(default_factory=dict)
    #: states of scanned layers are plain variables, no places in a dict
    carries: bool = False
    #: the block whose forwards these are
    unit: Unit | None = None
    #: the arguments that hand the states on to another forward of the same block
    handing: Callable[[d.CallSelf, Forward], tuple[tuple[py.Expr, ...], tuple[tuple[str, py.Expr], ...]]] = field(
        default=lambda call, forward: ((), ())
    )
    #: what a running loop's turns call their states by; None where they keep none
    turn_place: Callable[[d.While, Forward], py.Expr | None] = field(default=lambda loop, forward: None)
