"""Gives the parameters of a block, layer, model or plan their values: by position, by name, by default."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sharedsl.analysis.names import unknown
from sharedsl.analysis.report import Reporter
from sharedsl.comptime import Failure, Scope, evaluate
from sharedsl.comptime.evaluate import Unknown
from sharedsl.comptime.values import kind_of
from sharedsl.diagnostics import Label
from sharedsl.model import sizes
from sharedsl.model.sizes import Arith, Named, Real, Size, Value
from sharedsl.record import dataclass
from sharedsl.source import Span
from sharedsl.syntax import ast


@dataclass(frozen=True, slots=True)
class Given:
    """One argument of a call. `labels` are those of a list: `[heads = kv_heads, head_dim]`."""

    name: str | None
    value: Value
    span: Span
    labels: tuple[str | None, ...] | None = None


@dataclass(frozen=True, slots=True)
class Parameter:
    """What may be given. `default` computes the value from the parameters before it; None where there is none."""

    name: str
    kind: str
    default: Callable[[Mapping[str, Value]], Value] | None
    optional: bool = False
    span: Span | None = None


class Poisoned(Exception):
    """Something went wrong that is reported already: what depends on it stays silent."""


def value_of(expr: ast.Expr, scope: Scope, report: Reporter) -> Value:
    """The compile-time value of `expr`; its mistakes are reported and raise Poisoned."""
    try:
        return evaluate(expr, scope)
    except Unknown as problem:
        candidates = [*scope.names, *scope.known]
        report.add(
            unknown("unknown-name", f"nothing here is called `{problem.name}`", problem.name, problem.span, candidates)
        )
    except Failure as problem:
        if not isinstance(expr, ast.BadExpr):
            report.error("bad-value", str(problem), getattr(problem, "span", expr.span))
    raise Poisoned


def given(args: Sequence[ast.Arg], scope: Scope, report: Reporter) -> list[Given]:
    """The arguments of a call, evaluated; all mistakes are reported before Poisoned is raised."""
    found: list[Given] = []
    failed = False
    for arg in args:
        try:
            found.append(Given(arg.name, value_of(arg.value, scope, report), arg.span, labels_of(arg.value)))
        except Poisoned:
            failed = True
    if failed:
        raise Poisoned
    return found


def labels_of(expr: ast.Expr) -> tuple[str | None, ...] | None:
    """The axis names of a list of sizes: its labels, else lone names."""
    if not isinstance(expr, ast.List):
        return None
    labels = expr.labels or (None,) * len(expr.items)
    pairs = zip(labels, expr.items, strict=True)
    return tuple(label or (item.name if isinstance(item, ast.Name) else None) for label, item in pairs)


def parameters(params: Sequence[ast.Param], scope: Scope, report: Reporter) -> tuple[Parameter, ...]:
    """A spec's own parameters; `scope` is that of the file they stand in."""
    first: dict[str, ast.Param] = {}
    for param in params:
        if param.name in first:
            also = Label(first[param.name].span, "first here")
            report.error("duplicate-name", f"two parameters are called `{param.name}`", param.span, "", also)
            raise Poisoned
        first[param.name] = param
    return tuple(_parameter(param, scope, report) for param in params)


def _parameter(param: ast.Param, scope: Scope, report: Reporter) -> Parameter:
    expr = param.default
    optional = isinstance(expr, ast.Name) and expr.name == "none"
    default = None if expr is None else lambda before: value_of(expr, scope.with_names(before), report)
    return Parameter(param.name, param.kind or "int", default, optional, param.span)


def bind(
    params: Sequence[Parameter], args: Sequence[Given], what: str, span: Span, report: Reporter
) -> dict[str, Value]:
    """Every parameter's value, in the caller's terms. Mistakes are reported, then Poisoned is raised."""
    chosen, failed = _assign(params, args, what, report)
    values: dict[str, Value] = {}
    missing: list[str] = []
    for param in params:
        try:
            if param.name in chosen:
                one = chosen[param.name]
                values[param.name] = convert(param, one.value, what, one.span, report)
                if one.labels is not None:
                    values[f"{param.name}.axes"] = one.labels
            elif param.default is not None:
                if failed or missing:  # it may be about what is not there
                    continue
                values[param.name] = convert(param, param.default(values), what, param.span or span, report)
            else:
                missing.append(param.name)
        except Poisoned:
            failed = True
    if missing and not failed:
        names = ", ".join(f"`{name}`" for name in missing)
        report.error("missing-argument", f"{what} needs {names}", span)
    if missing or failed:
        raise Poisoned
    return values


