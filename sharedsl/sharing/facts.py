"""What lines of a plan say, before anything is solved: equations, private parts, definitions and marks."""

from __future__ import annotations

from collections.abc import Callable

from sharedsl.model.sites import Init
from sharedsl.model.sizes import Size
from sharedsl.record import dataclass, field
from sharedsl.sharing.context import Line
from sharedsl.sharing.tensor_specs import Spec
from sharedsl.sharing.variables import Edge, PartSpec, Private
from sharedsl.sharing.views import View
from sharedsl.syntax import ast

#: (site, parts): the factor or private part of a weight, or the weight itself; None while it does not exist (yet)
Resolve = Callable[[int, tuple[str, ...]], "View | None"]


@dataclass(frozen=True, slots=True)
class Along:
    """All slices of a weight along an axis, or groups of them, are one. `groups` is None for all."""

    site: int
    parts: tuple[str, ...]
    axis: str
    how: ast.How | None
    line: Line


@dataclass(frozen=True, slots=True)
class Factor:
    """One factorisation of the storage that `site` (or its part) reads."""

    site: int
    parts: tuple[str, ...]
    form: str
    number: Size
    line: Line
    #: of forms that are contractions: their ranks and digits
    tensor: Spec | None = None


@dataclass(frozen=True, slots=True)
class Adapting:
    """The storage that `site` (or its part) reads is frozen and gets trained parts."""

    site: int
    parts: tuple[str, ...]
    specs: tuple[PartSpec, ...]
    line: Line


@dataclass(frozen=True, slots=True)
class Later:
    """An equation on factors or private parts: tried again until they exist. `sites` are those that it names."""

    line: Line
    sites: frozenset[int]
    attempt: Callable[[Resolve], list[Edge] | None]
    #: what to call what is missing, for `factor-unknown`; the last attempt sets it
    missing: list[str]
    #: (site, parts) of plain whole equations, so that taking one out leaves the others joined
    refs: tuple[tuple[int, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Mark:
    """`freeze`, `local` or `init` of a weight or part. `explicit` where the selector has no wildcard."""

    kind: str
    site: int
    parts: tuple[str, ...]
    line: Line
    sliced: bool = False
    explicit: bool = False
    init: Init | None = None
    #: how many weights the line names: the line that names fewer is the more particular one
    named: frozenset[int] = frozenset()


@dataclass(slots=True)
class Facts:
    """A set of facts. Edges name sites by number; a negative number -1 - s is the base of site s."""

    edges: list[Edge] = field(default_factory=list)
    private: dict[int, Private] = field(default_factory=dict)
    #: site -> what sets it apart from the other applications of its declared weight
    apart: dict[int, dict[object, object]] = field(default_factory=dict)
    later: list[Later] = field(default_factory=list)
    alongs: list[Along] = field(default_factory=list)
    factors: list[Factor] = field(default_factory=list)
    adapts: list[Adapting] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)

    def add(self, other: Facts) -> None:
        """The union. A site with private parts of two lines keeps the first; `Private` conflicts are found before."""
        self.edges += other.edges
        for site, private in other.private.items():
            self.private.setdefault(site, private)
        for site, tokens in other.apart.items():
            self.apart.setdefault(site, {}).update(tokens)
        self.later += other.later
        self.alongs += other.alongs
        self.factors += other.factors
        self.adapts += other.adapts
        self.marks += other.marks


def base_of(site: int) -> int:
    """The number by which edges name the base of a site."""
    return -1 - site
