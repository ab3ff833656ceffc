"""`share S`, `share P across C [how] [except Q] [with ... on Q]` and `share P along AXIS`."""

from __future__ import annotations

from sharedsl.comptime import Failure
from sharedsl.diagnostics import Diagnostic, Edit, Fix, Label
from sharedsl.sharing import maps, private
from sharedsl.sharing.along import facts as along_facts
from sharedsl.sharing.context import Line
from sharedsl.sharing.facts import Facts, Later, Resolve
from sharedsl.sharing.named import Key, Named, collected, in_each
from sharedsl.sharing.nodes import written
from sharedsl.sharing.select import Match
from sharedsl.sharing.variables import Edge
from sharedsl.sharing.views import ViewError, take
from sharedsl.sharing.world import EARLY, World
from sharedsl.source import Span
from sharedsl.syntax import ast


def facts(line: Line, world: World) -> Facts:
    relation = line.relation
    assert isinstance(relation, ast.Share)
    out = Facts()
    try:
        if relation.axis is not None:
            return along_facts(line, world)
        if relation.collection:
            _across(line, relation, world, out)
        else:
            _all(line, relation, world, out)
    except ViewError as problem:
        world.reject(problem)
    except Failure as problem:
        world.fail(problem, relation.span)
    except maps.BadMap as problem:
        span = relation.how.span if relation.how else relation.span
        world.report.error("bad-map", str(problem), span, help=problem.help)
    return out


# ---------------------------------------------------------------------------- share S


def _all(line: Line, relation: ast.Share, world: World, out: Facts) -> None:
    """Every site that S names reads one storage."""
    matches = world.matches(relation.selector, line)
    left_out = {
        site
        for each in relation.excepted
        for m in world.matches(each, line)
        for _, s in world.select.below(m)
        for site in s
    }
    units: dict[tuple[int, ...], Named] = {}
    for match in matches:
        for _, sites in world.select.below(match):
            kept = tuple(site for site in sites if site not in left_out)
            if kept:
                units.setdefault((*kept, *map(hash, (match.parts, match.subs))), Named(kept, match.parts, match.subs))
    chosen = private.of_parts(relation.parts, line, world, lambda part: _sites_on(part, line, world))
    used: set[str] = set()
    group = list(units.values())
    for named in group:
        specs = private.specs_for(named.sites[0], named.sites[0], chosen, world) if chosen else ()
        if specs:
            used.update(spec.kind for spec in specs)
            world.private(out, named.sites, specs, line)
    private.check_used(chosen, used, world)
    if not group:
        return
    bases = any(named.sites[0] in out.private for named in group)
    _one(group, line, world, out, bases)


def _sites_on(part: ast.Part, line: Line, world: World) -> set[object]:
    assert part.on is not None
    return {s[0] for m in world.matches(part.on, line) for _, s in world.select.below(m)}


# ---------------------------------------------------------------------------- share P across C


def elements_of(collection: tuple[ast.Selector, ...], line: Line, world: World) -> list[Match]:
    """The flat list of blocks that `across` names; a stack stands for its elements."""
    found = [match for each in collection for match in world.select.elements(world.matches(each, line))]
    out = list(dict.fromkeys(Match(m.node, None, m.weight, (), (), (), m.filters) for m in found))
    for match in out:
        if match.weight is not None:
            raise ViewError("bad-map", f"`{match.title()}` is a weight; `across` takes blocks", line.span)
    return out


def _across(line: Line, relation: ast.Share, world: World, out: Facts) -> None:
    elements = elements_of(relation.collection, line, world)
    if not elements:
        return
    labels = maps.groups(relation.how, len(elements), line.scope)
    named = collected(relation.selector, relation.excepted, elements, line, world)
    if not any(named):
        return
    groups: dict[int, list[int]] = {}
    for at, label in enumerate(labels):
        groups.setdefault(label, []).append(at)
    if not _complete(groups, named, elements, line, world):
        return
    chosen = private.of_parts(relation.parts, line, world, lambda part: _keys_on(part, elements, line, world))
    used: set[str] = set()
    for group in groups.values():
        for key in dict.fromkeys(key for at in group for key in named[at]):
            having = [at for at in group if key in named[at]]
            first = named[having[0]][key]
            specs = private.specs_for(key[0], first.sites[0], chosen, world) if chosen else ()
            if specs and key[2]:
                raise ViewError("not-yet", "private parts of a factor are not there yet", relation.span)
            if specs:
                used.update(spec.kind for spec in specs)
                for at in having:
                    world.private(out, named[at][key].sites, specs, line)
            _one([named[at][key] for at in having], line, world, out, bool(specs))
    private.check_used(chosen, used, world)


