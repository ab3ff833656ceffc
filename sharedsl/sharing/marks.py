"""`freeze S`, `local S` and `init S = ...`: marks on storages, named through their readers."""

from __future__ import annotations

from sharedsl.comptime import Failure, evaluate
from sharedsl.model.sites import Init
from sharedsl.model.sizes import Real, Size
from sharedsl.sharing.context import Line
from sharedsl.sharing.facts import Facts, Mark
from sharedsl.sharing.report import suggestion
from sharedsl.sharing.views import ViewError
from sharedsl.sharing.world import World
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


def facts(line: Line, world: World) -> Facts:
    relation = line.relation
    assert isinstance(relation, ast.Freeze | ast.Local | ast.InitDecl)
    out = Facts()
    try:
        init = init_of(relation.value, line) if isinstance(relation, ast.InitDecl) else None
    except ViewError as problem:
        world.report.error(problem.code, str(problem), problem.span, help=problem.help)
        return out
    except Failure as problem:
        world.fail(problem, relation.span)
        return out
    kind = "init" if init is not None else "local" if isinstance(relation, ast.Local) else "freeze"
    explicit = not _wild(relation.selector)
    found = [
        (match, site)
        for match in world.matches(relation.selector, line)
        for _, s in world.select.below(match)
        for site in s
    ]
    named = frozenset(site for _, site in found)
    for match, site in found:
        if init is not None and match.weight is None:
            message = f"`{match.title()}` is a block; `init` names weights"
            world.report.error(
                "no-site", message, relation.selector.span, help=f"`{match.title()}.**.weight` names all of its"
            )
            return Facts()
        out.marks.append(Mark(kind, site, match.parts, line, bool(match.subs), explicit, init, named))
    return out


def _wild(selector: ast.Selector) -> bool:
    """Whether a selector is a pattern, so that some of what it names may have another owner."""
    for segment in selector.segments:
        if segment.name in ("*", "**") or any(
            sub.value is None or isinstance(sub.value, ast.Slice) for sub in segment.subs
        ):
            return True
        if segment.alternatives:
            return True
    return False


def init_of(expr: ast.Expr, line: Line) -> Init:
    """The initialiser that `normal(std = 0.02)` names."""
    call = expr if isinstance(expr, ast.Call) else ast.Call(expr, (), span=expr.span)
    if not isinstance(call.function, ast.Name):
        raise ViewError("unknown-init", "an initialiser is written like `normal(std = 0.02)`", expr.span)
    name = call.function.name
    if name not in INITIALISERS:
        help, _ = suggestion(name, call.function.span, INITIALISERS)
        raise ViewError("unknown-init", f"no initialiser is called `{name}`", call.function.span, help)
    takes = INITIALISERS[name]
    args: list[tuple[str, Size | Real]] = []
    for at, arg in enumerate(call.args):
        key = arg.name or (str(at) if takes is None else takes[at] if at < len(takes) else None)
        value = evaluate(arg.value, line.scope)
        if key is None or (takes is not None and key not in takes):
            shown = ", ".join(takes or ()) or "nothing"
            raise ViewError("unknown-argument", f"`{name}` takes {shown}", arg.value.span)
        if not isinstance(value, Size | Real) or value.value is None:
            raise ViewError("wrong-kind", f"`{key}` of `{name}` must be a number", arg.value.span)
        args.append((key, value))
    if name == "constant" and not args:
        raise ViewError("missing-argument", "`constant` needs a value", expr.span)
    return Init(name, tuple(args))
