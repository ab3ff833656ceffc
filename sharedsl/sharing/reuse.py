"""`reuse V across C [how]`: one element of each group computes a value, the others read it."""

from __future__ import annotations

from collections.abc import Iterator

from sharedsl.comptime import Failure
from sharedsl.diagnostics import Diagnostic
from sharedsl.model import dataflow as d
from sharedsl.model.flowing import assigned
from sharedsl.model.reuses import ReuseEdit
from sharedsl.model.sites import Path, declared, show
from sharedsl.model.tree import Model
from sharedsl.record import dataclass, replace
from sharedsl.sharing.context import ExpandedPlans, Line
from sharedsl.sharing.maps import BadMap, owners
from sharedsl.sharing.nodes import of_sites
from sharedsl.sharing.reached import Application, reached
from sharedsl.sharing.report import Report, suggestion
from sharedsl.sharing.select import Match, Selecting
from sharedsl.source import Span
from sharedsl.syntax import ast

#: the path of an application and the name of a value in it
Place = tuple[Path, str]


def reuses(expanded: ExpandedPlans, model: Model) -> tuple[tuple[ReuseEdit, ...], list[Diagnostic]]:
    """The edits that the lines of a plan ask for, over every forward of the model; consumers of consumers included."""
    lines = [line for line in expanded.lines() if isinstance(line.relation, ast.Reuse)]
    if not lines:
        return (), []
    work = _Reuses(model)
    for line in lines:
        work.line(line)
    return work.edits(), work.report.found


@dataclass(slots=True, frozen=True, eq=False)
class _Element:
    """One element of a collection: its applications, each with the place in the order of execution."""

    match: Match
    runs: tuple[tuple[int, Application], ...]


