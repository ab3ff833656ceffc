"""Which application of its layer one is: buffers have a row for each, in the order in which they run.

Only layers that keep buffers (or hold one that does) are looked at. A layer that is reached by `m` ways from inside of
one that is applied `n` times has `n * m` applications; way number `j` of application `p` is number `p * m + j`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sharedsl.model import dataflow as d
from sharedsl.model.sites import Path, Step
from sharedsl.model.tree import Model, Unit
from sharedsl.record import dataclass, field, fields


@dataclass(slots=True)
class Applied:
    """The applications of every layer that has buffers somewhere inside."""

    model: Model
    #: by declared path: the ways by which the layer above reaches it
    ways: dict[Path, tuple[Step, ...]] = field(default_factory=dict)
    _keeps: dict[int, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        found: dict[Path, dict[Step, None]] = {}
        seen: set[tuple[Path, str]] = set()
        for key in self.model.entries.values():
            self._visit((), self.model.root, key, found, seen)
        for path, steps in found.items():
            self.ways[path] = tuple(sorted(steps, key=lambda step: (step.run or 0, step.app or 0)))

    def keeps(self, unit: Unit) -> bool:
        """Whether the unit, or something inside it, has buffers."""
        if id(unit) not in self._keeps:
            inside = {id(each): each for child in unit.children.values() for each in child.units}
            self._keeps[id(unit)] = bool(unit.buffers) or any(self.keeps(each) for each in inside.values())
        return self._keeps[id(unit)]

    def count(self, path: Path) -> int:
        """How many applications the layer declared at `path` has; 1 where nobody applies it."""
        total = 1
        for length in range(1, len(path) + 1):
            total *= max(1, len(self.ways.get(path[:length], ())))
        return total

    def number(self, path: Path) -> int:
        """Which application of its declared layer `path` is."""
        number = 0
        declared: Path = ()
        for step in path:
            declared = (*declared, step.layer())
            ways = self.ways.get(declared, (step,))
            number = number * len(ways) + ways.index(step)
        return number

    def buffered(self) -> Iterator[tuple[Path, Unit]]:
        """Every declared layer with buffers of its own, and its path."""
        return self._buffered((), self.model.root)

    def _buffered(self, path: Path, unit: Unit) -> Iterator[tuple[Path, Unit]]:
        if unit.buffers:
            yield path, unit
        for name, child in unit.children.items():
            for at, each in enumerate(child.units):
                if self.keeps(each):
                    yield from self._buffered((*path, Step(name, at if child.stacked else None)), each)

    def _visit(
        self, path: Path, unit: Unit, key: str, found: dict[Path, dict[Step, None]], seen: set[tuple[Path, str]]
    ) -> None:
        if (path, key) in seen or not self.keeps(unit):
            return
        seen.add((path, key))
        for call in _calls(unit.bodies[key].statements):
            if isinstance(call, d.CallSelf):
                self._visit(path, unit, call.body, found, seen)
                continue
            for use in call.uses:
                step = Step(use.child, use.index, use.app, use.run)
                child = unit.child(step)
                if self.keeps(child):
                    below = (*path, step.layer())
                    found.setdefault(below, {})[step] = None
                    if use.body is not None:
                        self._visit(below, child, use.body, found, seen)


def _calls(node: Any) -> Iterator[d.Call | d.CallSelf]:
    """Every call of a layer or of another forward in a piece of dataflow."""
    if isinstance(node, tuple):
        for item in node:
            yield from _calls(item)
        return
    if isinstance(node, d.Call | d.CallSelf):
        yield node
    if hasattr(node, "__dataclass_fields__"):
        for each in fields(node):
            if each.name not in ("type", "span", "uses"):
                yield from _calls(getattr(node, each.name))