def _assign(
    params: Sequence[Parameter], args: Sequence[Given], what: str, report: Reporter
) -> tuple[dict[str, Given], bool]:
    by_name = {param.name: param for param in params}
    chosen: dict[str, Given] = {}
    failed = too_many = False
    for at, one in enumerate(args):
        name = one.name or (params[at].name if at < len(params) else None)
        if name is None:
            takes = f"{len(params)} argument{'s' if len(params) != 1 else ''}"
            if not too_many:
                report.error("wrong-count", f"{what} takes {takes}, and this is number {at + 1}", one.span)
            too_many = True
        elif name not in by_name:
            place = Span(one.span.path, one.span.start, one.span.start + len(name))
            report.add(unknown("unknown-argument", f"{what} has no parameter `{name}`", name, place, by_name))
        elif name in chosen:
            report.error("duplicate-argument", f"{what} is given `{name}` twice", one.span)
        else:
            chosen[name] = one
            continue
        failed = True
    return chosen, failed


def convert(param: Parameter, value: Value, what: str, span: Span, report: Reporter) -> Value:
    """`value` as the parameter's kind has it: a whole number is a float where one is wanted."""
    if value is None and param.optional:
        return None
    if _fits(param.kind, value):
        if param.kind == "float" and isinstance(value, Size):
            return Real(float(value.value or 0), value.code)
        return value
    report.error(
        "wrong-kind", f"`{param.name}` of {what} must be {_wanted(param.kind)}, and this is {shown(value)}", span
    )
    raise Poisoned


def _fits(kind: str, value: Value) -> bool:
    match kind:
        case "int":
            return isinstance(value, Size)
        case "float":
            return isinstance(value, Real) or (isinstance(value, Size) and value.value is not None)
        case "bool":
            return isinstance(value, bool)
        case "list":
            return isinstance(value, tuple)
        case "sizes":
            return isinstance(value, Size) or (isinstance(value, tuple) and all(isinstance(v, Size) for v in value))
        case "str":
            return isinstance(value, str)
        case "function" | "layer":
            return isinstance(value, Named) and value.kind == kind
        case _:
            return False


def _wanted(kind: str) -> str:
    words = {"int": "a whole number", "float": "a number", "sizes": "a size or a list of sizes", "str": "a word"}
    return words.get(kind, f"a {kind}")


def shown(value: Value) -> str:
    """A value as messages write it."""
    match value:
        case Size():
            return f"{value}"
        case Real():
            return f"{value.value:g}"
        case bool():
            return "true" if value else "false"
        case None:
            return "none"
        case str():
            return f'"{value}"'
        case Named():
            return f"the {value.kind} `{value.name}`"
        case _:
            return f"a {kind_of(value)}"


# ---------------------------------------------------------------------------- whose terms the code is in


def own_terms(values: Mapping[str, Value]) -> dict[str, Value]:
    """The values as the block itself writes them: each number's code is its parameter's own name."""
    return {name: _renamed(value, sizes.named(name)) for name, value in values.items()}


def _renamed(value: Value, code: Arith) -> Value:
    match value:
        case Size():
            return Size(value.ground, value.formula, code)
        case Real():
            return Real(value.value, code)
        case tuple():
            return tuple(_renamed(item, Arith("index", (code, sizes.literal(at)))) for at, item in enumerate(value))
        case _:
            return value


def fingerprint(value: Value) -> object:
    """Equal for values that make equal units: what a number is and how it came about, not how it is written."""
    match value:
        case Size():
            return (value.ground, value.formula)
        case Real():
            return ("real", value.value)
        case tuple():
            return tuple(fingerprint(item) for item in value)
        case bool():
            return ("bool", value)
        case _:
            return value


def lifted(value: object) -> Value:
    """A bare Python value as a compile-time value."""
    match value:
        case bool() | None | str():
            return value
        case int():
            return sizes.size(value)
        case float():
            return Real(value, sizes.literal(value))
        case tuple() | list():
            return tuple(lifted(item) for item in value)
        case _:
            return value  # type: ignore[return-value]
