"""What a forward gives back: checked against what it declares, and put in the caller's terms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sharedsl.analysis.arguments import Poisoned, value_of
from sharedsl.analysis.inputs import Argument, is_runtime_name
from sharedsl.comptime.values import code_of
from sharedsl.diagnostics import Label
from sharedsl.model import dataflow as d
from sharedsl.model import sizes
from sharedsl.model.sizes import Arith, Size, Value
from sharedsl.source import Span
from sharedsl.syntax import ast

if TYPE_CHECKING:
    from sharedsl.analysis.flow import Flow


def check_outputs(flow: Flow, outputs: tuple[ast.Output, ...]) -> d.Type:
    """The type of what is returned; every return must agree with the declaration. Raises Poisoned if one does not."""
    failed = False
    for type, span, spans in flow.returned:
        given = type.items if isinstance(type, d.Many) and (len(outputs) > 1 or len(spans) > 1) else (type,)
        if len(given) != len(outputs):
            message = f"{len(outputs)} values are declared, and {len(given)} are returned"
            flow.shop.report.error("wrong-count", message, span, "", Label(outputs[0].span, "declared here"))
            failed = True
            continue
        places = spans if len(spans) == len(given) else (span,) * len(given)
        bound: dict[str, Size] = {}
        for one, declared, place in zip(given, outputs, places, strict=True):
            failed = not _fits(flow, one, declared, place, bound) or failed
    if failed:
        raise Poisoned
    return flow.returned[-1][0]


def _fits(flow: Flow, type: d.Type, output: ast.Output, span: Span, bound: dict[str, Size]) -> bool:
    declared = output.type
    shown = flow.shop.text(declared.span)

    def misfit(why: str) -> bool:
        message = f"{shown} is declared, and {why}"
        flow.shop.report.error("output-shape", message, span, "", Label(declared.span, "declared here"))
        return False

    if not isinstance(type, d.Tensor):
        return misfit("a list of values is returned")
    if type.optional:
        return misfit(f"what is returned may be missing: {type}")
    if type.dtype != declared.base:
        return misfit(f"{type} is returned")
    dims = declared.dims or ()
    rest = [at for at, dim in enumerate(dims) if dim.value is None]
    if (len(dims) != len(type.dims) and not rest) or len(dims) - len(rest) > len(type.dims):
        return misfit(f"{type} is returned")
    for at, dim in enumerate(dims):
        if dim.value is None:
            continue
        actual = type.dims[at if not rest or at < rest[0] else at - len(dims)]
        want = _wanted(flow, dim.value, actual, bound)
        if want is not None and not want.same(actual):
            said = flow.shop.text(dim.span)
            is_ = f" = {want}" if said != str(want) else ""
            return misfit(f"axis {at} is {actual} where {said}{is_} is declared: {type}")
    return True


def _wanted(flow: Flow, expr: ast.Expr, actual: Size, bound: dict[str, Size]) -> Size | None:
    """The declared size of an axis; a run-time name that no input binds stands for whatever it is."""
    fixed = flow.draft.names if flow.draft is not None else {}
    numbers = {name: each for name, each in flow.names.items() if isinstance(each, Size)}
    names: dict[str, Value] = {**fixed, **numbers, **flow.sizes, **bound}
    if isinstance(expr, ast.Name) and is_runtime_name(expr.name, fixed) and expr.name not in names:
        bound[expr.name] = actual
        return None
    want = value_of(expr, flow.shop.names(names, flow.home), flow.shop.report)
    return want if isinstance(want, Size) else None


# ---------------------------------------------------------------------------- back to the caller


def outward(body: d.Body, given: Mapping[str, Argument], params: Mapping[str, Value]) -> d.Type:
    """The body's result as its caller writes it: the callee's names replaced by what they stand for there."""
    env: dict[str, Arith] = {name: code_of(value) for name, value in params.items() if not name.endswith(".axes")}
    for name, (source, axis) in body.sizes:
        arg = given.get(source)
        if arg is not None and isinstance(arg.value.type, d.Tensor):
            env[name] = arg.value.type.dims[axis].code
    for one in body.inputs:
        arg = given.get(one.name)
        if one.size is not None and arg is not None and isinstance(arg.value, Size):
            env[one.name] = arg.value.code
    return in_terms_of(body.output, env)


def in_terms_of(type: d.Type, env: Mapping[str, Arith]) -> d.Type:
    """A type with the names in its sizes replaced; sizes with other names are plain numbers where they can be."""
    if isinstance(type, d.Many):
        return d.Many(tuple(in_terms_of(item, env) for item in type.items))
    return d.Tensor(type.dtype, tuple(_size(size, env) for size in type.dims), type.optional)


def _size(size: Size, env: Mapping[str, Arith]) -> Size:
    code = size.code
    if code.op == "num":
        return size
    if code.op == "name":
        found = env.get(str(code.args[0]))
        return Size(size.ground, size.formula, found) if found is not None else _plain(size)
    names = code.names()
    if not names <= env.keys():
        return _plain(size)
    return Size(size.ground, size.formula, code.substitute(dict(env)))


def _plain(size: Size) -> Size:
    """A size whose names mean nothing to the caller: its value, where it has one."""
    return size if size.value is None else sizes.Size(size.ground, size.formula, sizes.literal(size.value))
