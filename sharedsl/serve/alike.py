"""Which elements of a stack are alike, so that a long run of them can be drawn as one `x 32`."""

from __future__ import annotations

from collections.abc import Hashable, Set
from typing import Any


def number_alike(bands: list[dict[str, Any]], shared: Set[int]) -> None:
    """Gives every element `alike`: elements of one band with one number read the same shared storages in the same
    places, and private ones of the same shapes."""
    for band in bands:
        numbers: dict[Hashable, int] = {}
        for element in band["elements"]:
            number_alike(element.get("bands", []), shared)
            element["alike"] = numbers.setdefault(_look(element, shared), len(numbers))


def _look(element: dict[str, Any], shared: Set[int]) -> Hashable:
    rows = tuple((row["layer"], tuple(_cell(cell, shared) for cell in row["cells"])) for row in element.get("rows", []))
    inside = tuple(tuple(_look(each, shared) for each in band["elements"]) for band in element.get("bands", []))
    return (element["name"], element["unit"], element["loop"], rows, inside)


def _cell(cell: dict[str, Any], shared: Set[int]) -> Hashable:
    storages = tuple(each if each in shared else -1 for each in cell["storages"])
    return (cell["weight"], tuple(cell["shape"]), storages)
