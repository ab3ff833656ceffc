"""The unknowns of a plan: weights, bases, factors and private parts before it is known which of them are stored."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

from sharedsl.model.sites import Axis, Init, Path
from sharedsl.model.sizes import Arith, Size
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


Definition = Repeated | LowRank | Bank


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
