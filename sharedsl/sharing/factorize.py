"""`factorize S [across C [how]] rank r [as basis | bank(k)]`: a weight is a product of factors, or a mixture."""

from __future__ import annotations

from math import prod

from sharedsl.comptime import Failure, evaluate
from sharedsl.model import sizes
from sharedsl.model.sites import Axis
from sharedsl.model.sizes import Size
from sharedsl.record import replace
from sharedsl.sharing import maps, tensors
from sharedsl.sharing.context import Line
from sharedsl.sharing.facts import Factor, Facts
from sharedsl.sharing.initialisers import start
from sharedsl.sharing.named import Named, collected
from sharedsl.sharing.report import suggestion
from sharedsl.sharing.share import elements_of, equal_later
from sharedsl.sharing.strided import Map
from sharedsl.sharing.tensor_specs import TAKES, Spec, spec_of
from sharedsl.sharing.variables import Bank, LowRank, Product, Var
from sharedsl.sharing.views import ViewError
from sharedsl.sharing.world import World
from sharedsl.syntax import ast


def facts(line: Line, world: World) -> Facts:
    relation = line.relation
    assert isinstance(relation, ast.Factorize)
    out = Facts()
    try:
        form, number, tensor = _form(relation, line)
        if relation.collection:
            _across(relation, line, world, form, number, out)
        else:
            _each(relation, line, world, form, number, out)
        if tensor is not None:
            out.factors = [replace(each, tensor=tensor) for each in out.factors]
    except ViewError as problem:
        world.reject(problem)
    except Failure as problem:
        world.fail(problem, relation.span)
    except maps.BadMap as problem:
        span = relation.how.span if relation.how else relation.span
        world.report.error("bad-map", str(problem), span, help=problem.help)
    return out


def _form(relation: ast.Factorize, line: Line) -> tuple[str, Size, Spec | None]:
    """What the weight becomes, and its rank or the number of templates."""
    form = relation.form or "low rank"
    if form in TAKES:
        spec = spec_of(relation, line)
        return form, spec.count or sizes.size(1), spec
    if form not in ("low rank", "basis", "bank"):
        _, fixes = suggestion(form, relation.form_span, ("basis", "bank", *TAKES))
        known = "" if fixes else f"low rank, basis, bank(k), {', '.join(TAKES)}"
        message = f"a weight is not factorised `as {form}`"
        raise ViewError("unknown-form", message, relation.form_span, known, fixes)
    if form == "basis" and not relation.collection:
        raise ViewError("bad-map", "a basis is shared by several weights: say which with `across`", relation.span)
    if form == "bank":
        given = relation.form_args[0].value if len(relation.form_args) == 1 else None
        if given is None or relation.rank is not None:
            raise ViewError(
                "missing-argument", "`as bank(k)` takes the number of templates, and no rank", relation.span
            )
        return form, _positive(given, line, "the number of templates"), None
    if relation.rank is None or relation.form_args:
        raise ViewError("missing-argument", "a factorisation needs its rank: `factorize S rank 64`", relation.span)
    return form, _positive(relation.rank, line, "the rank"), None


def _positive(expr: ast.Expr, line: Line, what: str) -> Size:
    value = evaluate(expr, line.scope)
    if not isinstance(value, Size) or value.value is None or value.value < 1:
        raise ViewError("wrong-kind", f"{what} is a whole number of at least 1", expr.span)
    return value


def _sided(site: int, world: World) -> bool:
    return any(axis.side == "in" for axis in world.sites[site].spec.axes)


def _each(relation: ast.Factorize, line: Line, world: World, form: str, number: Size, out: Facts) -> None:
    for match in world.matches(relation.selector, line):
        if match.subs:
            message = "a whole storage is factorised, not a slice of one"
            raise ViewError("not-whole-storage", message, relation.selector.span, "name the weight without the slice")
        found = list(world.select.below(match))
        kept = [sites for _, sites in found if match.weight is not None or _sided(sites[0], world)]
        if found and not kept:
            raise ViewError(
                "no-site", f"`{match.title()}` has no weight with outputs and inputs", relation.selector.span
            )
        out.factors += [Factor(site, match.parts, form, number, line) for sites in kept for site in sites]


def _across(relation: ast.Factorize, line: Line, world: World, form: str, number: Size, out: Facts) -> None:
    elements = elements_of(relation.collection, line, world)
    if not elements:
        return
    labels = maps.groups(relation.how, len(elements), line.scope)
    named = collected(relation.selector, (), elements, line, world)
    if not any(named):
        return
    groups: dict[int, list[int]] = {}
    for at, label in enumerate(labels):
        groups.setdefault(label, []).append(at)
    part = {"basis": ("v",), "bank": ("bank",)}.get(form)
    for group in groups.values():
        for key in dict.fromkeys(key for at in group for key in named[at]):
            members = [named[at].get(key) for at in group]
            if any(member is None for member in members):
                lacks = elements[group[members.index(None)]].title()
                path = ".".join(name for name, _ in key[0])
                raise ViewError("missing-in-element", f"`{lacks}` has no `{path}`", relation.span)
            if key[1]:
                raise ViewError("not-whole-storage", "a whole storage is factorised, not a slice of one", relation.span)
            weights = [member for member in members if member is not None]
            if key[0][-1:] and not _wanted(relation.selector, weights[0], world):
                continue
            for member in weights:
                out.factors += [Factor(site, member.parts, form, number, line) for site in member.sites]
            if part is not None:
                parts = [Named(member.sites, (*member.parts, *part), ()) for member in weights]
                out.later += [equal_later(parts[0], other, line, world) for other in parts[1:]]


