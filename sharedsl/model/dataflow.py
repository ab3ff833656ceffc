"""What `forward` computes, resolved: names bound, compile-time decisions taken, shapes known.

A body is a list of statements in order. Loops over stacks and compile-time lists are unrolled into `Loop` turns (so
that nothing is lost for analysis) but keep their source shape (so that code can keep the loop); loops of a run-time
length, or until a condition fails, are a `While`, whose one body stands for every turn. Conditions on what only the
caller knows, whether an optional input was given, stay as `Present`.
"""

from __future__ import annotations

from sharedsl.model.sizes import Real, Size
from sharedsl.record import dataclass, field
from sharedsl.source import NOWHERE, Span


def _span() -> Span:
    return field(default=NOWHERE, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Tensor:
    """dtype: float, int or bool. `optional` where it may be None at run time."""

    dtype: str
    dims: tuple[Size, ...]
    optional: bool = False

    def __str__(self) -> str:
        text = f"{self.dtype}[{', '.join(map(str, self.dims))}]" if self.dims else self.dtype
        return text + " or none" if self.optional else text


@dataclass(frozen=True, slots=True)
class Many:
    """A list or tuple of values: what `split` gives, what `past + [x]` collects."""

    items: tuple[Type, ...]


Type = Tensor | Many

# ---------------------------------------------------------------------------- expressions


@dataclass(frozen=True, slots=True)
class Var:
    """A local variable or an input."""

    name: str
    type: Type
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Const:
    """A number, a bool or None known at compile time, or a run-time size such as `T`, used as an operand."""

    value: Size | Real | bool | None
    type: Tensor
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Weight:
    """A weight that the block itself declares, read as an operand."""

    name: str
    type: Tensor
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Buffer:
    name: str
    type: Tensor
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Op:
    """An operation of the table in `sharedsl.ops`. Operands that were left out are None; settings are compile time."""

    op: str
    args: tuple[Expr | None, ...]
    settings: tuple[tuple[str, Setting], ...]
    type: Type
    span: Span = _span()

    def setting(self, name: str) -> Setting:
        for each, value in self.settings:
            if each == name:
                return value
        return None


#: compile-time settings of operations: numbers, words, patterns, nested lists of them
Setting = Size | Real | bool | None | str | tuple["Setting", ...]


@dataclass(frozen=True, slots=True)
class Use:
    """One application of one declared layer: `child`, its index in a stack, and which application it is.

    `body` names the forward in the child's unit that was chosen for these inputs (None for a primitive). `step` is set
    where a fold's step embedding is added to the first input before this use: the row of `child`'s `step` weight.
    """

    child: str
    index: int | None
    app: int | None
    run: int | None
    body: str | None
    step: int | None = None


@dataclass(frozen=True, slots=True)
class Scanned:
    """A call is made once for every position of an axis, and its results are stacked along it.

    All steps are one application of each layer, and states go from step to step. `axes[k]` is the axis of argument k
    that is walked along; None for an argument that every step is given whole. `axis` is the new axis of the results.
    `keeps`: the states also go on from the caller's previous call.
    """

    axes: tuple[int | None, ...]
    axis: int
    length: Size
    reverse: bool = False
    keeps: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """A layer, a stack or a fold of either. With several uses the first result threads on as the next first input."""

    uses: tuple[Use, ...]
    args: tuple[Expr | None, ...]
    type: Type
    #: how the spec names what is applied: "layer" (one), "stack" (the whole stack or a slice, once or folded)
    form: str = "layer"
    #: `scan(..)`: the whole call at every position
    scan: Scanned | None = None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class CallSelf:
    """Another forward of the same block: `decode(..)`."""

    body: str
    args: tuple[Expr | None, ...]
    type: Type
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class CallFunction:
    """A weightless helper of the spec; `body` is a key of `Model.functions`."""

    body: str
    args: tuple[Expr | None, ...]
    type: Type
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Once:
    """`once(e)` where states are kept: the value at the first step of a sequence, kept under `name` from then on."""

    name: str
    value: Expr
    type: Type
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Pick:
    """Item number `index` of a Many."""

    of: Expr
    index: int
    type: Type
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Collect:
    """A Many from its items."""

    items: tuple[Expr, ...]
    type: Many
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class IfPresent:
    """`then if NAME != none else other`, decided at run time."""

    name: str
    then: Expr | None
    other: Expr | None
    type: Type
    span: Span = _span()


Expr = Var | Const | Weight | Buffer | Op | Call | CallSelf | CallFunction | Once | Pick | Collect | IfPresent

# ---------------------------------------------------------------------------- statements


@dataclass(frozen=True, slots=True)
class Assign:
    """One target takes the value; several take the items of a Many."""

    targets: tuple[str, ...]
    value: Expr
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Return:
    values: tuple[Expr, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop of the spec, unrolled: `turns[k]` is the body of turn k. `names` are the spec's loop variables.

    `items[k]` holds what the variables stand for in turn k, for code that keeps the loop: a Use's (child, index) or a
    compile-time value.
    """

    names: tuple[str, ...]
    items: tuple[tuple[tuple[str, int | None] | Setting, ...], ...]
    turns: tuple[tuple[Statement, ...], ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class While:
    """A loop that stays one when the module runs: turns `start`, `start + 1`, .. below `stop`, while `condition` holds.

    The body is read once, for a turn of any number: `turn` is that number, a run-time size that the loop's variable
    `name` stands for. `carried` are the names that hand a value from one turn to the next, of one type throughout; what
    else the body assigns ends with its turn. All turns of a loop are one application of the layers that it calls.
    """

    name: str
    turn: Size
    start: Size
    stop: Size
    carried: tuple[str, ...]
    body: tuple[Statement, ...]
    #: a bool without axes, computed before each turn
    condition: Expr | None = None
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Present:
    """`if NAME != none { then } else { other }`, decided at run time."""

    name: str
    then: tuple[Statement, ...]
    other: tuple[Statement, ...]
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Check:
    """A `require` on run-time sizes: `left op right`; `text` is the spec's own words."""

    left: Size
    op: str
    right: Size
    text: str
    span: Span = _span()


@dataclass(frozen=True, slots=True)
class Keep:
    """`keys = ...` where `keys` is a state: the value is used from here on and kept for the next call.

    The value of a plain `int` state is a Const; sizes that name the state still mean what it was at the start.
    """

    state: str
    value: Expr
    span: Span = _span()


Statement = Assign | Return | Loop | While | Present | Check | Keep


@dataclass(frozen=True, slots=True)
class Input:
    name: str
    #: None where the caller left it out: then the name stands for none in the body
    type: Type | None
    #: for the root: what an input that is left out becomes
    default: Expr | None = None
    #: a plain `int` input is a run-time number
    size: Size | None = None


@dataclass(frozen=True, slots=True)
class Body:
    """One forward of one unit for inputs of given shapes.

    `sizes` are the body's own run-time sizes, each with where it can be read: (input name, axis) or, for the length of
    a state, ("state:keys", axis). They are the names that the `code` of sizes in this body uses. `ground` and `formula`
    are over the *root's* run-time sizes in every body (a block's `T` may stand for the root's `M`), so that formulas
    of different bodies add up; at the root the two agree.
    """

    key: str
    name: str | None
    inputs: tuple[Input, ...]
    statements: tuple[Statement, ...]
    output: Type
    output_names: tuple[str | None, ...] = ()
    sizes: tuple[tuple[str, tuple[str, int]], ...] = ()
    #: the unit's states as this body sees them; a plain `int` has no type
    states: tuple[tuple[str, Tensor | None], ...] = ()
    #: whether states come from and go to whoever calls: in incremental builds, and in the steps of a scan
    keeps: bool = False
    span: Span = _span()
