"""`fold X n times` and `fold X as LIST`: what is applied again, in which order; what is apart between them."""

from __future__ import annotations

from typing import Literal

from sharedsl.comptime import Failure, evaluate
from sharedsl.comptime.evaluate import items_of, position
from sharedsl.comptime.values import integer
from sharedsl.diagnostics import Diagnostic
from sharedsl.model.folds import FoldEdit
from sharedsl.model.sites import Path
from sharedsl.sharing import private
from sharedsl.sharing.context import ExpandedPlans, Line, PlanContext
from sharedsl.sharing.facts import Facts
from sharedsl.sharing.nodes import Relative, of_unit
from sharedsl.sharing.report import Report
from sharedsl.sharing.select import Match, Selecting
from sharedsl.sharing.world import World
from sharedsl.syntax import ast

LIMIT = 100_000
#: parent, child, kind, indices
Run = tuple[Path, str, Literal["layer", "stack", "slice"], tuple[int, ...]]


def folds(expanded: ExpandedPlans, ctx: PlanContext) -> tuple[tuple[FoldEdit, ...], list[Diagnostic]]:
    """The dataflow edits of a plan, inner folds before the outer ones."""
    report = Report()
    lines = [line for line in expanded.lines() if isinstance(line.relation, ast.Fold)]
    if not lines:
        return (), []
    select = Selecting(of_unit(ctx.layers.unit))
    made: dict[tuple[object, ...], tuple[FoldEdit, Line]] = {}
    for line in lines:
        try:
            for edit in _edits(line, select, report):
                place = (edit.parent, edit.child, edit.indices)
                known = made.get(place)
                if known is None:
                    made[place] = (edit, line)
                elif (known[0].order, known[0].step_embedding) != (edit.order, edit.step_embedding):
                    message = f"`{edit.target}` is folded twice, in different ways"
                    report.lines(
                        "fold-twice", message, [known[1], line], help="fold it once: the product of both, or one list"
                    )
        except Failure as problem:
            report.failure(problem, line.span, line.scope.names)
    _overlaps(list(made.values()), report)
    edits = sorted((edit for edit, _ in made.values()), key=_inner_first)
    return tuple(edits), report.found


def _inner_first(edit: FoldEdit) -> tuple[object, ...]:
    where = tuple((step.name, step.index or 0) for step in edit.parent)
    return (-len(where), where, edit.child, len(edit.indices), edit.indices)


def _edits(line: Line, select: Selecting, report: Report) -> list[FoldEdit]:
    relation = line.relation
    assert isinstance(relation, ast.Fold)
    matches = select.match(relation.selector, line.scope, None, report)
    step = any(part.name == "step_embedding" for part in relation.parts)
    out: list[FoldEdit] = []
    for parent, child, kind, indices in _runs(matches, relation, report):
        count = max(len(indices), 1)
        order = _order(relation, count, line, report)
        if order is None:
            return []
        out.append(FoldEdit(parent, child, kind, indices, order, step, relation.span))
    return out


def _runs(matches: list[Match], relation: ast.Fold, report: Report) -> list[Run]:
    """What a selector folds: single layers, whole stacks, neighbours of a stack as one run."""
    out: list[Run] = []
    slices: dict[tuple[Path, str], list[int]] = {}
    by_slice = isinstance(_last_sub(relation.selector), ast.Slice)
    for match in matches:
        if match.weight is not None or not (match.node.path or match.stack):
            report.error("no-site", f"`{match.title()}` is not a layer: a fold applies layers", relation.selector.span)
        elif match.stack is not None:
            out.append((match.node.path, match.stack, "stack", tuple(sorted(match.node.stacks[match.stack]))))
        else:
            parent, last = match.node.path[:-1], match.node.path[-1]
            if last.index is None:
                out.append((parent, last.name, "layer", ()))
            elif by_slice:
                slices.setdefault((parent, last.name), []).append(last.index)
            else:
                out.append((parent, last.name, "layer", (last.index,)))
    for (parent, name), found in slices.items():
        indices = sorted(found)
        if indices != list(range(indices[0], indices[-1] + 1)):
            message = "a fold applies neighbours again; these elements are not next to each other"
            report.error("fold-overlap", message, relation.selector.span, help="fold each by itself, or use `as LIST`")
            continue
        out.append((parent, name, "slice", tuple(indices)))
    return out


def _last_sub(selector: ast.Selector) -> object:
    subs = selector.segments[-1].subs
    return subs[0].value if subs else None


