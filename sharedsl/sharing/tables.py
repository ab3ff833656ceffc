"""Tables that are also heads: one that starts as N(0, 1) makes a model start at a loss of 517 instead of 9.2."""

from __future__ import annotations

from sharedsl.sharing import strided
from sharedsl.sharing.definitions import Definitions
from sharedsl.sharing.initialisers import deviation, normal, number

#: the standard deviation of a table that a head reads, where nobody wrote one
STD = 0.02
#: heads read the table with at most this standard deviation, scale included, or it is replaced
LARGE = 0.1


def tied_tables(state: Definitions, written: frozenset[int]) -> None:
    """A storage of an Embedding that a Linear reads as its weight starts small."""
    world = state.world
    if not state.pieces:
        return
    if not any(site.layer == "Embedding" for site in world.sites):
        return
    readers: dict[int, float] = {}
    for site in world.sites:
        if site.layer != "Linear":
            continue
        private = state.facts.private.get(site.index)
        index = site.index if private is None else private.base.index
        for piece in state.pieces.get(index, ()):
            if strided.bijective(piece.map):
                readers[piece.var.index] = max(readers.get(piece.var.index, 0.0), abs(piece.factor))
    for index, factor in readers.items():
        var = world.vars[index]
        if world.sites[var.site].layer != "Embedding" or var.role != "weight" or var.site in written:
            continue
        std = deviation(var.init, var.axes)
        if std is not None and factor * (std.value or 0) > LARGE:
            var.init = normal(number(STD))
