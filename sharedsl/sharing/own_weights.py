"""`weight t[dims] init I` in a plan: a storage of the plan's own, at the model's root, read through `tie`.

Such a weight is a site like any other for the solver, one that no application reads: lines name it, mark it, factorise
it and tie others to it. Only those that something reads become storages.
"""

from __future__ import annotations

from collections.abc import Iterable

from sharedsl.comptime import Failure, evaluate
from sharedsl.diagnostics import Label
from sharedsl.model.sites import Axis, Init, Site, Step, WeightSpec
from sharedsl.model.sizes import Real, Size, literal
from sharedsl.sharing.context import ExpandedPlans, Line, PlanContext
from sharedsl.sharing.marks import init_of
from sharedsl.sharing.report import Report
from sharedsl.sharing.views import ViewError
from sharedsl.syntax import ast

#: what a weight may hold
DTYPES = ("float32", "float16", "bfloat16", "float64")
#: the layer that the sites of such weights say they are of
LAYER = "sharing"


def own_weights(expanded: ExpandedPlans, ctx: PlanContext, first: int, report: Report) -> tuple[Site, ...]:
    """The sites of the plan's weights, numbered from `first` on."""
    lines = [line for line in expanded.lines() if isinstance(line.relation, ast.WeightDecl)]
    lines.sort(key=lambda line: (line.span.start, repr(line.bound)))
    found: dict[str, tuple[Line, WeightSpec]] = {}
    for line in lines:
        declared = line.relation
        assert isinstance(declared, ast.WeightDecl)
        if _taken(declared.name, line, found.get(declared.name), ctx, report):
            continue
        spec = _spec(declared, line, ctx, report)
        if spec is not None:
            found[declared.name] = (line, spec)
    ordered = sorted(found)  # the order of a plan's lines says nothing
    return tuple(Site(first + at, (Step(name),), found[name][1], LAYER) for at, name in enumerate(ordered))


def _taken(name: str, line: Line, known: tuple[Line, WeightSpec] | None, ctx: PlanContext, report: Report) -> bool:
    if known is not None:
        also = (Label(known[0].span, "first here"),) if known[0].span != line.span else ()
        message = f"the plan's weight `{name}` is declared twice"
        report.error("duplicate-name", message, line.span, "", also, help="a name stands for one storage")
        return True
    if name in ctx.layers.children() or name in ctx.layers.weights():
        message = f"the model `{ctx.model}` has a `{name}` already"
        help = "a plan's weight stands beside the model's own layers and weights: give it a name of its own"
        report.error("duplicate-name", message, line.span, help=help)
        return True
    return False


def _spec(declared: ast.WeightDecl, line: Line, ctx: PlanContext, report: Report) -> WeightSpec | None:
    try:
        axes = (*_axes(declared.outs, line, "out"), *_axes(declared.ins or (), line, "in"))
        init = init_of(declared.init, line) if declared.init is not None else usual(axes)
    except ViewError as problem:
        report.error(problem.code, str(problem), problem.span, help=problem.help, fixes=problem.fixes)
        return None
    except Failure as problem:
        report.failure(problem, line.span, ctx.parameters)
        return None
    dtype = declared.dtype or "float32"
    if dtype not in DTYPES:
        report.error("unknown-dtype", f"no dtype `{dtype}`", line.span, help=f"a weight is {', '.join(DTYPES)}")
        dtype = "float32"  # a weight of that name there is
    frozen, no_decay = "frozen" in declared.flags, "no_decay" in declared.flags
    written = declared.init is not None
    return WeightSpec(declared.name, axes, init, dtype, frozen, no_decay, declared.span, written)


def _axes(dims: Iterable[ast.Dim], line: Line, side: str) -> tuple[Axis, ...]:
    made: list[Axis] = []
    for dim in dims:
        if dim.value is None:
            raise ViewError("bad-size", "a weight has a fixed number of axes: `...` cannot stand here", dim.span)
        size = evaluate(dim.value, line.scope)
        if not isinstance(size, Size) or size.value is None or size.value < 1:
            shown = size.value if isinstance(size, Size) else "no whole number"
            raise ViewError(
                "bad-size", f"a size must be at least 1, and this is {shown}", dim.value.span, "give it a length"
            )
        label = dim.label or (dim.value.name if isinstance(dim.value, ast.Name) else None)
        made.append(Axis(size, label, "in" if side == "in" else "out"))
    return tuple(made)


def usual(axes: tuple[Axis, ...]) -> Init:
    """As torch fills matrices; small numbers otherwise. A gather or a product hands its reader's on instead."""
    if any(axis.side == "in" for axis in axes):
        return Init("kaiming_uniform")
    return Init("normal", (("std", Real(0.02, literal(0.02))),))


def orphans(sites: Iterable[Site], stored: set[int], report: Report) -> None:
    """A plan's weight that nothing reads would never be trained; told where nothing else is wrong with the plan."""
    if report.found:
        return
    for site in sites:
        if site.index not in stored and site.spec.span is not None:
            message = f"nothing reads the plan's weight `{site.spec.name}`"
            help = f"tie a weight of the model to it: `tie ... = {site.spec.name}`"
            report.error("orphan", message, site.spec.span, help=help)
