"""`freeze S`, `local S` and `init S = ...`: marks on storages, named through their readers."""

from __future__ import annotations

from sharedsl.comptime import Failure, evaluate
from sharedsl.comptime.initialisers import BadInit, init_call, init_from
from sharedsl.model.sites import Init
from sharedsl.sharing.context import Line
from sharedsl.sharing.facts import Facts, Mark
from sharedsl.sharing.report import suggestion
from sharedsl.sharing.views import ViewError
from sharedsl.sharing.world import World
from sharedsl.syntax import ast


def facts(line: Line, world: World) -> Facts:
    relation = line.relation
    assert isinstance(relation, ast.Freeze | ast.Local | ast.InitDecl)
    out = Facts()
    try:
        init = init_of(relation.value, line) if isinstance(relation, ast.InitDecl) else None
    except ViewError as problem:
        world.report.error(problem.code, str(problem), problem.span, help=problem.help, fixes=problem.fixes)
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
    try:
        name, call = init_call(expr)
        given = ((arg.name, evaluate(arg.value, line.scope), arg.value.span) for arg in call.args)
        return init_from(name, given, expr.span)
    except BadInit as bad:
        help, fixes = suggestion(bad.word, bad.span, bad.known) if bad.word else ("", ())
        raise ViewError(bad.code, str(bad), bad.span, help, fixes) from bad