def _keys_on(part: ast.Part, elements: list[Match], line: Line, world: World) -> set[object]:
    assert part.on is not None
    keys: set[object] = {key[0] for each in in_each(part.on, elements, line, world) for key in each}
    if not keys:
        world.matches(part.on, line, elements[0])
    return keys


def _complete(
    groups: dict[int, list[int]], named: list[dict[Key, Named]], elements: list[Match], line: Line, world: World
) -> bool:
    """Every element of a group has every path, but for those that a `reuse` has taken away."""
    whole = True
    for group in groups.values():
        wanted = dict.fromkeys(key for at in group for key in named[at])
        for at in group:
            place = tuple((step.name, step.index) for step in elements[at].node.path)
            missing = [key for key in wanted if key not in named[at] and (*place, *key[0]) not in world.ctx.gone]
            if missing:
                have = next(each for each in group if missing[0] in named[each])
                _missing(written(missing[0][0]), elements[at], elements[have], line, world)
                whole = False
                break
    return whole


def _missing(path: str, lacks: Match, has: Match, line: Line, world: World) -> None:
    message = f"`{lacks.title()}` has no `{path}`, which `{has.title()}` has"
    fixes: tuple[Fix, ...] = ()
    relation = line.relation
    if isinstance(relation, ast.Share) and not relation.parts:
        end = Span(line.span.path, line.span.end, line.span.end)
        word = ", " if relation.excepted else " except "
        fixes = (Fix(f"leave `{path}` out", (Edit(end, f"{word}{path}"),)),)
    help = "narrow what is shared, leave it out with `except`, or share across the elements that have it"
    world.report.add(Diagnostic("missing-in-element", message, (Label(line.span),), (), help, fixes))


# ---------------------------------------------------------------------------- one storage


def _one(group: list[Named], line: Line, world: World, out: Facts, base: bool) -> None:
    """All weights of a group are one."""
    first = group[0]
    if first.parts not in EARLY:
        for other in group[1:]:
            out.later.append(equal_later(first, other, line, world))
        return
    base = base or bool(first.parts)
    sliced = first.subs or any(each.subs for each in group)
    if sliced:
        _slices(group, line, world, out, base)
        return
    if len(group) == 1:
        world.equate(out, first.sites, first.sites, line, base)
    for other in group[1:]:
        if not world.equate(out, other.sites, first.sites, line, base):
            a, b = world.sites[first.sites[0]], world.sites[other.sites[0]]
            world.shape_error(line, world.title(a.index), a.spec.axes, world.title(b.index), b.spec.axes)
            return


def _slices(group: list[Named], line: Line, world: World, out: Facts, base: bool) -> None:
    first = group[0]
    right = world.view(first.sites[0], base, first.subs, line, line.span)
    for other in group:
        for site in other.sites:
            if site == first.sites[0] and other is first:
                continue
            left = world.view(site, base, other.subs, line, line.span)
            if not world.same_axes(left.axes, right.axes):
                names = world.title(first.sites[0]), world.title(site)
                world.shape_error(line, names[0], right.axes, names[1], left.axes)
                return
            out.edges += world.join(left, right, line)


def equal_later(first: Named, other: Named, line: Line, world: World) -> Later:
    """Two factors or private parts are one, once they exist."""
    missing = [world.title(first.sites[0], first.parts)]

    def attempt(resolve: Resolve) -> list[Edge] | None:
        views = []
        for named in (other, first):
            view = resolve(named.sites[0], named.parts)
            if view is None:
                missing[0] = world.title(named.sites[0], named.parts)
                return None
            try:
                views.append(take(view, named.subs, line.scope, line.span) if named.subs else view)
            except ViewError as problem:
                world.reject(problem)
                return []
        if not world.same_axes(views[0].axes, views[1].axes):
            a, b = world.title(other.sites[0], other.parts), world.title(first.sites[0], first.parts)
            world.shape_error(line, a, views[0].axes, b, views[1].axes)
            return []
        return world.join(views[0], views[1], line)

    sites = frozenset((*first.sites, *other.sites))
    plain = not first.subs and not other.subs
    refs = ((first.sites[0], first.parts), (other.sites[0], other.parts)) if plain else ()
    return Later(line, sites, attempt, missing, refs)
