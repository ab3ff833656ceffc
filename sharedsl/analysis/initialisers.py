"""`init normal(std = 0.02)` in a model, and what a weight that names none starts as."""

from __future__ import annotations

from sharedsl.analysis.arguments import Poisoned, given
from sharedsl.analysis.names import unknown
from sharedsl.analysis.report import Reporter
from sharedsl.comptime import Scope
from sharedsl.comptime.initialisers import BadInit, init_call, init_from
from sharedsl.model.sites import Axis, Init
from sharedsl.model.sizes import Real, literal
from sharedsl.syntax import ast


def init_of(expr: ast.Expr, scope: Scope, report: Reporter) -> Init:
    """The initialiser that `expr` names."""
    try:
        name, call = init_call(expr)
        return init_from(name, ((one.name, one.value, one.span) for one in given(call.args, scope, report)), expr.span)
    except BadInit as bad:
        report.add(unknown(bad.code, str(bad), bad.word, bad.span, bad.known))
        raise Poisoned from bad


def usual_init(axes: tuple[Axis, ...]) -> Init:
    """For a weight of the spec's own that names none: as torch does for matrices, small numbers otherwise."""
    if any(axis.side == "in" for axis in axes):
        return Init("kaiming_uniform")
    return Init("normal", (("std", Real(0.02, literal(0.02))),))
