"""The tree that selectors walk: declared layers with the sites below them, all applications of a weight together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sharedsl.model.sites import Path, Site, Step, show
from sharedsl.model.tree import Unit

#: a path below some layer, as a key: (name, index) for each step
Relative = tuple[tuple[str, int | None], ...]


class Node:
    """A declared layer. `stacks[name][index]` are the elements of a stack; `weights[name]` the sites of a weight.

    `added` by the plan: only its own name names it.
    """

    __slots__ = ("added", "children", "path", "stacks", "weights")

    def __init__(self, path: Path) -> None:
        self.path, self.added = path, False
        self.children: dict[str, Node] = {}
        self.stacks: dict[str, dict[int, Node]] = {}
        self.weights: dict[str, list[int]] = {}

    def down(self, step: Step) -> Node:
        if step.index is None:
            node = self.children.get(step.name)
            if node is None:
                node = self.children[step.name] = Node((*self.path, step.layer()))
            return node
        stack = self.stacks.get(step.name)
        if stack is None:
            stack = self.stacks[step.name] = {}
        node = stack.get(step.index)
        if node is None:
            node = stack[step.index] = Node((*self.path, step.layer()))
        return node

    def names(self) -> tuple[str, ...]:
        return (*self.children, *self.stacks, *self.weights)

    def elements(self, stack: str) -> list[Node]:
        found = self.stacks[stack]
        return [found[index] for index in sorted(found)]

    def below(self, prefix: Relative = ()) -> Iterator[tuple[Relative, list[int]]]:
        """Every weight below, with its path from here."""
        for name, sites in self.weights.items():
            yield (*prefix, (name, None)), sites
        for name, child in self.children.items():
            if not child.added:
                yield from child.below((*prefix, (name, None)))
        for name, stack in self.stacks.items():
            for index in sorted(stack):
                yield from stack[index].below((*prefix, (name, index)))

    def __str__(self) -> str:
        return show(self.path)


def of_sites(sites: Sequence[Site], added: frozenset[Path] = frozenset()) -> Node:
    """The tree of all sites."""
    root = _tree(sites)
    for path in added:
        node = root
        for step in path:
            node = node.down(step)
        node.added = True
    return root


def _tree(sites: Sequence[Site]) -> Node:
    root = Node(())
    # neighbours mostly stand in one layer, and its step is one object then
    before: tuple[Step, ...] = ()
    trail = [root]
    for site in sites:
        path = site.path
        depth = len(path) - 1
        same = 0
        for one, other in zip(path, before, strict=False):
            if one is not other or same == depth:
                break
            same += 1
        del trail[same + 1 :]
        node = trail[same]
        for step in path[same:depth]:
            node = node.down(step)
            trail.append(node)
        before = path[:depth]
        weights = node.weights.get(path[-1].name)
        if weights is None:
            node.weights[path[-1].name] = [site.index]
        else:
            weights.append(site.index)
    return root


def of_unit(unit: Unit, path: Path = ()) -> Node:
    """The tree of the declared layers, without sites."""
    node = Node(path)
    for name in unit.weights:
        node.weights[name] = []
    for name, child in unit.children.items():
        if child.stacked:
            node.stacks[name] = {at: of_unit(each, (*path, Step(name, at))) for at, each in enumerate(child.units)}
        else:
            node.children[name] = of_unit(child.units[0], (*path, Step(name)))
    return node


def written(relative: Relative) -> str:
    return ".".join(name if index is None else f"{name}[{index}]" for name, index in relative)
