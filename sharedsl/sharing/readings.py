"""How a cell is read from the owner of its class, and the equations between cells that lead there."""

from __future__ import annotations

from typing import NamedTuple

from sharedsl.model.sizes import Arith
from sharedsl.sharing.strided import Map
from sharedsl.sharing.variables import Edge


class Reading(NamedTuple):
    """A cell is `factor` times `root` under `map` (None: element by element, and the same box)."""

    root: int
    map: Map | None = None
    factor: float = 1.0
    code: Arith | None = None
    detached: bool = False


class Link(NamedTuple):
    """One equation between two cells, seen from `a`."""

    to: int
    map: Map | None
    factor: float
    code: Arith | None
    edge: Edge
