"""What a client of a federation keeps for itself: storages that are marked so, and the buffers of their layers."""

from __future__ import annotations

from sharedsl.model.sites import Path, declared
from sharedsl.model.weights import Solved, storages_of


def local_layers(solved: Solved) -> frozenset[Path]:
    """The declared layers all of whose own weights are local; what they keep in buffers is local with them."""
    found: dict[Path, bool] = {}
    for site, read in zip(solved.sites, solved.reads, strict=True):
        path = declared(site.path[:-1])
        here = all(solved.storages[number].local for number in storages_of(read))
        found[path] = found.get(path, True) and here
    return frozenset(path for path, here in found.items() if here)


def splits(solved: Solved) -> bool:
    """Whether the plan keeps anything local."""
    return any(storage.local for storage in solved.storages)
