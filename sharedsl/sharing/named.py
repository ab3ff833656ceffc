"""What a selector names in each of many blocks, by path from the block.

Most blocks of a collection are built alike, and what a selector names in one it names in all of them: it is worked out
for the first of each form.
"""

from __future__ import annotations

from collections.abc import Sequence

from sharedsl.model.sites import Site
from sharedsl.record import dataclass
from sharedsl.sharing.context import Line
from sharedsl.sharing.nodes import Node, Relative
from sharedsl.sharing.paths import alternatives
from sharedsl.sharing.select import Match
from sharedsl.sharing.world import World
from sharedsl.syntax import ast

#: a path below an element, the slice and the part of the weight there
Key = tuple[Relative, tuple[ast.Sub, ...], tuple[str, ...]]
#: what is named in a block of some form: the weights by their number among all of the block
Pattern = list[tuple[Key, int]]


@dataclass(frozen=True, slots=True)
class Named:
    """One weight of one element."""

    sites: tuple[int, ...]
    parts: tuple[str, ...]
    subs: tuple[ast.Sub, ...]


def collected(
    selector: ast.Selector, excepted: tuple[ast.Selector, ...], elements: list[Match], line: Line, world: World
) -> list[dict[Key, Named]]:
    """What P without Q names in each element. A P that no element has is reported."""
    named = in_each(selector, elements, line, world)
    if not any(named):
        world.matches(selector, line, elements[0])
        return [{} for _ in elements]
    for each in alternatives(selector):
        if not any(in_each(each, elements, line, world)):
            world.matches(each, line, elements[0])
    for each in excepted:
        hit = False
        for at, excepted_here in enumerate(in_each(each, elements, line, world)):
            gone = {key[0] for key in excepted_here}
            hit = hit or bool(gone)
            named[at] = {key: value for key, value in named[at].items() if key[0] not in gone}
        if not hit:
            world.matches(each, line, elements[0])
    return named


def in_each(selector: ast.Selector, elements: Sequence[Match], line: Line, world: World) -> list[dict[Key, Named]]:
    """What a selector names in each element, by path from it."""
    patterns: dict[object, Pattern | None] = {}
    plain = len(elements) > 1 and not _of_applications(selector)
    found: list[dict[Key, Named]] = []
    for element in elements:
        if not plain or element.filters or element.captures or element.weight is not None or element.stack is not None:
            found.append(_in(selector, element, line, world))
            continue
        form = _form(element.node, world.sites)
        if form not in patterns:
            found.append(_in(selector, element, line, world))
            patterns[form] = _pattern(found[-1], element.node)
            continue
        pattern = patterns[form]
        if pattern is None:
            found.append(_in(selector, element, line, world))
            continue
        below = [sites for _, sites in element.node.below()]
        found.append({key: Named(tuple(below[at]), key[2], key[1]) for key, at in pattern})
    return found


def _of_applications(selector: ast.Selector) -> bool:
    """Whether it tells applications apart, by which equal blocks may differ."""
    return any(
        segment.at is not None or any(map(_of_applications, segment.alternatives)) for segment in selector.segments
    )


def _form(node: Node, sites: Sequence[Site]) -> object:
    """Equal for blocks of equal names all the way down, whose weights are of the same specs."""
    weights = tuple([(name, id(sites[own[0]].spec)) for name, own in node.weights.items()])
    if not node.children and not node.stacks:
        return weights
    children = tuple([(name, each.added, _form(each, sites)) for name, each in node.children.items()])
    stacks = [(name, at, _form(each, sites)) for name, stack in node.stacks.items() for at, each in stack.items()]
    return weights, children, tuple(stacks)


def _pattern(named: dict[Key, Named], node: Node) -> Pattern | None:
    """None where something else is named than whole weights of the block with all of their applications."""
    numbers = {tuple(sites): at for at, (_, sites) in enumerate(node.below())}
    found: Pattern = []
    for key, each in named.items():
        at = numbers.get(each.sites)
        if at is None:
            return None
        found.append((key, at))
    return found


def _in(selector: ast.Selector, element: Match, line: Line, world: World) -> dict[Key, Named]:
    """What a selector names in one element, by path from it."""
    out: dict[Key, Named] = {}
    depth = len(element.node.path)
    for match in world.matches(selector, line, element, True):
        prefix = tuple((step.name, step.index) for step in match.node.path[depth:])
        for relative, sites in world.select.below(match):
            path = (*prefix, (match.weight, None)) if match.weight is not None else (*prefix, *relative)
            out[path, match.subs, match.parts] = Named(sites, match.parts, match.subs)
    return out
