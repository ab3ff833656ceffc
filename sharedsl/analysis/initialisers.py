"""`init normal(std = 0.02)`: which initialisers there are, and what they take."""

from __future__ import annotations

from sharedsl.analysis.arguments import Poisoned, given
from sharedsl.analysis.names import unknown
from sharedsl.analysis.report import Reporter
from sharedsl.comptime import Scope
from sharedsl.model.sites import Axis, Init
from sharedsl.model.sizes import Real, Size, literal
from sharedsl.syntax import ast

#: name -> what it takes; None: as many numbers as one likes
INITIALISERS: dict[str, tuple[str, ...] | None] = {
    "zeros": (),
    "ones": (),
    "constant": ("value",),
    "normal": ("std", "mean"),
    "trunc_normal": ("std", "mean", "cut"),
    "uniform": ("bound", "low", "high"),
    "xavier_uniform": ("gain",),
    "xavier_normal": ("gain",),
    "kaiming_uniform": ("a",),
    "kaiming_normal": ("a",),
    "orthogonal": ("gain",),
    "identity": (),
    "log_count": (),
    "step_sizes": ("low", "high"),
    "rows": None,
}


def init_of(expr: ast.Expr, scope: Scope, report: Reporter) -> Init:
    """The initialiser that `expr` names. `normal` alone is `normal()`. Numbers keep the code that computes them."""
    call = expr if isinstance(expr, ast.Call) else ast.Call(expr, (), span=expr.span)
    if not isinstance(call.function, ast.Name):
        report.error("unknown-init", "an initialiser is written like `normal(std = 0.02)`", expr.span)
        raise Poisoned
    name = call.function.name
    if name not in INITIALISERS:
        report.add(
            unknown("unknown-init", f"no initialiser is called `{name}`", name, call.function.span, INITIALISERS)
        )
        raise Poisoned
    takes = INITIALISERS[name]
    args: list[tuple[str, Size | Real]] = []
    for at, one in enumerate(given(call.args, scope, report)):
        key = one.name or (str(at) if takes is None else takes[at] if at < len(takes) else None)
        if key is None or (takes is not None and key not in takes):
            message = f"`{name}` takes {', '.join(f'`{each}`' for each in takes or ()) or 'nothing'}"
            code = "unknown-argument" if one.name else "wrong-count"
            report.add(unknown(code, message, one.name or "", one.span, takes or ()))
            raise Poisoned
        if not isinstance(one.value, Size | Real) or one.value.value is None:
            report.error("wrong-kind", f"`{key}` of `{name}` must be a number", one.span)
            raise Poisoned
        args.append((key, one.value))
    if (name == "constant" and not args) or (name == "step_sizes" and len(args) < 2):
        needs = " and ".join(f"`{each}`" for each in takes or ())
        report.error("missing-argument", f"`{name}` needs {needs}", expr.span)
        raise Poisoned
    return Init(name, tuple(args))


def usual_init(axes: tuple[Axis, ...]) -> Init:
    """For a weight of the spec's own that names none: as torch does for matrices, small numbers otherwise."""
    if any(axis.side == "in" for axis in axes):
        return Init("kaiming_uniform")
    return Init("normal", (("std", Real(0.02, literal(0.02))),))
