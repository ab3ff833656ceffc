"""Selectors: which layers, weights, slices, factors and applications a pattern names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from sharedsl.comptime import Scope, evaluate
from sharedsl.comptime.evaluate import position, slice_of
from sharedsl.diagnostics import Edit, Fix
from sharedsl.model.sites import Site, show
from sharedsl.record import dataclass, replace
from sharedsl.sharing.nodes import Node, Relative
from sharedsl.sharing.paths import alternatives
from sharedsl.sharing.report import Report, suggestion
from sharedsl.source import Span
from sharedsl.syntax import ast

#: what may stand after a weight: its factors and private parts
PARTS = (
    "u", "v", "bank", "mix", "base", "lora", "scale", "diagonal", "magnitude", "a", "b", "inner", "outer",
    "core", "weights", "left", "right",
)  # fmt: skip
#: factors that are counted: digits, cores and stages
NUMBERED = re.compile(r"(rows|columns|core|stage|axis)\d+")
#: depth in the path, "run" or "app", and the number wanted
Filter = tuple[int, str, int]


@dataclass(frozen=True, slots=True)
class Match:
    """What a selector names: a layer (`node`), a stack in it (`stack`), or a weight of it, maybe a slice or a part.

    `captures` are the indices and applications that `[*]`, slices of stacks and `@*` matched, in order.
    """

    node: Node
    stack: str | None = None
    weight: str | None = None
    parts: tuple[str, ...] = ()
    subs: tuple[ast.Sub, ...] = ()
    captures: tuple[int, ...] = ()
    filters: tuple[Filter, ...] = ()

    @property
    def exact(self) -> bool:
        """Whether single applications are named."""
        return bool(self.filters)

    def at(self, node: Node, captured: tuple[int, ...] = ()) -> Match:
        """A layer below."""
        captures = (*self.captures, *captured) if captured else self.captures
        return Match(node, self.stack, self.weight, self.parts, self.subs, captures, self.filters)

    def of(self, weight: str, subs: tuple[ast.Sub, ...] | None = None) -> Match:
        """A weight of this layer."""
        taken = self.subs if subs is None else subs
        return Match(self.node, self.stack, weight, self.parts, taken, self.captures, self.filters)

    def title(self) -> str:
        path = show(self.node.path)
        tail = [*([self.stack] if self.stack else []), *([self.weight] if self.weight else []), *self.parts]
        return ".".join([*([path] if path else []), *tail])


class Selecting:
    """Selection in one tree. `sites` are needed to tell applications apart."""

    def __init__(self, root: Node, sites: Sequence[Site] = ()) -> None:
        self.root, self.sites = root, sites

    # ------------------------------------------------------------------ matching

    def match(
        self, selector: ast.Selector, scope: Scope, start: Match | None = None, report: Report | None = None
    ) -> list[Match]:
        """What `selector` names, from `start` (the root if not given) on. Nothing found is reported as `no-site`."""
        first = start or Match(self.root)
        begin = replace(first, captures=()) if first.captures else first
        found = list(self._match(begin, selector.segments, scope))
        if len(found) > 1:
            found = list(dict.fromkeys(found))
        if report is not None:
            if not found:
                self._nothing(begin, selector, scope, report)
            for each in alternatives(selector):
                if found and not any(True for _ in self._match(begin, each.segments, scope)):
                    self._nothing(begin, each, scope, report)
        return found

    def _match(self, at: Match, segments: Sequence[ast.Segment], scope: Scope) -> Iterator[Match]:
        if not segments:
            yield at
            return
        head, rest = segments[0], segments[1:]
        if head.alternatives:
            for each in head.alternatives:
                last = each.segments[-1]
                if head.subs or head.at is not None:
                    last = replace(last, subs=head.subs or last.subs, at=last.at if head.at is None else head.at)
                yield from self._match(at, (*each.segments[:-1], last, *rest), scope)
        elif at.weight is not None:
            if self._is_part(at, head.name) and not head.subs and head.at is None:
                yield from self._match(replace(at, parts=(*at.parts, head.name)), rest, scope)
            elif self._is_part(at, head.name) and not rest and head.at is None:
                yield replace(at, parts=(*at.parts, head.name), subs=head.subs)
        elif at.stack is not None:
            return
        elif head.name == "**" and rest and rest[0].name == "**":
            yield from self._match(at, rest, scope)
        elif head.name == "**":
            yield from self._match(at, rest, scope)
            for child in self._all(at):
                yield from self._match(child, segments, scope)
        else:
            for match in self._step(at, head, not rest, scope):
                yield from self._match(match, rest, scope)

    def _is_part(self, at: Match, name: str) -> bool:
        """Whether a name after a weight may be a factor or a private part: factors may be called after its axes."""
        if name in PARTS or NUMBERED.fullmatch(name):
            return True
        sites = at.node.weights.get(at.weight or "", ())
        return any(axis.name == name for site in sites[:1] if self.sites for axis in self.sites[site].spec.axes)

    def _all(self, at: Match) -> Iterator[Match]:
        """Every child of a layer, elements of stacks one by one."""
        for child in at.node.children.values():
            if not child.added:
                yield at.at(child)
        for name in at.node.stacks:
            for child in at.node.elements(name):
                yield at.at(child)
        for name in at.node.weights:
            yield at.of(name)

    def _step(self, at: Match, head: ast.Segment, last: bool, scope: Scope) -> Iterator[Match]:
        node = at.node
        every = head.name == "*"
        for name, child in node.children.items():
            if (every and not child.added) or name == head.name:
                if head.subs:
                    continue
                yield from self._applications(at.at(child), head, False)
        for name in node.stacks:
            if every or name == head.name:
                yield from self._stack(at, name, head, last, scope)
        for name in node.weights:
            if (every or name == head.name) and head.at is None:
                yield at.of(name, head.subs)

    def _stack(self, at: Match, name: str, head: ast.Segment, last: bool, scope: Scope) -> Iterator[Match]:
        stack = at.node.stacks[name]
        if not head.subs:
            if last:
                yield from self._applications(replace(at, stack=name), head, True)
            return
        if len(head.subs) != 1 or head.subs[0].axis is not None:
            return
        captured, indices = self._indices(head.subs[0], max(stack) + 1, scope)
        for index in indices:
            if index in stack:
                element = at.at(stack[index], (index,) if captured else ())
                yield from self._applications(element, head, head.at_first)

    def _indices(self, sub: ast.Sub, count: int, scope: Scope) -> tuple[bool, Sequence[int]]:
        if sub.value is None:
            return True, range(count)
        if isinstance(sub.value, ast.Slice):
            return True, slice_of(sub.value, count, scope)
        return False, (position(evaluate(sub.value, scope), count, scope.trace),)

    # ------------------------------------------------------------------ applications

    def _applications(self, at: Match, head: ast.Segment, of_stack: bool) -> Iterator[Match]:
        if head.at is None:
            yield at
            return
        depth = len(at.node.path) - (0 if at.stack else 1)
        kind = "run" if of_stack else "app"
        numbers = self._numbers(at, depth, kind)
        if numbers == [0] and of_stack:
            other = self._numbers(at, depth, "app")
            if len(other) > 1:
                kind, numbers = "app", other
        for number in numbers:
            if head.at == "*":
                yield replace(at, filters=(*at.filters, (depth, kind, number)), captures=(*at.captures, number))
            elif number == head.at:
                yield replace(at, filters=(*at.filters, (depth, kind, number)))

    def _numbers(self, at: Match, depth: int, kind: str) -> list[int]:
        """The applications of a step that sites below it tell apart; [0] where there is one."""
        nodes = at.node.elements(at.stack) if at.stack else [at.node]
        found = {self._number(site, depth, kind) for node in nodes for _, sites in node.below() for site in sites}
        return sorted(found)

    def _number(self, site: int, depth: int, kind: str) -> int:
        step = self.sites[site].path[depth]
        number = step.run if kind == "run" else step.app
        return number or 0

    def kept(self, sites: Sequence[int], filters: tuple[Filter, ...]) -> tuple[int, ...]:
        """The applications that the filters let through."""
        if not filters:
            return tuple(sites)
        return tuple(s for s in sites if all(self._number(s, depth, kind) == n for depth, kind, n in filters))

    # ------------------------------------------------------------------ what lies below

    def below(self, match: Match) -> Iterator[tuple[Relative, tuple[int, ...]]]:
        """The weights that a match names, each with its path from the match and its applications' sites."""
        if match.weight is not None:
            sites = self.kept(match.node.weights[match.weight], match.filters)
            if sites:
                yield (), sites
            return
        nodes = [((), match.node)] if match.stack is None else self._elements_of(match)
        for prefix, node in nodes:
            for relative, all_sites in node.below(prefix):
                sites = self.kept(all_sites, match.filters)
                if sites:
                    yield relative, sites

    def _elements_of(self, match: Match) -> list[tuple[Relative, Node]]:
        assert match.stack is not None
        return [(((match.stack, node.path[-1].index),), node) for node in match.node.elements(match.stack)]

    def elements(self, matches: Sequence[Match]) -> list[Match]:
        """A flat list of blocks: a stack stands for its elements."""
        out: list[Match] = []
        for match in matches:
            if match.stack is None:
                out.append(match)
            else:
                nodes = match.node.elements(match.stack)
                out.extend(replace(match, node=node, stack=None) for node in nodes)
        return list(dict.fromkeys(out))

    # ------------------------------------------------------------------ nothing found

    def _nothing(self, start: Match, selector: ast.Selector, scope: Scope, report: Report) -> None:
        """Say which segment is the first that leads nowhere, and which name was probably meant."""
        flat = selector.segments
        if len(flat) == 1 and flat[0].alternatives:
            for each in flat[0].alternatives:
                self._nothing(start, each, scope, report)
            return
        reached, at = [start], 0
        while at < len(flat) - 1:
            step = list(self._match_all(reached, (flat[at],), scope))
            if not step:
                break
            reached, at = step, at + 1
        segment = flat[at]
        if segment.alternatives and not any(match.stack for match in reached):
            lost = [each for each in segment.alternatives if not any(self._match_all(reached, each.segments, scope))]
            for each in lost:
                self._nothing(reached[0], each, scope, report)
            if lost:
                return
        names: dict[str, None] = {}
        for match in reached:
            if match.weight is not None:
                names.update(dict.fromkeys(PARTS))
            elif match.stack is None:
                names.update(dict.fromkeys(match.node.names()))
        word = segment.name
        span = Span(segment.span.path, segment.span.start, segment.span.start + len(word))
        previous = flat[at - 1] if at else None
        if previous is not None and all(match.stack for match in reached):
            help = f"`{previous.name}` is a stack: write `{previous.name}[*]` for all its elements"
            end = Span(previous.span.path, previous.span.end, previous.span.end)
            report.error("no-site", "this names nothing", selector.span, help=help, fixes=insert(end, "[*]"))
            return
        known = word in names
        help, fixes = ("", ()) if known or segment.alternatives else suggestion(word, span, names)
        where = f" in `{reached[0].title()}`" if reached and reached[0].title() else ""
        what = f"nothing is called `{word}`{where}" if not known and not segment.alternatives else "this names nothing"
        if known and segment.at is not None:
            what = f"`{word}` has no application {segment.at}: it is reached once" if segment.at != "*" else what
        report.error("no-site", what, segment.span if segment.span.end else selector.span, help=help, fixes=fixes)

    def _match_all(self, starts: list[Match], segments: Sequence[ast.Segment], scope: Scope) -> Iterator[Match]:
        for start in starts:
            yield from self._match(start, segments, scope)


def insert(span: Span, text: str) -> tuple[Fix, ...]:
    return (Fix(f"insert `{text}`", (Edit(span, text),)),)
