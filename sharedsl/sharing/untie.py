"""`untie S` in a plan that extends others: S gets fresh storages, everything else stays as it was solved."""

from __future__ import annotations

from collections.abc import Callable

from sharedsl.record import replace
from sharedsl.sharing import strided
from sharedsl.sharing.classes import Classes
from sharedsl.sharing.context import Line
from sharedsl.sharing.facts import Facts, Later, base_of
from sharedsl.sharing.named import Named
from sharedsl.sharing.report import Report
from sharedsl.sharing.share import equal_later
from sharedsl.sharing.variables import Edge
from sharedsl.sharing.world import World
from sharedsl.syntax import ast

#: a factor or private part: the site of its weight, and its path below that
Ref = tuple[int, tuple[str, ...]]


def named(line: Line, world: World) -> tuple[set[int], list[tuple[int, ...]], set[Ref]]:
    """The sites that a line takes out; the applications that it tells apart, as groups; the factors it takes out."""
    relation = line.relation
    assert isinstance(relation, ast.Untie)
    gone: set[int] = set()
    apart: list[tuple[int, ...]] = []
    refs: set[Ref] = set()
    for match in world.matches(relation.selector, line):
        if match.subs:
            message = "a whole weight is taken out; a slice of one cannot be"
            world.report.error("not-whole-storage", message, relation.selector.span)
            return set(), [], set()
        for _, sites in world.select.below(match):
            if match.parts:
                refs.update((site, match.parts) for site in sites)
                continue
            gone.update(sites)
            if match.exact:
                apart.append(sites)
    return gone, apart, refs


def without(facts: Facts, lines: list[Line], world: World, classes_of: Callable[[Facts, Report], Classes]) -> Facts:
    """The inherited facts with what the untie lines name taken out."""
    gone: set[int] = set()
    groups: list[tuple[int, ...]] = []
    refs: set[Ref] = set()
    classes = classes_of(facts, Report())
    joined = _joined(facts, classes, world)
    for line in lines:
        sites, apart, factors = named(line, world)
        if factors and not any(factors & set(each.refs) for each in facts.later):
            _nothing(line, {site for site, _ in factors}, world)
        refs |= factors
        if sites and not any(_is_tied(site, joined, facts, sites, apart, world) for site in sites):
            _nothing(line, sites, world)
        gone |= sites
        groups += apart
    if not gone and not refs:
        return facts
    out = Facts()
    out.edges = _edges(facts, classes, gone, world)
    out.private = {site: private for site, private in facts.private.items() if not gone & set(private.sites)}
    out.apart = {site: dict(tokens) for site, tokens in facts.apart.items()}
    for group in groups:
        for site in group:
            out.apart.setdefault(site, {})["untied"] = group[0]
    out.later = _later(facts, gone, refs, world)
    moved = _stand_ins(classes, gone, world)
    out.alongs = [each if each.site not in gone else replace(each, site=moved[each.site]) for each in facts.alongs
                  if each.site not in gone or each.site in moved]  # fmt: skip
    out.factors = [each if each.site not in gone else replace(each, site=moved[each.site]) for each in facts.factors
                   if each.site not in gone or each.site in moved]  # fmt: skip
    out.adapts = [each if each.site not in gone else replace(each, site=moved[each.site]) for each in facts.adapts
                  if each.site not in gone or each.site in moved]  # fmt: skip
    out.marks = [each if each.site not in gone else replace(each, site=moved[each.site], explicit=False)
                 for each in facts.marks if each.site not in gone or each.site in moved]  # fmt: skip
    return out


def _joined(facts: Facts, classes: Classes, world: World) -> set[int]:
    """Sites that share something, or are defined, by lines."""
    found: set[int] = set(facts.private) | {each.site for each in facts.alongs} | {each.site for each in facts.factors}
    found |= {each.site for each in facts.marks} | {each.site for each in facts.adapts}
    for members in classes.members.values():
        owners = {world.vars[classes.cells.owner[cell]].site for cell in members}
        if any(link.edge.line for cell in members for link in classes.links[cell]):
            found |= owners
    found |= {edge.a for edge in facts.edges if edge.kind == "view"} | {
        edge.b for edge in facts.edges if edge.kind == "view"
    }
    return found


def _is_tied(
    site: int, joined: set[int], facts: Facts, sites: set[int], apart: list[tuple[int, ...]], world: World
) -> bool:
    return site in joined or any(site in group and not world.all_applications(group) for group in apart)


