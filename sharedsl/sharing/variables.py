"""The unknowns of a plan: weights, bases, factors and private parts before it is known which of them are stored."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

from sharedsl.model.sites import Axis, Init, Path
from sharedsl.model.sizes import Arith, Real, Size
from sharedsl.model.weights import Role
from sharedsl.record import dataclass, field
from sharedsl.sharing.context import Line
from sharedsl.sharing.strided import Box, Map
from sharedsl.source import Span


@dataclass(frozen=True, slots=True)
class Repeated:
    """Every slice along `axis` of `small`, `times` times in a row."""

    small: Var
    axis: int
    times: int
    line: Line


@dataclass(frozen=True, slots=True)
class LowRank:
    u: Var
    v: Var
    rank: int
    line: Line


@dataclass(frozen=True, slots=True)
class Bank:
    mix: Var
    bank: Var
    count: int
    line: Line


@dataclass(frozen=True, slots=True)
class PartSpec:
    """`lora(rank = 8, alpha = 16)`, `dora(rank = 8)`, `diagonal`, `scale`.

    `gated` factors have a trained number for each of the rank and for each output beside them. `seed` makes the factors
    those of VeRA: shared by all that the line adapts, frozen, and drawn from that seed.
    """

    kind: str
    rank: Size | None = None
    alpha: Size | Real | None = None
    gated: bool = False
    #: a rank above what the weight can have is lowered to that
    capped: bool = True
    seed: Size | None = None
    #: of `scale`: a number for each input, not for each output
    inputs: bool = False

    def same(self, other: PartSpec) -> bool:
        """Whether the two say the same, whatever their numbers are computed from."""
        return _plain(self) == _plain(other)


def _plain(spec: PartSpec) -> tuple[object, ...]:
    numbers = [None if each is None else each.value for each in (spec.rank, spec.alpha, spec.seed)]
    return (spec.kind, spec.gated, spec.capped, spec.inputs, *numbers)


@dataclass(slots=True, eq=False)
class Private:
    """A base with trained parts beside it: scale * base + parts.

    Of single weights (`with`): `sites` are the applications that read it, which read one `base` with others. Of a
    storage (`adapt`): its definition; `sites` is empty, and `base`, which is frozen, is the storage's own value.
    """

    sites: tuple[int, ...]
    parts: tuple[PartSpec, ...]
    line: Line
    base: Var
    #: made when it is known how large they are: by kind and letter
    vars: dict[str, Var] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Gathered:
    """Elements of `source` that formulas of the positions name, with signs."""

    source: Var
    names: tuple[str, ...]
    index: tuple[Arith, ...]
    sign: Arith | None
    line: Line
    #: whether the source starts as its reader would have: a plan's weight that names no initialiser
    begins: bool = False


@dataclass(frozen=True, slots=True)
class Product:
    """A contraction of parts, each reshaped to `views[i]` and its axes called `terms[i]`.

    The value has axes `result` of lengths `inner`; it is read as the matrix `matrix` and cut to the weight's own rows
    and columns where it is larger (a tensor train of a padded vocabulary).
    """

    form: str
    parts: dict[str, Var]
    views: tuple[tuple[int, ...], ...]
    terms: tuple[str, ...]
    result: str
    inner: tuple[int, ...]
    matrix: tuple[int, int]
    line: Line
    #: the parts that start as ones: the weights of CP's terms
    ones: frozenset[str] = frozenset()
    #: what the line asked for, for comparison
    asked: tuple[object, ...] = ()

    @property
    def summed(self) -> str:
        """The letters that are summed over."""
        return "".join(sorted(set("".join(self.terms)) - set(self.result)))

    def length(self, letter: str) -> int:
        pairs = zip(self.views, self.terms, strict=True)
        return next(view[term.index(letter)] for view, term in pairs if letter in term)


Definition = Repeated | LowRank | Bank | Private | Gathered | Product


def parts_of(var: Var) -> tuple[Var, ...]:
    """What an unknown is defined by."""
    match var.definition:
        case Repeated(small=small):
            return (small,)
        case LowRank(u=u, v=v):
            return (u, v)
        case Bank(mix=mix, bank=bank):
            return (mix, bank)
        case Private(base=base, vars=made):
            return (base, *made.values())
        case Gathered(source=source):
            return (source,)
        case Product(parts=parts):
            return tuple(parts.values())
    return ()


@dataclass(slots=True, eq=False)
class Var:
    """A tensor that may turn out to be stored, to read another one, or to be defined by others.

    `order` decides between owners: the site it stands in, then what it is there. `name` is the weight's name with the
    part's: `weight`, `weight_u`, `weight_lora_a`.
    """

    index: int
    axes: tuple[Axis, ...]
    shape: tuple[int, ...]
    order: tuple[int, ...]
    site: int
    owner: Path
    name: str
    init: Init
    role: Role = "weight"
    dtype: str = "float32"
    frozen: bool = False
    no_decay: bool = False
    span: Span | None = None
    definition: Definition | None = None
    #: the lines that joined or defined it, by identity
    because: dict[int, Line] = field(default_factory=dict)
    #: marks put on it by plans: what, and by which line
    freeze: Line | None = None
    local: Line | None = None
    written: tuple[Init, Line] | None = None

    @property
    def numel(self) -> int:
        return prod(self.shape)


class Edge(NamedTuple):
    """`a` on `a_box` is `factor` times `b` under `map` (None: the whole of both, element by element).

    kind "equal" holds in both directions; "view" is read one way only: a repeat, or a value without its gradient.
    `away` where a tie points from a to b.
    """

    a: int
    b: int
    a_box: Box | None = None
    map: Map | None = None
    factor: float = 1.0
    code: Arith | None = None
    kind: str = "equal"
    detached: bool = False
    away: bool = False
    line: Line | None = None


#: (var, axis, position) -> size
Hints = dict[tuple[int, int, int], Size]
