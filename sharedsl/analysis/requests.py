"""What a build asks for: its model, arguments and plans, with the sizes of its `test` line or of a caller put in."""

from __future__ import annotations

from collections.abc import Mapping

from sharedsl.analysis.arguments import lifted
from sharedsl.analysis.builds import DTYPES, Asked, no_model
from sharedsl.analysis.names import unknown
from sharedsl.analysis.report import Reporter
from sharedsl.analysis.scope import Scope
from sharedsl.comptime import Failure, Trace, evaluate
from sharedsl.comptime import Scope as Names
from sharedsl.comptime.values import plain
from sharedsl.model.sizes import Value
from sharedsl.source import Span
from sharedsl.syntax import ast


def asked_for(
    scope: Scope, build: ast.Build, report: Reporter, overrides: Mapping[str, Value] | None = None
) -> Asked | None:
    if scope.model(build.model) is None:
        report.add(no_model(scope, build.model, model_place(scope, build)))
        return None
    incremental = any(isinstance(line, ast.IncrementalLine) for line in build.body)
    for line in build.body:
        if isinstance(line, ast.DtypeLine) and line.dtype not in DTYPES:
            place = Span(line.span.path, line.span.end - len(line.dtype), line.span.end)
            report.add(unknown("unknown-dtype", f"no dtype `{line.dtype}`", line.dtype, place, DTYPES))
    own = _parameters(scope, build.model)
    values = {
        name: value for name, value in (overrides or {}).items() if name in own or not _in_plans(scope, build, name)
    }
    plans = tuple(_with_values(scope, build.model, ref, overrides or {}, set(own)) for ref in build.plans)
    return Asked(build.model, plans, build.args, tuple(values.items()), incremental, span=build.name_span)


def _parameters(scope: Scope, model: str) -> tuple[str, ...]:
    target = scope.model(model)
    return tuple(param.name for param in target.item.params) if target and isinstance(target.item, ast.Block) else ()


def _in_plans(scope: Scope, build: ast.Build, name: str) -> bool:
    """Whether a plan of the build has a parameter of that name."""
    plans = [scope.plan(build.model, ref.name) for ref in build.plans]
    return any(param.name == name for plan in plans if plan is not None for param in plan.plan.params)


def _with_values(scope: Scope, model: str, ref: ast.PlanRef, values: Mapping[str, Value], own: set[str]) -> ast.PlanRef:
    """A plan with the arguments that are given for its parameters: `test (dim = 32, rank = 4)`."""
    found = scope.plan(model, ref.name)
    if found is None:
        return ref
    names = [param.name for param in found.plan.params]
    given = {name: value for name, value in values.items() if name in names and name not in own}
    if not given:
        return ref
    args = tuple(
        arg for at, arg in enumerate(ref.args) if (arg.name or (names[at] if at < len(names) else "")) not in given
    )
    named = [ast.Arg(_written(value, ref.span), name, span=ref.span) for name, value in given.items()]
    fixed = tuple(
        ast.Arg(arg.value, arg.name or names[at], span=arg.span) for at, arg in enumerate(ref.args) if arg in args
    )
    return ast.PlanRef(ref.name, (*fixed, *named), span=ref.span)


def _written(value: Value, span: Span) -> ast.Expr:
    """A compile-time value as the expression that has it."""
    bare = plain(value)
    if isinstance(bare, bool) or bare is None:
        return ast.Name("none" if bare is None else str(bare).lower(), span=span)
    if isinstance(bare, int | float):
        number = ast.Number(str(abs(bare)), abs(bare), span=span)
        return ast.Unary("-", number, span=span) if bare < 0 else number
    if isinstance(value, tuple):
        return ast.List(tuple(_written(item, span) for item in value), span=span)
    return ast.String(str(bare), span=span)


def model_place(scope: Scope, build: ast.Build) -> Span:
    at = scope.main.source.text.find(build.model, build.name_span.end, build.span.end)
    return Span(build.span.path, at, at + len(build.model)) if at >= 0 else build.name_span


def dtype_of(build: ast.Build) -> str:
    """What the build's weights are kept in; float32 where its line names what there is not."""
    said = next((line.dtype for line in build.body if isinstance(line, ast.DtypeLine)), "float32")
    return said if said in DTYPES else "float32"


def known_dtype(build: ast.Build) -> bool:
    """Whether its line names a dtype that there is; where not, its bytes are nobody's mistake."""
    return all(line.dtype in DTYPES for line in build.body if isinstance(line, ast.DtypeLine))


def test_values(scope: Scope, build: ast.Build, report: Reporter) -> dict[str, Value]:
    """The sizes of the build's `test` line."""
    found: dict[str, Value] = {}
    names = set(_parameters(scope, build.model))
    for line in build.body:
        if not isinstance(line, ast.TestLine):
            continue
        for arg in line.args:
            if arg.name is None:
                report.error("wrong-count", "`test` gives parameters by name: `test (dim = 64)`", arg.span)
            elif arg.name not in names and not _in_plans(scope, build, arg.name):
                place = Span(arg.span.path, arg.span.start, arg.span.start + len(arg.name))
                message = f"`{build.model}` has no parameter `{arg.name}`"
                report.add(unknown("unknown-argument", message, arg.name, place, names))
            else:
                _test_value(scope, arg, found, report)
    return found


def _test_value(scope: Scope, arg: ast.Arg, found: dict[str, Value], report: Reporter) -> None:
    try:
        assert arg.name is not None
        found[arg.name] = evaluate(arg.value, Names(found, Trace(), scope.main.known))
    except Failure as problem:
        report.error("bad-value", str(problem), getattr(problem, "span", arg.span))


def lifted_values(overrides: Mapping[str, object] | None) -> dict[str, Value]:
    """Bare Python values, as `--set dim=1024` gives them."""
    return {name: lifted(value) for name, value in (overrides or {}).items()}