class _Reuses:
    def __init__(self, model: Model) -> None:
        self.report = Report()
        self.select = Selecting(of_sites(model.sites), model.sites)
        self.order: list[Application] = []
        for entry in model.entries:
            self.order += reached(model, entry)
        self.below: dict[Path, list[Application]] = {}
        self.found: dict[Place, tuple[Place, Line]] = {}
        for each in self.order:
            for depth in range(len(each.path) + 1):
                self.below.setdefault(each.path[:depth], []).append(each)

    def line(self, line: Line) -> None:
        relation = line.relation
        assert isinstance(relation, ast.Reuse)
        try:
            elements = [each for one in relation.collection for each in self._elements(one, line)]
            labels = owners(relation.how, len(elements), line.scope) if elements else []
        except BadMap as problem:
            place = relation.how.span if relation.how is not None else line.span
            self.report.error("bad-map", str(problem), place, help=problem.help)
            return
        except Failure as problem:
            self.report.failure(problem, line.span, line.scope.names)
            return
        groups: dict[object, list[_Element]] = {}
        for element, label in zip(elements, labels, strict=True):
            groups.setdefault(label, []).append(element)
        for group in groups.values():
            for value in _flat(relation.selector):
                self._group(sorted(group, key=lambda each: each.runs[0][0]), value, line)

    def _elements(self, selector: ast.Selector, line: Line) -> Iterator[_Element]:
        """The blocks of a collection; a stack stands for its elements."""
        for match in self.select.elements(self.select.match(selector, line.scope, None, self.report)):
            if match.weight is not None or not match.node.path:
                message = f"`{match.title() or 'the model'}` has no forward that could assign a value"
                self.report.error("no-value", message, selector.span, help="values are reused across layers")
                continue
            runs = tuple((at, each) for at, each in enumerate(self.order) if _named(each.path, match))
            if runs:
                yield _Element(match, runs)
            else:
                message = f"`{match.title()}` assigns no values: it is not written in the language"
                self.report.error("no-value", message, selector.span, help="values are reused across blocks")

    # ------------------------------------------------------------------------ one group, one value

    def _group(self, group: list[_Element], value: tuple[ast.Segment, ...], line: Line) -> None:
        first = group[0]
        places = [self._places(each, value, line) for each in group]
        if any(each is None for each in places):
            return
        for element, inside in zip(group[1:], places[1:], strict=True):
            for at, run in element.runs:
                before = [each for position, each in first.runs if position < at and each.entry == run.entry]
                if not before:
                    self._too_early(first, run, line)
                    continue
                for rest, name in (inside or {})[run.path]:
                    self._link(before[-1].path, run.path, rest, name, line)

    def _link(self, producer: Path, consumer: Path, rest: Path, name: str, line: Line) -> None:
        source, target = (producer + rest, name), (consumer + rest, name)
        if not any(each.path == source[0] and name in _values(each) for each in self.below.get(producer, ())):
            message = f"`{show(producer)}` has no `{_title(rest, name)}`, which `{show(consumer)}` is to read"
            self.report.error("missing-in-element", message, line.span)
            return
        known = self.found.get(target)
        if known is not None and known[0] != source:
            message = f"`{_title(*target)}` would be read from `{_title(*known[0])}` and from `{_title(*source)}`"
            self.report.lines("reuse-twice", message, [known[1], line], "one line for each value that is read")
            return
        self.found[target] = (source, line)

    def _too_early(self, first: _Element, run: Application, line: Line) -> None:
        where = f"in `{run.entry}` " if run.entry else ""
        message = f"{where}`{show(run.path)}` would read from `{first.match.title()}`, which has not run before it"
        help = "the first element of a group, in the order of execution, computes what the others read"
        self.report.error("reuse-order", message, line.span, help=help)

    def _places(
        self, element: _Element, value: tuple[ast.Segment, ...], line: Line
    ) -> dict[Path, list[tuple[Path, str]]] | None:
        """By application of the element: where below it the value is assigned. None where it is assigned nowhere."""
        name = value[-1].name
        matches = [Match(element.match.node)]
        if len(value) > 1:
            selector = ast.Selector(value[:-1], span=line.relation.selector.span)  # type: ignore[union-attr]
            matches = self.select.match(selector, line.scope, Match(element.match.node), self.report)
            if not matches:
                return None
        inside = {each.node.path for each in self.select.elements(matches)}
        found: dict[Path, list[tuple[Path, str]]] = {}
        seen: dict[str, None] = {}
        inputs: set[str] = set()
        for _, run in element.runs:
            rests: dict[Path, None] = {}
            for each in self.below[run.path]:
                if declared(each.path) in inside:
                    seen |= dict.fromkeys(_values(each))
                    inputs |= {one.name for one in each.body.inputs}
                    if name in _values(each):
                        rests[each.path[len(run.path) :]] = None
            found[run.path] = [(rest, name) for rest in rests]
        if any(found.values()):
            return found
        self._unknown(name, value[-1].span, element, seen, inputs)
        return None

    def _unknown(self, name: str, span: Span, element: _Element, seen: dict[str, None], inputs: set[str]) -> None:
        where = f"`{element.match.title()}`"
        if name in inputs:
            message = f"`{name}` is an input in {where}: the caller decides what it is"
            self.report.error("no-value", message, span, help="name a value that the forward assigns")
            return
        help, fixes = suggestion(name, span, seen)
        self.report.error("no-value", f"no forward in {where} assigns `{name}`", span, help=help, fixes=fixes)

    # ------------------------------------------------------------------------ all together

    def edits(self) -> tuple[ReuseEdit, ...]:
        """Each consumer with the one that really computes what it reads, in the order of execution."""
        made: list[ReuseEdit] = []
        position = {each.path: at for at, each in reversed(list(enumerate(self.order)))}
        for target, (source, line) in self.found.items():
            seen = {target}
            while source in self.found and source not in seen:
                seen.add(source)
                source = self.found[source][0]
            if source[0] == target[0][: len(source[0])] or target[0] == source[0][: len(target[0])]:
                message = f"`{_title(*target)}` lies inside of what it would read from"
                self.report.error("reuse-order", message, line.span)
                continue
            made.append(ReuseEdit(source[0], target[0], target[1], line.span))
        return tuple(sorted(made, key=lambda each: (position[each.consumer], each.span.start)))


def _named(path: Path, match: Match) -> bool:
    """Whether the application at `path` is one of those that a match names."""
    if declared(path) != match.node.path:
        return False
    return all(((path[at].run if kind == "run" else path[at].app) or 0) == n for at, kind, n in match.filters)


def _values(each: Application) -> dict[str, d.Type]:
    return assigned(each.body.statements)


def _flat(selector: ast.Selector) -> list[tuple[ast.Segment, ...]]:
    """A selector's paths, braces written out; the last step of each is the name of a value."""
    found: list[tuple[ast.Segment, ...]] = [()]
    for segment in selector.segments:
        if not segment.alternatives:
            found = [(*path, segment) for path in found]
            continue
        below = [replace_last(each, segment) for one in segment.alternatives for each in _flat(one)]
        found = [(*path, *rest) for path in found for rest in below]
    return found


def replace_last(path: tuple[ast.Segment, ...], outer: ast.Segment) -> tuple[ast.Segment, ...]:
    """`{a, b}[*]` is `a[*]` and `b[*]`."""
    if not outer.subs and outer.at is None:
        return path
    last = path[-1]
    at = last.at if outer.at is None else outer.at
    return (*path[:-1], replace(last, subs=outer.subs or last.subs, at=at))


def _title(path: Path, name: str) -> str:
    return ".".join([*([show(path)] if path else []), name])