def _order(relation: ast.Fold, count: int, line: Line, report: Report) -> tuple[int, ...] | None:
    if relation.times is not None:
        times = line.scope.trace.fixed(integer(evaluate(relation.times, line.scope), "the number of times"))
        if times < 1:
            report.error("bad-map", f"a fold applies a layer at least once, not {times} times", relation.times.span)
            return None
        if times * count > LIMIT:
            report.error(
                "bad-map", f"a fold of {times * count:,} applications; the limit is {LIMIT:,}", relation.times.span
            )
            return None
        return tuple(range(count)) * times
    assert relation.order is not None
    items = items_of(evaluate(relation.order, line.scope))
    order = tuple(position(item, count, line.scope.trace) for item in items)
    unused = [at for at in range(count) if at not in order]
    if not order or len(order) > LIMIT:
        report.error("bad-map", f"a fold wants between 1 and {LIMIT:,} positions", relation.order.span)
        return None
    if unused:
        shown = ", ".join(map(str, unused[:8]))
        message = f"the weights of element {shown} are read by nothing: the list leaves it out"
        report.error(
            "orphan", message, relation.order.span, help="name every element at least once, or make the stack shorter"
        )
        return None
    return order


def _overlaps(made: list[tuple[FoldEdit, Line]], report: Report) -> None:
    """Folds nest by inclusion: two runs of one stack are apart, or one lies in the other."""
    for at, (one, line) in enumerate(made):
        for other, second in made[at + 1 :]:
            if (one.parent, one.child) != (other.parent, other.child):
                continue
            a, b = set(one.indices), set(other.indices)
            inner, outer = (one, other) if len(a) < len(b) else (other, one)
            if a & b and not (a < b or b < a):
                message = f"`{one.target}` and `{other.target}` overlap, and none lies in the other"
                report.lines(
                    "fold-overlap", message, [line, second], help="folds nest: make one lie inside of the other"
                )
            elif a & b and not _together(inner, outer):
                message = f"`{outer.target}` does not apply `{inner.target}` as a run, so it cannot be folded in it"
                report.lines(
                    "fold-overlap", message, [line, second], help="write the order of the outer fold out as one list"
                )


def _together(inner: FoldEdit, outer: FoldEdit) -> bool:
    """Whether the outer order always applies the inner run as a whole."""
    run = [outer.indices.index(index) for index in inner.indices]
    order, at = list(outer.order), 0
    while at < len(order):
        if order[at] in run:
            if order[at : at + len(run)] != run:
                return False
            at += len(run)
        else:
            at += 1
    return True


# ---------------------------------------------------------------------------- what is apart between applications


def facts(line: Line, world: World) -> Facts:
    """`except Q` sets applications apart; `with ... on Q` gives each application private parts."""
    relation = line.relation
    assert isinstance(relation, ast.Fold)
    out = Facts()
    if not relation.excepted and all(part.name == "step_embedding" for part in relation.parts):
        return out
    matches = world.matches(relation.selector, line)
    elements = world.select.elements(matches)
    stacks = any(match.stack for match in matches)
    chosen = private.of_parts(relation.parts, line, world, lambda part: _keys(part.on, elements, line, world))
    left_out = {key for each in relation.excepted for key in _keys(each, elements, line, world)}
    used: set[str] = set()
    for element in elements:
        depth = len(element.node.path) - 1
        for relative, sites in element.node.below():
            if relative in left_out:
                for number, group in _applications(sites, depth, stacks, world).items():
                    for site in group:
                        out.apart.setdefault(site, {})[id(line), depth] = number
            elif chosen:
                groups = list(_applications(sites, depth, stacks, world).values())
                _private(relative, groups, chosen, used, line, world, out)
    private.check_used(chosen, used, world)
    return out


def _applications(sites: list[int], depth: int, of_stack: bool, world: World) -> dict[int | None, list[int]]:
    """The sites of a weight by application of the layer at `depth`: the stack's runs, or the layer's own."""
    steps = {site: world.sites[site].path[depth] for site in sites}
    runs = any(step.run is not None for step in steps.values())
    apps = any(step.app is not None for step in steps.values())
    by_run = runs if of_stack else not apps
    found: dict[int | None, list[int]] = {}
    for site, step in steps.items():
        found.setdefault(step.run if by_run else step.app, []).append(site)
    return found


def _private(
    relative: Relative,
    groups: list[list[int]],
    chosen: private.Chosen,
    used: set[str],
    line: Line,
    world: World,
    out: Facts,
) -> None:
    first = tuple(groups[0])
    specs = private.specs_for(relative, first[0], chosen, world)
    if not specs:
        return
    used.update(spec.kind for spec in specs)
    for group in groups:
        world.private(out, tuple(group), specs, line)
        if tuple(group) != first:
            world.equate(out, group, first, line, True)


def _keys(selector: ast.Selector | None, elements: list[Match], line: Line, world: World) -> set[object]:
    """Paths below the folded layer that a selector names."""
    if selector is None:
        return set()
    keys: set[object] = set()
    for element in elements:
        depth = len(element.node.path)
        for match in world.matches(selector, line, element, quiet=True):
            prefix = tuple((step.name, step.index) for step in match.node.path[depth:])
            for relative, _ in world.select.below(match):
                keys.add((*prefix, (match.weight, None)) if match.weight is not None else (*prefix, *relative))
    if not keys and elements:
        world.matches(selector, line, elements[0])
    return keys
