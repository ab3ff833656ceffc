"""`adapt S with lora(rank) / dora(rank) / vera(rank)`: the storage is frozen, and trained parts stand beside it.

S names a storage through any of its readers; all of them read the adapted one, transposed readers the transposed one.
VeRA (Kopiczko et al. 2024) is gated low-rank factors, shared by all that the line names, drawn once and frozen.
"""

from __future__ import annotations

from math import prod

from sharedsl.comptime import Failure
from sharedsl.model import sizes
from sharedsl.model.sites import Axis
from sharedsl.sharing import private, views
from sharedsl.sharing.adapters import is_adapter
from sharedsl.sharing.context import Line
from sharedsl.sharing.factorize import sides
from sharedsl.sharing.facts import Adapting, Facts, Later, Mark, Resolve
from sharedsl.sharing.private_parts import LOW_RANK, limit_of, make
from sharedsl.sharing.select import Match
from sharedsl.sharing.variables import Edge, PartSpec, Private, Var
from sharedsl.sharing.views import View, ViewError
from sharedsl.sharing.world import World
from sharedsl.syntax import ast


def facts(line: Line, world: World) -> Facts:
    """One `Adapting` for each weight; a block stands for those of its weights that have outputs and inputs."""
    relation = line.relation
    assert isinstance(relation, ast.Adapt)
    out = Facts()
    if is_adapter(relation):
        return _frozen(relation, line, world)
    specs = _specs(relation, line, world)
    if not specs:
        return out
    try:
        for match in world.matches(relation.selector, line):
            _match(match, relation, specs, line, world, out)
    except ViewError as problem:
        world.reject(problem)
    except Failure as problem:
        world.fail(problem, relation.span)
    return out


def _frozen(relation: ast.Adapt, line: Line, world: World) -> Facts:
    """Adapters are layers, and stand in the forwards already: what is left is that the rest of the block is frozen."""
    out = Facts()
    for match in world.matches(relation.selector, line):
        sites = [site for _, found in world.select.below(match) for site in found]
        out.marks += [Mark("freeze", site, (), line, named=frozenset(sites)) for site in sites]
    return out


def _specs(relation: ast.Adapt, line: Line, world: World) -> tuple[PartSpec, ...]:
    """What is put beside the storages."""
    if len(relation.parts) > 1:
        message = "a storage gets one trained part: two of them would be two adaptations"
        world.report.error("two-definitions", message, relation.parts[1].span, help="keep one of the parts")
        return ()
    part = relation.parts[0]
    if part.on is not None:
        message = "`on` tells the readers of one line apart, and `adapt` is about storages"
        world.report.error("unknown-part", message, part.on.span, help="name the storages: `adapt S with ..`")
        return ()
    spec = private.spec_of(part, line, world, private.ADAPTATIONS)
    return () if spec is None else (spec,)


def _match(
    match: Match, relation: ast.Adapt, specs: tuple[PartSpec, ...], line: Line, world: World, out: Facts
) -> None:
    if match.subs:
        message = "a whole storage is adapted, not a slice of one"
        raise ViewError("not-whole-storage", message, relation.selector.span, "name the weight without the slice")
    found = list(world.select.below(match))
    kept = [sites for _, sites in found if match.weight is not None or _sided(sites[0], world)]
    if found and not kept:
        message = f"`{match.title()}` has no weight with outputs and inputs"
        help = "name a layer such as a Linear; a vector can be named itself, `with scale`"
        raise ViewError("no-site", message, relation.selector.span, help)
    out.adapts += [Adapting(site, match.parts, specs, line) for sites in kept for site in sites]


def _sided(site: int, world: World) -> bool:
    return any(axis.side == "in" for axis in world.sites[site].spec.axes)


# ---------------------------------------------------------------------------- the parts


