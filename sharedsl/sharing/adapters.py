"""`adapt S with adapter(width)`: layers that are put behind blocks, as edits of the dataflow.

An adapter is a layer of the block that it stands behind, `layers.3.attn.adapter`: one for each declared layer, whose
applications share it. `*` and the names of blocks never mean adapters, so they are each layer's own unless a line says
otherwise.
"""

from __future__ import annotations

from sharedsl.comptime import Failure, evaluate
from sharedsl.diagnostics import Diagnostic
from sharedsl.model.folds import InsertEdit
from sharedsl.model.sites import Path
from sharedsl.model.sizes import Size
from sharedsl.sharing.context import ExpandedPlans, Line, PlanContext
from sharedsl.sharing.nodes import of_unit
from sharedsl.sharing.report import Report
from sharedsl.sharing.select import Match, Selecting
from sharedsl.syntax import ast

NAME = "adapter"


def is_adapter(relation: ast.Relation) -> bool:
    """Whether a line puts layers in, rather than parts beside weights."""
    return isinstance(relation, ast.Adapt) and any(part.name == NAME for part in relation.parts)


def adapters(expanded: ExpandedPlans, ctx: PlanContext) -> tuple[tuple[InsertEdit, ...], list[Diagnostic]]:
    """The layers that a plan puts in."""
    report = Report()
    lines = [line for line in expanded.lines() if is_adapter(line.relation)]
    if not lines:
        return (), []
    select = Selecting(of_unit(ctx.layers.unit))
    made: dict[Path, tuple[InsertEdit, Line]] = {}
    for line in lines:
        try:
            for edit in _edits(line, select, ctx, report):
                known = made.setdefault(edit.parent, (edit, line))
                if known[0].width != edit.width:
                    message = f"`{edit.target}` gets two adapters, of width {known[0].width} and {edit.width}"
                    report.lines("two-definitions", message, [known[1], line], help="keep one of the lines")
        except Failure as problem:
            report.failure(problem, getattr(problem, "span", line.span), ctx.parameters)
    return tuple(edit for edit, _ in made.values()), report.found


def _edits(line: Line, select: Selecting, ctx: PlanContext, report: Report) -> list[InsertEdit]:
    relation = line.relation
    assert isinstance(relation, ast.Adapt)
    matches = select.match(relation.selector, line.scope, None, report)
    width = _width(relation, line, report)
    if width is None:
        return []
    out: list[InsertEdit] = []
    for match in select.elements(matches):
        problem = _problem(match, ctx)
        if problem:
            help = "an adapter stands behind a block: name one, such as `layers[*].attn`"
            report.error("no-site", problem, relation.selector.span, help=help)
            return []
        out.append(InsertEdit(match.node.path, NAME, width, relation.span))
    return out


def _problem(match: Match, ctx: PlanContext) -> str:
    """Why nothing can be put behind what is named."""
    if match.weight is not None:
        return f"`{match.title()}` is a weight, and an adapter is a layer of its own"
    if match.exact:
        return "single applications have no adapter of their own; the declared layer has one"
    unit = ctx.layers.at(match.node.path).unit
    if unit.kind in ("primitive", "extern"):
        return f"`{match.title()}` is a {unit.name}, whose forward is not written in the language"
    return ""


def _width(relation: ast.Adapt, line: Line, report: Report) -> int | None:
    """The adapter's inner width; an adapter stands alone in its line."""
    if len(relation.parts) > 1:
        message = "an adapter is a layer, and other parts are put beside weights"
        report.error("two-definitions", message, relation.parts[1].span, help="write a line of its own for each")
        return None
    part = relation.parts[0]
    if part.on is not None:
        report.error("unknown-part", "`adapter` takes no `on`", part.on.span, help="name the blocks: `adapt S with ..`")
        return None
    if len(part.args) > 1 or any(arg.name not in (None, "width") for arg in part.args):
        wrong = next((arg for arg in part.args if arg.name not in (None, "width")), part.args[-1])
        report.error("unknown-argument", "`adapter` takes width", wrong.value.span)
        return None
    value = evaluate(part.args[0].value, line.scope) if part.args else None
    if not isinstance(value, Size) or value.value is None or value.value < 1:
        message = "`adapter` needs a width of at least 1: `adapter(width = 64)`"
        report.error("missing-argument", message, part.span)
        return None
    return line.scope.trace.fixed(value)
