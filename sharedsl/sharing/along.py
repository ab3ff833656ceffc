"""`share S along AXIS [in groups of n] [with ..]`: inside one weight all slices along the axis, or groups, are one."""

from __future__ import annotations

from sharedsl.comptime import evaluate
from sharedsl.comptime.values import integer
from sharedsl.model import sizes
from sharedsl.model.sites import Axis
from sharedsl.model.sizes import Size
from sharedsl.record import replace
from sharedsl.sharing import maps, private
from sharedsl.sharing.context import Line
from sharedsl.sharing.facts import Along, Facts
from sharedsl.sharing.views import ViewError, axis_named
from sharedsl.sharing.world import World
from sharedsl.syntax import ast


def facts(line: Line, world: World) -> Facts:
    """One `Along` for each weight that has the axis; a block stands for those of its weights that have it."""
    relation = line.relation
    assert isinstance(relation, ast.Share) and relation.axis is not None
    out = Facts()
    if relation.how is not None and relation.how.kind not in ("groups_of", "in_groups"):
        raise maps.BadMap("`along` takes `in groups of n` or `in n groups`, for neighbours are stored once", "")
    left_out = {
        s
        for each in relation.excepted
        for m in world.matches(each, line)
        for _, all in world.select.below(m)
        for s in all
    }
    matches = world.matches(relation.selector, line)
    chosen = private.of_parts(relation.parts, line, world, lambda part: _sites_on(part, line, world))
    used: set[str] = set()
    found = False
    for match in matches:
        if match.subs:
            raise ViewError(
                "not-whole-storage", "`along` is about a whole weight, not a slice of one", relation.selector.span
            )
        for _, sites in world.select.below(match):
            kept = [site for site in sites if site not in left_out]
            if not kept:
                found = found or bool(sites)
                continue
            axes = world.sites[kept[0]].spec.axes
            if not match.parts and not any(axis.name == relation.axis for axis in axes):
                if match.weight is not None:
                    axis_named(axes, relation.axis, relation.axis_span)
                continue
            found = True
            specs = private.specs_for(kept[0], kept[0], chosen, world) if chosen else ()
            if specs and match.parts:
                raise ViewError("not-yet", "private parts of a factor are not there yet", relation.span)
            parts = match.parts
            if specs:  # what the slices have in common is the base; beside it stands a part as large as the weight
                used.update(spec.kind for spec in specs)
                world.private(out, tuple(kept), specs, line)
                parts = ("base",)
            out.alongs += [Along(site, parts, relation.axis, relation.how, line) for site in kept]
    if found:
        private.check_used(chosen, used, world)
    if matches and not found:
        first = next((sites[0] for match in matches for _, sites in world.select.below(match)), None)
        axis_named(() if first is None else world.sites[first].spec.axes, relation.axis, relation.axis_span)
    return out


def _sites_on(part: ast.Part, line: Line, world: World) -> set[object]:
    assert part.on is not None
    return {sites[0] for match in world.matches(part.on, line) for _, sites in world.select.below(match)}


def group_size(along: Along, size: Size) -> tuple[int, Size]:
    """How many slices are one, and how many different ones are left; BadMap where they do not divide."""
    length, how, line = size.value or 0, along.how, along.line
    if how is None:
        return length, sizes.size(1)
    number = integer(evaluate(how.value, line.scope), "the number of `in groups of`")
    n = line.scope.trace.fixed(number)
    if n < 1 or length % n:
        shown = f"groups of {n}" if how.kind == "groups_of" else f"{n} groups"
        raise maps.BadMap(f"{length} {along.axis} do not split into {shown}", maps.divisors(length))
    if how.kind == "in_groups":
        return length // n, number
    return n, sizes.combine("//", size, number)


def smaller(axes: tuple[Axis, ...], at: int, size: Size) -> tuple[Axis, ...]:
    return tuple(replace(axis, size=size) if index == at else axis for index, axis in enumerate(axes))
