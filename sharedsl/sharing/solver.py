"""The plan solver: sites and lines to what each site reads, over storages that exist.

Solved in strata, each from a set of facts, so that the order of lines cannot matter: equations between weights; what
is stored (along, factorize); the same for factors; then marks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from sharedsl.comptime import Scope
from sharedsl.diagnostics import Diagnostic
from sharedsl.model.sites import Site, declared
from sharedsl.model.weights import Solved
from sharedsl.sharing import adapt, factorize, fold, marks, share, strided, tie, untie
from sharedsl.sharing.classes import Classes
from sharedsl.sharing.context import ExpandedPlans, Level, Line, PlanContext
from sharedsl.sharing.definitions import Definitions
from sharedsl.sharing.facts import Facts, base_of
from sharedsl.sharing.outcome import outcome
from sharedsl.sharing.own_weights import own_weights
from sharedsl.sharing.report import Report
from sharedsl.sharing.variables import Edge, Hints
from sharedsl.sharing.world import World
from sharedsl.syntax import ast


class Relation(NamedTuple):
    """One kind of line and what it says."""

    name: str
    kind: type
    facts: Callable[[Line, World], Facts]


RELATIONS: tuple[Relation, ...] = (
    Relation("tie", ast.Tie, tie.facts),
    Relation("share", ast.Share, share.facts),
    Relation("fold", ast.Fold, fold.facts),
    Relation("factorize", ast.Factorize, factorize.facts),
    Relation("adapt", ast.Adapt, adapt.facts),
    Relation("freeze", ast.Freeze, marks.facts),
    Relation("local", ast.Local, marks.facts),
    Relation("init", ast.InitDecl, marks.facts),
)
_BY_KIND = {relation.kind: relation.facts for relation in RELATIONS}


def solve(
    sites: tuple[Site, ...],
    expanded: ExpandedPlans,
    ctx: PlanContext,
    inits: tuple[ast.InitDecl, ...] = (),
    written: frozenset[int] = frozenset(),
) -> tuple[Solved, list[Diagnostic]]:
    """What each site reads. Diagnostics come with the best solution there is: lines at fault are left out.

    `inits` are initialisers that the model itself writes, relative to its root (where they are not in the sites' specs
    yet); `written` are the sites whose initialiser is written in the model, which a tie does not replace.
    """
    report = Report()
    own = own_weights(expanded, ctx, len(sites), report)
    world = World(sites, ctx, report, own)
    work = _Solver(world, report)
    facts = work.level(expanded.top)
    classes = work.classes(facts, report)
    work.check_private(facts, classes)
    state = Definitions(world, facts, report)
    state.settle(classes, set(facts.private))
    state.run()
    written = written | {site.index for site in own if site.spec.written}
    solved = outcome(state, expanded.names, work.model_inits(inits), written)
    report.found.sort(key=_place)
    return solved, report.found


def _place(diagnostic: Diagnostic) -> tuple[str, int, int, str]:
    span = diagnostic.span
    return ("", 0, 0, diagnostic.code) if span is None else (span.path, span.start, span.end, diagnostic.code)


class _Solver:
    def __init__(self, world: World, report: Report) -> None:
        self.world, self.report = world, report
        self._lines: dict[Line, Line] = {}
        self._facts: dict[int, Facts] = {}
        self._levels: dict[int, Facts] = {}
        self._weights = self._applications()

    # ------------------------------------------------------------------ facts of plans

    def level(self, level: Level) -> Facts:
        """What a plan says: the plans that it extends, solved; less what it unties; and its own lines."""
        known = self._levels.get(id(level))
        if known is None:
            known = self._levels[id(level)] = self._level(level)
        return known

    def _level(self, level: Level) -> Facts:
        facts = Facts()
        for parent in level.parents:
            self._conflicts(facts, self.level(parent))
            facts.add(self.level(parent))
        lines = [self._lines.setdefault(line, line) for line in level.lines]
        taken = [line for line in lines if isinstance(line.relation, ast.Untie)]
        if taken:
            facts = untie.without(facts, taken, self.world, self.classes)
        for line in lines:
            if type(line.relation) in _BY_KIND:
                own = self.of_line(line)
                self._conflicts(facts, own)
                facts.add(own)
        return facts

    def of_line(self, line: Line) -> Facts:
        """What one line says; the same line in two plans says it once."""
        known = self._facts.get(id(line))
        if known is None:
            known = self._facts[id(line)] = _BY_KIND[type(line.relation)](line, self.world)
        return known

    def _conflicts(self, facts: Facts, more: Facts) -> None:
        """A weight has the private parts of one line."""
        for site, private in more.private.items():
            known = facts.private.get(site)
            if known is not None and known is not private:
                self.world.two_parts(site, known.line, private.line)

    def model_inits(self, inits: tuple[ast.InitDecl, ...]) -> Facts:
        """Initialisers of the model that are not in the sites' specs yet."""
        out = Facts()
        scope = Scope(self.world.ctx.parameters, self.world.ctx.trace)
        quiet = World(self.world.sites, self.world.ctx, Report()) if inits else self.world
        for each in inits:
            out.add(marks.facts(Line(each, scope), quiet))
        out.marks = [mark for mark in out.marks if not self.world.sites[mark.site].spec.written]
        return out

    # ------------------------------------------------------------------ equations

    def _applications(self) -> list[list[int]]:
        """The sites of every declared weight that several applications read."""
        grouped: dict[object, list[int]] = {}
        for site in self.world.sites:
            path = declared(site.path)
            if path is not site.path:
                grouped.setdefault(path, []).append(site.index)
        return [sites for sites in grouped.values() if len(sites) > 1]

    def classes(self, facts: Facts, report: Report) -> Classes:
        """The equations of the plan and of the model's calls, solved."""
        bases = {site: private.base.index for site, private in facts.private.items()}
        edges: list[Edge] = []
        for edge in facts.edges:
            a, b = _real(edge.a, bases), _real(edge.b, bases)
            if a != edge.a or b != edge.b:
                edge = edge._replace(a=a, b=b)
            if a != b or edge.kind == "view":
                edges.append(edge)
            elif edge.factor != 1.0 and (edge.map is None or edge.map == strided.identity(edge.a_box or ())):
                message = f"`{self.world.title(self.world.vars[a].site)}` is tied to {edge.factor:.6g} times itself"
                report.lines("cycle-scale", message, [edge.line])
            elif edge.map is not None and edge.map != strided.identity(edge.a_box or ()):
                message = f"`{self.world.title(self.world.vars[a].site)}` is tied to a rearranged part of itself"
                report.lines(
                    "self-view",
                    message,
                    [edge.line],
                    help="only `share .. along AXIS` makes elements of one weight equal",
                )
        edges += self._calls(facts)
        hints: Hints = {(_real(var, bases), axis, at): size for (var, axis, at), size in self.world.hints.items()}
        return Classes(self.world.vars, edges, hints, report)

    def _calls(self, facts: Facts) -> list[Edge]:
        """All applications of one declared layer read one storage, unless a line sets them apart."""
        edges: list[Edge] = []
        for sites in self._weights:
            first: dict[object, int] = {}
            for site in sites:
                tokens = facts.apart.get(site)
                token = None if tokens is None else tuple(sorted((repr(k), repr(v)) for k, v in tokens.items()))
                goal = first.setdefault(token, site)
                if goal == site:
                    continue
                one, other = facts.private.get(site), facts.private.get(goal)
                if one is other:
                    edges.append(Edge(site, goal))
                else:
                    a = site if one is None else one.base.index
                    b = goal if other is None else other.base.index
                    edges.append(Edge(a, b))
        return edges

    # ------------------------------------------------------------------ checks

    def check_private(self, facts: Facts, classes: Classes) -> None:
        """A weight with private parts is no other weight as a whole."""
        for private in dict.fromkeys(facts.private.values()):
            own = set(private.sites)
            for cell in classes.cells.within(private.sites[0], None):
                root = classes.owner_of(cell)
                members = classes.members.get(root, [])
                other = next((each for each in members if classes.cells.owner[each] not in own), None)
                view = classes.views.get(root)
                if other is None and view is None:
                    continue
                lines = [private.line, *(classes.why(cell, other, None) if other is not None else [])]
                lines += [view.edge.line] if view is not None and view.edge.line else []
                name = self.world.title(private.sites[0])
                what = (
                    "another weight"
                    if other is None
                    else f"`{self.world.title(self.world.vars[classes.cells.owner[other]].site)}`"
                )
                message = f"`{name}` has private parts, and another line makes the whole of it equal to {what}"
                help = f"equate what they share: `{name}.base`, or put the private parts on one line only"
                self.report.lines("private-but-equal", message, lines, help)
                break


def _real(number: int, bases: dict[int, int]) -> int:
    if number >= 0:
        return number
    return bases.get(base_of(number), base_of(number))