def _nothing(line: Line, sites: set[int], world: World) -> None:
    relation = line.relation
    assert isinstance(relation, ast.Untie)
    name = world.title(min(sites))
    more = f" and {len(sites) - 1} more" if len(sites) > 1 else ""
    verb = "shares" if len(sites) == 1 else "share"
    message = f"`{name}`{more} {verb} nothing in the plans that this one extends, so there is nothing to untie"
    help = "`untie` takes weights out of an extended plan; in one plan, leave them out with `except`"
    world.report.lines("untie-nothing", message, [line], help)


def _edges(facts: Facts, classes: Classes, gone: set[int], world: World) -> list[Edge]:
    """Classes that lose members are joined again without them; the others keep their equations."""
    cells = classes.cells
    hit = {classes.owner_of(cell) for site in gone for cell in _cells_of(site, facts, classes)}
    out: list[Edge] = []
    out += [edge for edge in facts.edges if _site(edge.a) not in gone and _site(edge.b) not in gone]
    for root in sorted(hit):
        members = [cell for cell in classes.members.get(root, ()) if world.vars[cells.owner[cell]].site not in gone]
        if len(members) < 2:
            continue
        lines = list(classes.lines.get(root, {}).values())
        out += _star(members, classes, facts, lines[0] if lines else None)
    return out


def _star(members: list[int], classes: Classes, facts: Facts, line: Line | None) -> list[Edge]:
    """Every remaining cell as a view of the first one."""
    cells = classes.cells
    first = members[0]
    base = classes.readings[first]
    out: list[Edge] = []
    for cell in members[1:]:
        mine = classes.readings[cell]
        box = cells.box(cell)
        to_root = strided.identity(box) if mine.map is None else mine.map
        first_to_root = strided.identity(cells.box(first)) if base.map is None else base.map
        back = strided.inverse(first_to_root, cells.box(first))
        map = strided.compose(to_root, back, cells.box(base.root))
        if map is None:
            continue
        code = mine.code if base.factor == 1.0 else None
        a, b = _name(cells.owner[cell], facts), _name(cells.owner[first], facts)
        whole = cells.boxes[cell] is None and cells.boxes[first] is None
        if whole and map == strided.identity(box) and cells.vars[cells.owner[first]].shape == strided.extents(box):
            out.append(Edge(a, b, None, None, mine.factor / base.factor, code, line=line))
        else:
            out.append(Edge(a, b, box, map, mine.factor / base.factor, code, line=line))
    return out


def _site(number: int) -> int:
    return number if number >= 0 else -1 - number


def _name(var: int, facts: Facts) -> int:
    """How edges name an unknown: sites by number, bases by the site they belong to."""
    for site, private in facts.private.items():
        if private.base.index == var:
            return base_of(site)
    return var


def _cells_of(site: int, facts: Facts, classes: Classes) -> list[int]:
    private = facts.private.get(site)
    found = list(classes.cells.within(site, None))
    return found if private is None else found + classes.cells.within(private.base.index, None)


def _later(facts: Facts, gone: set[int], refs: set[Ref], world: World) -> list[Later]:
    """Equations of factors without those of the sites taken out; what they held together stays together."""
    kept = [each for each in facts.later if not each.sites & gone and not refs & set(each.refs)]
    around: dict[tuple[int, tuple[str, ...]], list[Later]] = {}
    for each in facts.later:
        for ref in each.refs:
            if ref[0] in gone or ref in refs:
                around.setdefault(ref, []).append(each)
    for ref, found in around.items():
        near = [other for each in found for other in each.refs if other != ref and other not in refs]
        ends = [other for other in near if other[0] not in gone]
        first = Named((ends[0][0],), ends[0][1], ()) if ends else None
        for site, parts in ends[1:]:
            assert first is not None
            kept.append(equal_later(first, Named((site,), parts, ()), found[0].line, world))
    return kept


def _stand_ins(classes: Classes, gone: set[int], world: World) -> dict[int, int]:
    """For each site taken out, another that reads the same whole storage, so that its marks stay where they were."""
    found: dict[int, int] = {}
    for members in classes.members.values():
        sites = [world.vars[classes.cells.owner[cell]].site for cell in members]
        rest = [site for site in sites if site not in gone]
        if rest:
            found.update({site: rest[0] for site in sites if site in gone})
    return found
