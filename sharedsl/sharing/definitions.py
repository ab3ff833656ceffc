"""What is stored: slices, factors, banks and adaptations define weights; the equations of factors join them again."""

from __future__ import annotations

from math import prod

from sharedsl.comptime import Failure
from sharedsl.sharing import adapt, factorize, maps, strided, views
from sharedsl.sharing.along import group_size, smaller
from sharedsl.sharing.classes import Classes, title_of
from sharedsl.sharing.context import Line
from sharedsl.sharing.expressions import separable
from sharedsl.sharing.facts import Adapting, Along, Factor, Facts
from sharedsl.sharing.merging import Piece
from sharedsl.sharing.pieces import Pieces
from sharedsl.sharing.private_parts import make_parts
from sharedsl.sharing.report import Report
from sharedsl.sharing.resolving import Resolving
from sharedsl.sharing.variables import Edge, Gathered, Private, Repeated, Var
from sharedsl.sharing.views import View
from sharedsl.sharing.world import World

#: rounds of factorising factors
DEPTH = 32


class Definitions(Resolving):
    """`pieces[var]` where an unknown is not itself: what it reads. Unknowns without pieces stand for themselves."""

    def __init__(self, world: World, facts: Facts, report: Report) -> None:
        super().__init__(world, facts)
        #: weights that lines define in different ways; what follows from that is not told
        self.disputed: set[int] = set()
        self.report = report
        #: sites with private parts that are also `along`: the axis and how many slices are one
        self.small: dict[int, tuple[int, int]] = {}
        #: by line: the weights that it adapts with factors drawn once for all of them
        self.drawn: dict[int, list[Private]] = {}

    # ------------------------------------------------------------------ classes to pieces

    def settle(self, classes: Classes, unstored: set[int]) -> None:
        """Take over what a round of equations came to."""
        for root, lines in classes.lines.items():
            self.world.vars[classes.cells.owner[root]].because.update(lines)
        made = Pieces(classes, unstored, len(self.world.vars))
        self.world.vars.extend(made.made)
        touched = {classes.cells.owner[cell] for cell in classes.readings} | set(classes.cells.of)
        touched |= {classes.cells.owner[cell] for cell in classes.views}
        for index in sorted(touched - unstored):
            var = classes.vars[index]
            whole = made.whole(index)
            found = made.of(var) if whole is None else [whole]
            if isinstance(var.definition, Gathered) and any(piece.var is not var for piece in found):
                root = classes.owner_of(classes.cells.within(index, None)[0])
                self._two_gathers(var, list(classes.lines.get(root, {}).values()))
                continue
            if whole is not None:
                if whole.var is not var:
                    self.pieces[index] = [whole]
                continue
            if not separable(found, strided.whole(var.shape)):
                found = [p for cell in classes.cells.within(index, None) if (p := made.piece(cell)) is not None]
            if sum(prod(strided.extents(piece.box)) for piece in found) != prod(var.shape):
                self._scattered(var)
                continue
            if not (len(found) == 1 and _itself(found[0], var)):
                self.pieces[index] = found

    def _two_gathers(self, var: Var, lines: list[Line]) -> None:
        """A weight that is gathered in one way cannot be what another line makes of it."""
        assert isinstance(var.definition, Gathered)
        message = f"`{self.world.title(var.site)}` is gathered in two ways"
        self.report.lines("two-definitions", message, [var.definition.line, *lines], "keep one of the lines")
        self.disputed.add(var.index)

    def _scattered(self, var: Var) -> None:
        """A weight whose elements come from others in an order that no boxes describe."""
        lines = list(var.because.values())
        told = {label.span for each in self.report.found for label in each.labels}
        if not any(line.span in told for line in lines):
            message = f"the views that `{self.world.title(var.site)}` is read through are not made of boxes together"
            self.report.lines("not-a-box", message, lines, help="tie both to the same weight directly")

    # ------------------------------------------------------------------ along

    def alongs(self) -> bool:
        """Carry out the `along` lines whose weights exist; True if one was new."""
        pending, self.facts.alongs = sorted(self.facts.alongs, key=_along_key), []
        changed = False
        for along in pending:
            view = self.resolve(along.site, along.parts)
            if view is None and along.parts:
                self.facts.alongs.append(along)
                continue
            try:
                changed = self._along(along, view) or changed
            except maps.BadMap as problem:
                span = along.how.span if along.how else along.line.span
                self.report.error("bad-map", str(problem), span, help=problem.help)
            except Failure as problem:
                self.world.fail(problem, along.line.span)
        return changed

    def _along(self, along: Along, view: View | None) -> bool:
        title = self.world.title(along.site, along.parts)
        if view is None:
            self._not_whole(along.line, title)
            return False
        at = next((i for i, axis in enumerate(view.axes) if axis.name == along.axis), None)
        if at is None:
            self.report.error("no-axis", f"`{title}` has no axis `{along.axis}`", along.line.span)
            return False
        digits = view.patches[0].map.digits[at]
        var = self.world.vars[view.patches[0].var]
        if len(digits) > 1 or (digits and digits[0][0] != var.shape[digits[0][1]]):
            self._not_whole(along.line, title)
            return False
        times, size = group_size(along, view.axes[at].size)
        if times == 1:
            return False
        k = digits[0][1]
        if along.site in self.facts.private and not along.parts:
            self.small[along.site] = (at, times)
        known = var.definition
        if known is None:
            small = self.world.new(var, "base", smaller(var.axes, k, size), var.role, var.init)
            small.because = {**var.because, id(along.line): along.line}
            small.freeze = var.freeze
            var.definition = Repeated(small, k, times, along.line)
            return True
        if not isinstance(known, Repeated) or (known.axis, known.times) != (k, times):
            lines = [known.line, along.line]
            self.report.lines(
                "two-along", f"`{title}` is made of equal slices in two ways", lines, "keep one of the lines"
            )
        return False

    def _not_whole(self, line: Line, title: str) -> None:
        message = f"`{title}` does not read the whole of one storage, and only a whole storage can be defined or marked"
        self.report.lines("not-whole-storage", message, [line], help="name the weight that owns the storage")

    # ------------------------------------------------------------------ factors

    def factors(self) -> bool:
        """Carry out the factorisations whose weights exist; True if one was new."""
        pending, self.facts.factors = sorted(self.facts.factors, key=_factor_key), []
        changed = False
        for factor in pending:
            itself = self.itself(factor.site, factor.parts)
            if itself is not None:
                changed = self._factored(itself, factor) or changed
                continue
            view = self.resolve(factor.site, factor.parts)
            if view is None:
                if factor.parts:
                    self.facts.factors.append(factor)
                else:
                    self._not_whole(factor.line, self.world.title(factor.site))
                continue
            changed = self._define(factor, view) or changed
        return changed

    def _define(self, factor: Factor, view: View) -> bool:
        var = self.world.vars[view.patches[0].var]
        if factor.form != "bank" and not factorize.keeps_sides(view.patches[0].map, view.axes, var):
            title = self.world.title(factor.site, factor.parts)
            message = f"`{title}` reads its storage through a view that mixes outputs and inputs"
            self.report.lines(
                "not-whole-storage", message, [factor.line], help="factorise the weight that owns the storage"
            )
            return False
        return self._factored(var, factor)

    def _factored(self, var: Var, factor: Factor) -> bool:
        found = self._stored(var, Repeated, Private)
        if found is None:
            return False
        var = found
        if var.definition is None:
            factorize.define(var, factor, self.world)
            return var.definition is not None
        if not factorize.same(var, factor):
            lines = [var.definition.line, factor.line]
            message = f"`{title_of(var)}` is factorised in two ways"
            self.report.lines("two-definitions", message, lines, "keep one of the factorisations")
            self.disputed.add(var.index)
        return False

    def _stored(self, var: Var, *through: type) -> Var | None:
        """What a tensor that is defined by a smaller or a frozen one is made from."""
        while isinstance(var.definition, through):
            below = var.definition.base if isinstance(var.definition, Private) else var.definition.small  # type: ignore[union-attr]
            inner = self.follow(views.read(below.index, below.axes))
            if inner is None:
                return None
            var = self.world.vars[inner.patches[0].var]
        return var

    # ------------------------------------------------------------------ adapted

    def adapts(self) -> bool:
        """Freeze what `adapt` lines name, and put trained parts beside it; True if one was new."""
        pending, self.facts.adapts = sorted(self.facts.adapts, key=_adapt_key), []
        changed = False
        for each in pending:
            view = self.resolve(each.site, each.parts)
            if view is not None:
                changed = self._adapt(each, view) or changed
            elif each.parts:
                self.facts.adapts.append(each)
            else:
                self._not_whole(each.line, self.world.title(each.site))
        return changed

    def _adapt(self, each: Adapting, view: View) -> bool:
        var = self._stored(self.world.vars[view.patches[0].var], Repeated)
        if var is None:
            return False
        known = var.definition
        if isinstance(known, Private):
            if not adapt.same(known, each):
                message = f"`{title_of(var)}` is adapted in two ways: a storage has one adaptation"
                lines = [known.line, each.line]
                self.report.lines("two-definitions", message, lines, "keep one of the lines; `with` is for each reader")
            return False
        made = adapt.define(var, each, self.world)
        if made is not None:
            self.facts.later += adapt.drawn(each, made, self.drawn, self.world)
        return made is not None

    # ------------------------------------------------------------------ factors tied and shared

    def equations(self) -> list[Edge]:
        """The equations of factors and private parts that can be made by now."""
        pending, self.facts.later = self.facts.later, []
        edges: list[Edge] = []
        for later in pending:
            before, self.touched = len(self.report.found), set()
            made = later.attempt(self.resolve)
            if self.touched & self.disputed:
                self.report.drop_after(before)
            elif made is None:
                self.facts.later.append(later)
            else:
                edges += made
        return edges

    def run(self) -> None:
        """Until nothing new can be defined or joined."""
        self.alongs()
        make_parts(self.facts, self.small, self.world)
        for _ in range(DEPTH):
            changed = self.factors()
            changed = self.alongs() or changed
            edges = [edge for edge in self.equations() if edge.a != edge.b or edge.map is not None]
            if edges:
                classes = Classes(self.world.vars, self._own(edges), self.world.hints, self.report)
                self.settle(classes, set())
            if not edges and not changed and not self.adapts():
                break
        self._leftovers()

    def _own(self, edges: list[Edge]) -> list[Edge]:
        """Equations of a factor with a rearrangement of itself are contradictions of their own."""
        kept: list[Edge] = []
        for edge in edges:
            if edge.a == edge.b:
                message = f"`{title_of(self.world.vars[edge.a])}` is tied to a rearranged view of itself"
                self.report.lines("self-view", message, [edge.line])
            else:
                kept.append(edge)
        return kept

    def _leftovers(self) -> None:
        for later in self.facts.later:
            self.unknown(later.missing[0], later.line)
        for factor in self.facts.factors:
            self.unknown(self.world.title(factor.site, factor.parts), factor.line)
        for each in self.facts.adapts:
            self.unknown(self.world.title(each.site, each.parts), each.line)
        for along in self.facts.alongs:
            self.unknown(self.world.title(along.site, along.parts), along.line)

    def unknown(self, name: str, line: Line) -> None:
        """A factor or private part that no line makes."""
        what, _, part = name.rpartition(".")
        if what.endswith(".lora"):
            what, part = what.removesuffix(".lora"), f"lora.{part}"
        help = f"`factorize {what} rank ..` makes `u` and `v`, `as bank(k)` `bank` and `mix`, `lora(..)` `lora.a`"
        self.report.lines("factor-unknown", f"`{what}` has no part `{part}` in this plan", [line], help)


def _factor_key(factor: Factor) -> tuple[object, ...]:
    asked = () if factor.tensor is None else factor.tensor.plain()
    return (factor.site, factor.parts, factor.form, factor.number.value or 0, repr(asked))


def _adapt_key(each: Adapting) -> tuple[object, ...]:
    return (each.site, each.parts, repr(each.specs))


def _along_key(along: Along) -> tuple[object, ...]:
    return (along.site, along.parts, along.axis, repr(along.how))


def _itself(piece: Piece, var: Var) -> bool:
    return (
        piece.var is var
        and piece.factor == 1.0
        and not piece.detached
        and piece.box == strided.whole(var.shape)
        and piece.map == strided.identity(piece.box)
    )
