"""The tree of applications as bands: stacks are rows of elements, single layers stand side by side, in running order.

An element is flat (rows of weights by layer) or, where stacks stand in it, has bands of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sharedsl.model.sites import Path, Step, show
from sharedsl.model.tree import Model, Unit
from sharedsl.record import dataclass, field
from sharedsl.serve.order import Applied, execution
from sharedsl.source import Span

#: an element with stacks inside is flat all the same while it has no more weights than this
_FLAT = 24
#: and one whose layers are only applied again
_FLAT_AGAIN = 64

Data = dict[str, Any]
#: gives a site's data, and a line of the spec for a span
CellOf = Callable[[int], Data]
LineOf = Callable[[Span], "int | None"]


@dataclass(slots=True)
class _Node:
    """One application of a layer: the applications in it, and the weights of its own as site numbers."""

    path: Path
    below: dict[Step, _Node] = field(default_factory=dict)
    weights: dict[str, int] = field(default_factory=dict)

    def sites(self) -> Iterator[int]:
        yield from self.weights.values()
        for each in self.below.values():
            yield from each.sites()

    def leaves(self) -> Iterator[_Node]:
        if self.weights:
            yield self
        for each in self.below.values():
            yield from each.leaves()


def bands(model: Model, paths: list[Path], cell: CellOf, line: LineOf) -> list[Data]:
    """`paths[i]` is the path of site i; every site comes out once."""
    root = _Node(())
    for number, path in enumerate(paths):
        node = root
        for step in path[:-1]:
            if step not in node.below:
                node.below[step] = _Node((*node.path, step))
            node = node.below[step]
        node.weights[str(path[-1])] = number
    return _Draw(model, cell, line).bands(root, execution(model), model.root)


@dataclass(slots=True)
class _Draw:
    model: Model
    cell: CellOf
    line: LineOf

    def bands(self, node: _Node, applied: Applied, unit: Unit | None) -> list[Data]:
        """Neighbours that are elements of stacks, or repeated, are one band; so are neighbours that are not."""
        found: list[Data] = []
        if node.weights:
            found.append({"kind": "singles", "elements": [self._own(node, unit)]})
        for step in _in_order(node, applied):
            kind = "stack" if _numbered(step) else "singles"
            if not found or found[-1]["kind"] != kind:
                found.append({"kind": kind, "elements": []})
            found[-1]["elements"].append(self._element(node.below[step], applied.at(step), unit))
        return [part for band in found for part in _apart(band)]

    def _own(self, node: _Node, unit: Unit | None) -> Data:
        """The weights that a block itself declares."""
        name = unit.name if unit is not None else ""
        rows = [{"layer": weight, "cells": [self.cell(site)]} for weight, site in node.weights.items()]
        return {**_labels(node.path), "name": "weights", "unit": name, "line": None, "loop": "", "rows": rows}

    def _element(self, node: _Node, applied: Applied, parent: Unit | None) -> Data:
        step = node.path[-1]
        child = parent.children.get(step.name) if parent is not None else None
        at = step.index or 0
        unit = child.units[at] if child is not None and at < len(child.units) else None
        data: Data = {
            **_labels(node.path),
            "unit": unit.name if unit is not None else "",
            "line": self.line(child.span) if child is not None else None,
            "loop": applied.loop,
        }
        inside = [step for leaf in node.leaves() for step in leaf.path[len(node.path) :] if _numbered(step)]
        again = all(step.index is None and step.run is None for step in inside)
        if inside and len(list(node.sites())) > (_FLAT_AGAIN if again else _FLAT):
            data["bands"] = self.bands(node, applied, unit)
        else:
            data["rows"] = [row for leaf in _leaves(node, applied) for row in self._rows(leaf, len(node.path))]
        return data

    def _rows(self, leaf: _Node, depth: int) -> list[Data]:
        """The weights of a layer stand in one row; those that a block itself declares have a row each."""
        inside = leaf.path[depth:]
        if not leaf.below:
            return [{"layer": show(inside), "cells": [self.cell(site) for site in leaf.weights.values()]}]
        stem = show(inside) + "." if inside else ""
        return [{"layer": stem + weight, "cells": [self.cell(site)]} for weight, site in leaf.weights.items()]


def _labels(path: Path) -> Data:
    step = path[-1] if path else Step("")
    return {"path": show(path), "name": step.name, "index": step.index, "app": step.app, "run": step.run}


def _apart(band: Data) -> list[Data]:
    """Stacks of other layers that follow each other stand apart; those that take turns stay together."""
    runs: list[list[Data]] = []
    for element in band["elements"]:
        if runs and runs[-1][-1]["name"] == element["name"]:
            runs[-1].append(element)
        else:
            runs.append([element])
    names = [run[0]["name"] for run in runs]
    alike = len({element["unit"] for element in band["elements"]}) == 1
    if band["kind"] == "singles" or alike or len(set(names)) < len(names):
        return [band]
    return [{"kind": band["kind"], "elements": run} for run in runs]


def _numbered(step: Step) -> bool:
    return step.index is not None or step.app is not None or step.run is not None


def _in_order(node: _Node, applied: Applied) -> list[Step]:
    """As they run; those that only another entry point runs come last."""
    first = [step for step in applied.below if step in node.below]
    return first + [step for step in node.below if step not in applied.below]


def _leaves(node: _Node, applied: Applied) -> Iterator[_Node]:
    if node.weights:
        yield node
    for step in _in_order(node, applied):
        yield from _leaves(node.below[step], applied.at(step))