def define(var: Var, adapting: Adapting, world: World) -> Private | None:
    """Make the storage what its base and the new parts are; None where it cannot have them."""
    title = world.title(adapting.site, adapting.parts)
    spec = adapting.specs[0]
    if spec.kind in LOW_RANK and not _has_rank(var, spec, title, adapting.line, world):
        return None
    if spec.kind == "dora" and var.definition is not None:
        message = f"`{title}` is defined by other weights, and `dora` starts at the lengths of a stored one"
        world.report.error("not-yet", message, adapting.line.span, help="use `lora`, or leave the factorisation out")
        return None
    if spec.kind == "diagonal" and not _square(var, title, adapting.line, world):
        return None
    base = world.new(var, "base", var.axes, var.role, var.init)
    base.name, base.definition = var.name, var.definition
    base.written, base.freeze = var.written, adapting.line
    base.because = {**var.because, id(adapting.line): adapting.line}
    made = Private((), adapting.specs, adapting.line, base)
    make(made, var, var.axes, world)
    var.definition = made
    return made


def same(known: Private, adapting: Adapting) -> bool:
    """Whether the storage has just this adaptation already."""
    pairs = zip(known.parts, adapting.specs, strict=False)
    return len(known.parts) == len(adapting.specs) and all(a.same(b) for a, b in pairs)


def _has_rank(var: Var, spec: PartSpec, title: str, line: Line, world: World) -> bool:
    outs = sides(var.axes)
    if not 0 < outs < len(var.axes):
        message = f"`{title}` is a vector, and a vector has no low-rank part"
        world.report.error("shape", message, line.span, help="`scale` gives every output a number of its own")
        return False
    rank, limit = (spec.rank.value if spec.rank is not None else None) or 0, limit_of(var.axes)
    if spec.capped or spec.kind == "vera" or rank <= limit:
        return True
    rows = prod(var.shape[:outs])
    shape = f"{rows} x {var.numel // rows}"
    message = f"rank {rank} is more than the {limit} that a {shape} weight can have (`{title}`)"
    help = f"the rank is at most {limit}; `capped = true` takes the largest that each weight can have"
    world.report.error("rank-too-big", message, line.span, help=help)
    return False


def _square(var: Var, title: str, line: Line, world: World) -> bool:
    outs = sides(var.axes)
    rows = prod(var.shape[:outs])
    if rows * rows == var.numel:
        return True
    message = f"a diagonal needs a square weight, and `{title}` is {rows} x {var.numel // rows}"
    world.report.error("shape", message, line.span)
    return False


# ---------------------------------------------------------------------------- factors that are drawn once


def drawn(adapting: Adapting, made: Private, known: dict[int, list[Private]], world: World) -> list[Later]:
    """The equations that make the factors of VeRA one pair: that of the widest weight, cut to size for the others."""
    if adapting.specs[0].seed is None:
        return []
    group = known.setdefault(id(adapting.line), [])
    group.append(made)
    return [_together(group, adapting.line, world)] if len(group) == 1 else []


def _together(group: list[Private], line: Line, world: World) -> Later:
    def attempt(resolve: Resolve) -> list[Edge] | None:
        edges: list[Edge] = []
        for name, axis in (("lora_a", 1), ("lora_b", 0)):
            factors = [private.vars[name] for private in group]
            owner = max(factors, key=lambda var: var.numel)
            for var in factors:
                if var is not owner:
                    edges += _part_of(var, owner, axis, line, world)
        return edges

    return Later(line, frozenset(), attempt, [""])


def _part_of(var: Var, owner: Var, side: int, line: Line, world: World) -> list[Edge]:
    """A factor is the first rows, or columns, of the widest one."""
    try:
        mine, other = (_flat(views.read(each.index, each.axes), side, line) for each in (var, owner))
        size = mine.axes[side].size
        if other.axes[side].size.value != size.value:
            world.ctx.trace.decided(size, "<", other.axes[side].size, True)
            other = views.cut(other, side, 0, size.value or 0, sizes.size(0), size, line.span)
    except ViewError as problem:
        world.report.error(problem.code, str(problem), line.span, help="adapt weights of other shapes in another line")
        return []
    return world.join(mine, other, line, away=True)


def _flat(view: View, side: int, line: Line) -> View:
    """A factor with the axes of its weight's side joined: [rank, inputs] or [outputs, rank]."""
    if len(view.axes) == 2:
        return view
    rank = view.axes[0] if side else view.axes[-1]
    rest = view.axes[1:] if side else view.axes[:-1]
    joined = Axis(sizes.product([axis.size for axis in rest]), None, rest[0].side)
    return views.reshape(view, (rank, joined) if side else (joined, rank), line.span)
