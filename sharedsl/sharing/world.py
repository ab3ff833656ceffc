"""What every relation needs: the sites, selection among them, new unknowns, and equations between views."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sharedsl.comptime import Failure
from sharedsl.model.sites import Axis, Init, Site, declared, show
from sharedsl.model.weights import Role
from sharedsl.sharing import strided, views
from sharedsl.sharing.context import Line, PlanContext
from sharedsl.sharing.facts import Facts, base_of
from sharedsl.sharing.gathers import Request
from sharedsl.sharing.initialisers import deviation, normal
from sharedsl.sharing.nodes import Node, of_sites
from sharedsl.sharing.report import Report
from sharedsl.sharing.select import Match, Selecting
from sharedsl.sharing.shape_errors import shape_error
from sharedsl.sharing.strided import Map
from sharedsl.sharing.variables import Edge, Gathered, Hints, PartSpec, Private, Var
from sharedsl.sharing.views import View, ViewError
from sharedsl.source import Span
from sharedsl.syntax import ast

#: parts of a weight that are weights before anything is factorised
EARLY = ((), ("base",))
#: private parts and factors by order of naming
PART_ORDER = {
    "": 0,
    "base": 1,
    "u": 2,
    "v": 3,
    "mix": 4,
    "bank": 5,
    "lora_a": 6,
    "lora_b": 7,
    "diagonal": 8,
    "scale": 9,
    "lora_inner": 10,
    "lora_outer": 11,
    "magnitude": 12,
}
#: what stands behind every weight of the model
LAST = 1 << 60
#: where parts stand that are named after axes, in the order in which they are made
LATE = 13


class World:
    """The sites of a model and the unknowns made so far; `vars[i]` for i below the number of sites are the sites."""

    def __init__(self, sites: Sequence[Site], ctx: PlanContext, report: Report, own: Sequence[Site] = ()) -> None:
        #: the model's sites, `own` many of them, and after them those of the plan's own weights
        self.sites, self.ctx, self.report = (*sites, *own), ctx, report
        self.own = len(sites)
        self.hints: Hints = {}
        self.vars: list[Var] = _site_vars(self.sites)
        for var in self.vars[self.own :]:
            var.order = (-1, *var.order)
        self._same: dict[tuple[int, int], bool] = {}
        #: what follows from the axes of a weight, which are one object for all weights of a spec
        self.made: dict[object, tuple[object, ...]] = {}
        self._select: Selecting | None = None

    @property
    def select(self) -> Selecting:
        """Selection in the tree of the sites, which is made when a line asks for it."""
        if self._select is None:
            self._select = Selecting(of_sites(self.sites, self.ctx.added), self.sites)
        return self._select

    @property
    def root(self) -> Node:
        return self.select.root

    # ------------------------------------------------------------------ selection

    def matches(
        self, selector: ast.Selector, line: Line, start: Match | None = None, quiet: bool = False
    ) -> list[Match]:
        """What a selector names; nothing and compile-time failures are reported."""
        try:
            return self.select.match(selector, line.scope, start, None if quiet else self.report)
        except Failure as problem:
            self.fail(problem, selector.span)
            return []

    def fail(self, problem: Failure, span: Span) -> None:
        self.report.failure(problem, span, self.ctx.parameters)

    def reject(self, problem: ViewError) -> None:
        self.report.error(problem.code, str(problem), problem.span, help=problem.help, fixes=problem.fixes)

    def title(self, site: int, parts: tuple[str, ...] = ()) -> str:
        return ".".join((show(declared(self.sites[site].path)), *parts))

    def all_applications(self, sites: Sequence[int]) -> bool:
        """Whether these are all applications of their declared weight."""
        node = self.root
        for step in self.sites[sites[0]].path[:-1]:
            node = node.down(step)
        return len(node.weights[self.sites[sites[0]].path[-1].name]) == len(sites)

    # ------------------------------------------------------------------ unknowns

    def new(
        self,
        like: Var,
        part: str,
        axes: tuple[Axis, ...],
        role: Role,
        init: Init,
        sub_order: int = 0,
    ) -> Var:
        """A part of another unknown: its base, a factor, a private part."""
        order = (*like.order, PART_ORDER.get(part, LATE), sub_order)
        name = like.name if part == "base" or role == "weight" else f"{like.name}_{part}"
        known = self.made.get(id(axes))
        if known is None:
            # the axes are kept with it, so that no others get their identity
            known = self.made[id(axes)] = (axes, tuple([int(axis.size.value or 0) for axis in axes]))
        shape: tuple[int, ...] = known[1]  # type: ignore[assignment]
        made = Var(
            len(self.vars), axes, shape, order, like.site, like.owner, name, init, role, like.dtype, like.frozen,
            like.no_decay, like.span,
        )  # fmt: skip
        self.vars.append(made)
        return made

    def private(self, facts: Facts, sites: tuple[int, ...], parts: Iterable[PartSpec], line: Line) -> None:
        """Give the weight of these applications private parts; two lines on one site contradict each other."""
        for site in sites:
            known = facts.private.get(site)
            if known is not None and known.line is not line:
                self.two_parts(site, known.line, line)
                return
        known = facts.private.get(sites[0])
        if known is not None:
            have = {part.kind for part in known.parts}
            more = tuple(part for part in parts if part not in known.parts)
            if any(part.kind in have for part in more):
                self.two_parts(sites[0], known.line, line)
            known.parts = tuple(sorted((*known.parts, *more), key=lambda part: part.kind))
            return
        like = self.vars[sites[0]]
        base = self.new(like, "base", like.axes, "weight", like.init)
        made = Private(sites, tuple(sorted(parts, key=lambda part: part.kind)), line, base)
        for site in sites:
            facts.private[site] = made

    def two_parts(self, site: int, one: Line, other: Line) -> None:
        message = f"`{self.title(site)}` gets private parts of one kind twice"
        self.report.lines("two-private-parts", message, [one, other], help="keep the part in one of the lines")

    # ------------------------------------------------------------------ gathers

    def gathered(self, request: Request, reader: int, line: Line, edges: list[Edge]) -> View:
        """The unknown that a gather defines, one for all equal gathers; `edges` say what its source reads."""
        source = self._source(request.of, reader, line, edges)
        key = ("gather", source.index, request.names, request.index, request.sign, request.shape)
        known = self.made.get(key)
        if known is None:
            made = self._unknown(reader, request.axes, (-2, len(self.vars)))
            begins = self.own <= source.site and not self.sites[source.site].spec.written
            made.definition = Gathered(source, request.names, request.index, request.sign, line, begins)
            known = self.made[key] = (made,)
        var: Var = known[0]  # type: ignore[assignment]
        if reader <= var.site:
            spec = self.sites[reader].spec
            std = deviation(spec.init, spec.axes)
            var.site, var.init = reader, spec.init if std is None else normal(std)
        return views.read(var.index, var.axes)

    def _source(self, of: View, reader: int, line: Line, edges: list[Edge]) -> Var:
        """The weight behind a view; a view that is not the whole of one becomes an unknown that reads it."""
        patch = of.patches[0]
        whole = len(of.patches) == 1 and patch.var >= 0 and patch.map == strided.identity(patch.box)
        if whole and patch.box == self._whole(patch.var) and patch.factor == 1.0 and not patch.detached:
            return self.vars[patch.var]
        key = ("view", of.patches)
        known = self.made.get(key)
        if known is None:
            known = self.made[key] = (self._unknown(reader, of.axes, (LAST, len(self.vars))),)
        var: Var = known[0]  # type: ignore[assignment]
        edges += self.join(views.read(var.index, var.axes), of, line, away=True)
        return var

    def _unknown(self, site: int, axes: tuple[Axis, ...], order: tuple[int, ...]) -> Var:
        spec, path = self.sites[site].spec, self.sites[site].path
        shape = tuple([int(axis.size.value or 0) for axis in axes])
        made = Var(len(self.vars), axes, shape, order, site, declared(path[:-1]), spec.name, spec.init)
        self.vars.append(made)
        return made

    # ------------------------------------------------------------------ equations

    def view(self, site: int, base: bool, subs: tuple[ast.Sub, ...], line: Line, span: Span) -> View:
        """A weight or a slice of it."""
        whole = views.read(base_of(site) if base else site, self.sites[site].spec.axes)
        return views.take(whole, subs, line.scope, span) if subs else whole

    def same_shape(self, a: int, b: int) -> bool:
        """Whether two sites have one shape; sizes that agree by value only leave a guard."""
        one, other = self.sites[a].spec, self.sites[b].spec
        if one is other:
            return True
        known = self._same.get((id(one), id(other)))
        if known is None:
            known = self._same[id(one), id(other)] = self.same_axes(one.axes, other.axes)
        return known

    def same_axes(self, one: tuple[Axis, ...], other: tuple[Axis, ...]) -> bool:
        if len(one) != len(other) or any(not a.size.same(b.size) for a, b in zip(one, other, strict=True)):
            return False
        for a, b in zip(one, other, strict=True):
            if a.size.formula != b.size.formula:
                self.ctx.trace.decided(a.size, "==", b.size, True)
        return True

    def equate(
        self, facts: Facts, left: Sequence[int], right: Sequence[int], line: Line, base: bool, away: bool = False
    ) -> bool:
        """All applications `left` read what all of `right` read, whole and element by element. False: shapes differ."""
        if not self.same_shape(left[0], right[0]):
            return False
        goal = base_of(right[0]) if base else right[0]
        for site in left:
            if site != right[0]:
                facts.edges.append(Edge(base_of(site) if base else site, goal, away=away, line=line))
        for site in right[1:]:
            facts.edges.append(Edge(base_of(site) if base else site, goal, line=line))
        return True

    def join(self, left: View, right: View, line: Line | None, away: bool = False) -> list[Edge]:
        """The equations of two views of one shape, box by box."""
        edges: list[Edge] = []
        for p in left.patches:
            for q in right.patches:
                box = tuple((max(a, c), min(b, d)) for (a, b), (c, d) in zip(p.box, q.box, strict=True))
                if all(lo < hi for lo, hi in box):
                    edges += self._join_box(p, q, box, line, away)
        self._take_hints(left, right)
        return edges

    def _join_box(self, p: views.Patch, q: views.Patch, box: strided.Box, line: Line | None, away: bool) -> list[Edge]:
        mine, other = strided.restrict(p.map, p.box, box), strided.restrict(q.map, q.box, box)
        if mine is None or other is None:
            self.report.lines("not-a-box", "these views meet where they are not boxes", [line])
            return []
        a_box = strided.image(mine)
        map = strided.compose(strided.inverse(mine, box), other, box)
        if map is None or not strided.dense(map) or not strided.dense(mine):
            self.report.lines("not-a-box", "these views compose to something that is not made of boxes", [line])
            return []
        one_way = q.detached or not strided.bijective(map)
        factor, code = q.factor / p.factor, q.code
        whole_a, whole_b = self._whole(p.var), self._whole(q.var)
        plain: Map | None = map
        if a_box == whole_a and whole_a == whole_b and map == strided.identity(whole_a):
            plain, a_box = None, ()
        kind = "view" if one_way else "equal"
        return [Edge(p.var, q.var, a_box or None, plain, factor, code, kind, q.detached, away, line)]

    def _whole(self, var: int) -> strided.Box:
        return strided.whole(self.vars[var if var >= 0 else -1 - var].shape)

    def _take_hints(self, left: View, right: View) -> None:
        for place, size in (*left.hints, *right.hints):
            self.hint(place, size)
        if len(left.patches) == 1 and left.patches[0].box == self._whole(left.patches[0].var):
            for (axis, at), size in right.own:
                self.hint((left.patches[0].var, axis, at), size)

    def hint(self, place: tuple[int, int, int], size: object) -> None:
        known = self.hints.get(place)
        if known is None or str(size.formula) < str(known.formula):  # type: ignore[attr-defined]
            self.hints[place] = size  # type: ignore[assignment]

    def shape_error(self, line: Line, left: str, a: tuple[Axis, ...], right: str, b: tuple[Axis, ...]) -> None:
        """Two weights of different shape."""
        shape_error(self.report, line, left, a, right, b)


def _site_vars(sites: Sequence[Site]) -> list[Var]:
    """The unknown of every site. Sites are many and specs few."""
    shapes: dict[int, tuple[int, ...]] = {}
    made: list[Var] = []
    for site in sites:
        spec = site.spec
        shape = shapes.get(id(spec))
        if shape is None:
            shape = shapes[id(spec)] = spec.shape
        index = site.index
        made.append(
            Var(
                index,
                spec.axes,
                shape,
                (index,),
                index,
                declared(site.path[:-1]),
                spec.name,
                spec.init,
                "weight",
                spec.dtype,
                spec.frozen,
                spec.no_decay,
                spec.span,
            )
        )
    return made
