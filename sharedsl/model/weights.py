"""Weight expressions: what a site reads, a formula over storages. And the solved plan that holds them.

Views (each element is a constant times one element) come first, definitions (the site has no storage) after them.
Every node knows the shape it gives; `of` is always another expression.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from sharedsl.model.sites import Axis, Init, Path, Site
from sharedsl.model.sizes import Arith
from sharedsl.record import dataclass, field, replace
from sharedsl.source import Span

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Read:
    """The whole of storage number `storage`."""

    storage: int
    shape: Shape


@dataclass(frozen=True, slots=True)
class Permute:
    """Axis i of the result is axis `order[i]` of `of`. `.T` of a matrix is (1, 0)."""

    of: Expr
    order: tuple[int, ...]
    shape: Shape


@dataclass(frozen=True, slots=True)
class Reshape:
    of: Expr
    shape: Shape


@dataclass(frozen=True, slots=True)
class Slice:
    """Elements start, start + step, .. below stop of one axis; step is at least 1."""

    of: Expr
    axis: int
    start: int
    stop: int
    step: int
    shape: Shape


@dataclass(frozen=True, slots=True)
class Concat:
    parts: tuple[Expr, ...]
    axis: int
    shape: Shape


@dataclass(frozen=True, slots=True)
class Flip:
    of: Expr
    axis: int
    shape: Shape


@dataclass(frozen=True, slots=True)
class Rot90:
    """Rotated `times` quarter turns from axis `axes[0]` towards `axes[1]`, as torch.rot90 and numpy.rot90 do."""

    of: Expr
    axes: tuple[int, int]
    times: int
    shape: Shape


@dataclass(frozen=True, slots=True)
class Roll:
    """result[i] = of[(i - by) mod n] along the axis, as torch.roll."""

    of: Expr
    axis: int
    by: int
    shape: Shape


@dataclass(frozen=True, slots=True)
class Repeat:
    """Each slice along `axis` `times` times in a row (repeat_interleave): result[i] = of[i // times]."""

    of: Expr
    axis: int
    times: int
    shape: Shape


@dataclass(frozen=True, slots=True)
class Scale:
    """A constant times `of`. `code` prints the constant in the model's parameters."""

    of: Expr
    factor: float
    code: Arith
    shape: Shape


@dataclass(frozen=True, slots=True)
class Detach:
    """The value without its gradient."""

    of: Expr
    shape: Shape


@dataclass(frozen=True, slots=True)
class MatMul:
    """Low rank: left [outs.., r] and right [r, ins..] contracted over r."""

    left: Expr
    right: Expr
    shape: Shape


@dataclass(frozen=True, slots=True)
class Add:
    parts: tuple[Expr, ...]
    shape: Shape


@dataclass(frozen=True, slots=True)
class Multiply:
    """Elementwise, with numpy's broadcasting: a learned scale, a mask."""

    left: Expr
    right: Expr
    shape: Shape


@dataclass(frozen=True, slots=True)
class Mixture:
    """sum_j coefficients[j] * bank[j]: coefficients [k], bank [k, ...]."""

    coefficients: Expr
    bank: Expr
    shape: Shape


@dataclass(frozen=True, slots=True)
class Diagonal:
    """The matrix [n, n] with the vector `of` on its diagonal."""

    of: Expr
    shape: Shape


@dataclass(frozen=True, slots=True)
class Normalize:
    """Divided by its Euclidean length along `axes`; the length's own gradient is not taken, as DoRA has it."""

    of: Expr
    axes: tuple[int, ...]
    shape: Shape


@dataclass(frozen=True, slots=True)
class Contract:
    """A sum of products: `terms[i]` has a letter for each axis of part i, `result` those of the value, as einsum.

    Parts are contracted from the left, two at a time. Tucker, CP, tensor trains, Kronecker sums and Monarch are this.
    """

    parts: tuple[Expr, ...]
    terms: tuple[str, ...]
    result: str
    shape: Shape


@dataclass(frozen=True, slots=True)
class Gather:
    """result[i, j, ..] = sign(i, j, ..) * of[index(i, j, ..)]: a formula of the positions for each axis of `of`.

    Formulas are whole-number arithmetic over `names`; `hash` of a seed and numbers is `model.gathers.hashed`.
    """

    of: Expr
    names: tuple[str, ...]
    index: tuple[Arith, ...]
    sign: Arith | None
    shape: Shape


Expr = (
    Read | Permute | Reshape | Slice | Concat | Flip | Rot90 | Roll | Repeat | Scale | Detach
    | MatMul | Add | Multiply | Mixture | Diagonal | Normalize | Contract | Gather
)  # fmt: skip

Role = Literal["weight", "factor", "core", "bank", "coefficient", "lora", "diagonal", "scale", "step"]


@dataclass(frozen=True, slots=True)
class Storage:
    """A tensor that exists once. `owner` is the module path it is registered at, `name` its name there.

    Its checkpoint key is key(owner) + "." + name: `embed.weight`, `embed.weight_u`, `layers.2.attn.q.weight`.
    `site` is the number of the owning site (for factors and private parts: the site they stand in).
    """

    index: int
    owner: Path
    name: str
    site: int
    axes: tuple[Axis, ...]
    init: Init
    role: Role = "weight"
    dtype: str = "float32"
    trainable: bool = True
    no_decay: bool = False
    span: Span | None = None
    #: the lines of plans that joined or defined it
    because: tuple[Span, ...] = ()
    #: never sent: each client of a federation has its own
    local: bool = False

    @property
    def shape(self) -> Shape:
        return tuple(int(axis.size.value or 0) for axis in self.axes)


@dataclass(frozen=True, slots=True)
class Solved:
    """A solved plan: what each site reads, over storages that exist. `reads[i]` is for site number i."""

    sites: tuple[Site, ...]
    storages: tuple[Storage, ...]
    reads: tuple[Expr, ...]
    #: parameters and names of the plans that took part, for reports
    plans: tuple[str, ...] = ()
    #: site number -> the private parts (lora, diagonal, scale) it carries, as storage numbers
    private: dict[int, tuple[int, ...]] = field(default_factory=dict)
    #: the model's parameters that the plan's positions are made of
    decided: frozenset[str] = frozenset()


def storages_of(expr: Expr) -> tuple[int, ...]:
    """The storages an expression reads, in order, once each."""
    found: dict[int, None] = {}
    _collect(expr, found)
    return tuple(found)


def children(expr: Expr) -> tuple[Expr, ...]:
    match expr:
        case Read():
            return ()
        case Concat() | Add() | Contract():
            return expr.parts
        case MatMul() | Multiply():
            return (expr.left, expr.right)
        case Mixture():
            return (expr.coefficients, expr.bank)
        case _:
            return (expr.of,)


def _collect(expr: Expr, found: dict[int, None]) -> None:
    if isinstance(expr, Read):
        found[expr.storage] = None
    for child in children(expr):
        _collect(child, found)


def renumbered(expr: Expr, numbers: Mapping[int, int]) -> Expr:
    """The same formula over other storages."""
    match expr:
        case Read():
            return replace(expr, storage=numbers.get(expr.storage, expr.storage))
        case Concat() | Add() | Contract():
            return replace(expr, parts=tuple(renumbered(part, numbers) for part in expr.parts))
        case MatMul() | Multiply():
            return replace(expr, left=renumbered(expr.left, numbers), right=renumbered(expr.right, numbers))
        case Mixture():
            return replace(
                expr, coefficients=renumbered(expr.coefficients, numbers), bank=renumbered(expr.bank, numbers)
            )
        case _:
            return replace(expr, of=renumbered(expr.of, numbers))