def _wanted(selector: ast.Selector, member: Named, world: World) -> bool:
    """A block stands for its weights with two sides; a weight named by itself is always meant."""
    name = world.sites[member.sites[0]].path[-1].name
    return selector.segments[-1].name == name or _sided(member.sites[0], world) or bool(member.parts)


# ---------------------------------------------------------------------------- the factors


def sides(axes: tuple[Axis, ...]) -> int:
    """How many of the leading axes are on one side: the outputs, or the inputs where they stand first."""
    leading = 0
    while leading < len(axes) and axes[leading].side == axes[0].side:
        leading += 1
    return 1 if leading == len(axes) and leading > 1 else leading


def keeps_sides(map: Map, axes: tuple[Axis, ...], var: Var) -> bool:
    """Whether a reader's outputs and inputs are the storage's, or change places: else it is no product there."""
    mine, whole = sides(axes), sides(var.axes)
    first = {k < whole for digits in map.digits[:mine] for _, k, _ in digits}
    second = {k < whole for digits in map.digits[mine:] for _, k, _ in digits}
    return len(first) < 2 and len(second) < 2 and not (first & second)


def define(var: Var, factor: Factor, world: World) -> None:
    """Give the weight its factors."""
    if factor.form == "bank":
        _bank(var, factor, world)
        return
    known = None if factor.tensor is not None else world.made.get(("low rank", id(var.axes), id(factor.number)))
    if known is None:
        outs = sides(var.axes)
        if factor.tensor is not None:
            _tensor(var, factor, outs, world)
            return
        if not _has_rank(var, factor, outs, world):
            return
        known = _axes(var, factor, outs, world)
    left, right, init = known[:3]
    u = world.new(var, "u", left, "factor", init)  # type: ignore[arg-type]
    v = world.new(var, "v", right, "factor", init)  # type: ignore[arg-type]
    _because(var, factor.line, u, v)
    var.definition = LowRank(u, v, factor.number.value or 0, factor.line)


def _tensor(var: Var, factor: Factor, outs: int, world: World) -> None:
    assert factor.tensor is not None
    try:
        tensors.define(var, factor.tensor, max(outs, 1), factor.line, world)
    except tensors.Unfit as problem:
        message = f"`{world.title(factor.site, factor.parts)}`: {problem}"
        world.report.error(problem.code, message, factor.line.span, help=problem.help)


def _has_rank(var: Var, factor: Factor, outs: int, world: World) -> bool:
    """Whether a weight can be a product of two matrices of the rank that is wanted."""
    title = world.title(factor.site, factor.parts)
    if not 0 < outs < len(var.axes):
        world.report.error("shape", f"`{title}` is a vector, and a vector has no factors", factor.line.span)
        return False
    rows, columns = prod(var.shape[:outs]), prod(var.shape[outs:])
    rank, limit = factor.number.value or 0, min(rows, columns)
    if rank > limit:
        message = f"rank {rank} is more than the {limit} that a {rows} x {columns} weight can have (`{title}`)"
        world.report.error("rank-too-big", message, factor.line.span, help=f"the rank is at most {limit}")
    return rank <= limit


def _axes(var: Var, factor: Factor, outs: int, world: World) -> tuple[object, ...]:
    """The axes of the two factors and what they begin as: the same for all weights of a spec."""
    for side in (var.axes[:outs], var.axes[outs:]):
        world.ctx.trace.decided(factor.number, "<=", sizes.product([axis.size for axis in side]), True)
    left = (*(Axis(axis.size, axis.name, "out") for axis in var.axes[:outs]), Axis(factor.number, "rank", "in"))
    right = (Axis(factor.number, "rank", "out"), *(Axis(axis.size, axis.name, "in") for axis in var.axes[outs:]))
    # what the key is made of is kept with it, so that nothing else gets its identity
    made = (left, right, start("zeros"), var.axes, factor.number)
    world.made["low rank", id(var.axes), id(factor.number)] = made
    return made


def _bank(var: Var, factor: Factor, world: World) -> None:
    count = factor.number.value or 0
    mix = world.new(var, "mix", (Axis(factor.number, "bank", "out"),), "coefficient", start("zeros"))
    bank = world.new(var, "bank", (Axis(factor.number, "bank", "out"), *var.axes), "bank", start("zeros"))
    mix.no_decay = True
    _because(var, factor.line, mix, bank)
    var.definition = Bank(mix, bank, count, factor.line)


def _because(var: Var, line: Line, *parts: Var) -> None:
    for part in parts:
        part.because = {**var.because, id(line): line}
        part.freeze = var.freeze


def same(var: Var, factor: Factor) -> bool:
    """Whether the weight has just this factorisation already."""
    match var.definition:
        case LowRank():
            return factor.form in ("low rank", "basis") and var.definition.rank == factor.number.value
        case Bank():
            return factor.form == "bank" and var.definition.count == factor.number.value
        case Product():
            return factor.tensor is not None and var.definition.asked == factor.tensor.plain()
    return False
