"""`f(a, b)`, `x |> f(a)` and `x.f` in forward: what is called, and with what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sharedsl.analysis import expressions, operations
from sharedsl.analysis.arguments import Poisoned
from sharedsl.analysis.flow_values import RUNTIME, Forwarding, Ref, V, described, is_runtime
from sharedsl.analysis.inputs import Argument
from sharedsl.analysis.states import once
from sharedsl.comptime.builtins import FUNCTIONS
from sharedsl.comptime.values import Failure
from sharedsl.layers import LAYERS
from sharedsl.model import dataflow as d
from sharedsl.model.sizes import Named
from sharedsl.ops import OPS
from sharedsl.syntax import ast

if TYPE_CHECKING:
    from sharedsl.analysis.flow import Flow

#: parse, and mean something, but are not read yet
NOT_YET = {"while": "`while` is not supported yet"}
#: words of the language that are applied like functions
WORDS = ("once", "scan")


def pipe(flow: Flow, expr: ast.Pipe) -> V:
    """`x |> f(a)` is `f(x, a)`."""
    first = ast.Arg(expr.value, span=expr.value.span)
    if isinstance(expr.into, ast.Call):
        return call(flow, ast.Call(expr.into.function, expr.into.args, span=expr.span), (first,))
    return call(flow, ast.Call(expr.into, (), span=expr.span), (first,))


def call(flow: Flow, expr: ast.Call, before: tuple[ast.Arg, ...]) -> V:
    """The value of a call; `before` are arguments that a pipe puts in front."""
    failed = False
    target: V = None
    try:
        target = _target(flow, expr.function)
    except Poisoned:
        failed = True
    args: list[Argument] = []
    for arg in (*before, *expr.args):
        try:
            args.append(Argument(arg.name, expressions.value(flow, arg.value), arg.span))
        except Poisoned:
            failed = True
    if failed:
        raise Poisoned
    return apply(flow, target, args, expr)


def apply(flow: Flow, target: V, args: list[Argument], expr: ast.Call) -> V:
    from sharedsl.analysis.call_targets import call_function, call_self
    from sharedsl.analysis.calls import call_layer

    match target:
        case Ref():
            return call_layer(flow, target, args, expr.span)
        case Forwarding():
            return call_self(flow, target, args, expr.span)
        case Named(kind="function"):
            definition = flow.shop.scope.find(target)
            if definition is not None:
                return call_function(flow, definition, args, expr.span)
            return built_in(flow, target.name, args, expr)
        case Named():
            help = f"declare it: `layer name = {target.name}(..)`, and apply `name`"
            raise flow.error("not-callable", f"`{target.name}` is a kind of layer", expr.function.span, help=help)
        case str() if isinstance(expr.function, ast.Name) and target == expr.function.name:
            return built_in(flow, target, args, expr)
        case _:
            raise flow.error("not-callable", f"{described(target)} cannot be applied", expr.function.span)


def _target(flow: Flow, function: ast.Expr) -> V:
    """What is called. The name of a compile-time function stands for itself, as a word."""
    if not isinstance(function, ast.Name):
        return expressions.value(flow, function)
    name = function.name
    found = expressions.find(flow, name)
    if found is not None:
        return expressions.name(flow, function)
    known = flow.home.known.get(name)
    if known is not None:
        return known
    if name in NOT_YET:
        raise flow.error("not-yet", NOT_YET[name], function.span)
    if name in FUNCTIONS or name in WORDS:
        return name
    raise expressions.nothing_called(flow, function, FUNCTIONS)


def built_in(flow: Flow, name: str, args: list[Argument], expr: ast.Call) -> V:
    """An operation, or a function of compile-time values: the same name may be both (`max`, `sqrt`)."""
    if name == "once":
        return once(flow, args, expr)
    if name == "scan":
        return _scan(flow, args, expr)
    if name in FUNCTIONS and name not in LAYERS and not any(is_runtime(arg.value) for arg in args):
        result = _computed(flow, name, args, expr, final=name not in OPS)
        if result is not NotImplemented:
            return result
    if name in ("len", "zip", "enumerate", "reversed", "range", "index", "sorted"):
        return _computed(flow, name, args, expr, final=True)
    return operations.apply(flow, name, args, expr.span)


def _scan(flow: Flow, args: list[Argument], expr: ast.Call) -> d.Expr:
    from sharedsl.analysis.scanning import scan

    return scan(flow, args, expr)


def _computed(flow: Flow, name: str, args: list[Argument], expr: ast.Call, final: bool) -> V:
    """A compile-time function; stacks and run-time lists stand for their elements."""
    from sharedsl.analysis.loops import elements

    for arg in args:
        if arg.name and final:
            raise flow.error("unknown-argument", f"`{name}` takes no named arguments", arg.span)
        if arg.name:
            return NotImplemented
    values = [elements(arg.value) if isinstance(arg.value, (Ref, *RUNTIME)) else arg.value for arg in args]
    values = [arg.value if each is None else each for each, arg in zip(values, args, strict=True)]
    try:
        return FUNCTIONS[name](flow.shop.trace, *values)
    except Failure as problem:
        if not final:
            return NotImplemented
        raise flow.error("bad-value", str(problem), expr.span) from None
    except TypeError:
        if not final:
            return NotImplemented
        raise flow.error("wrong-count", f"`{name}` does not take {len(args)} values", expr.span) from None


def attribute(flow: Flow, expr: ast.Attribute) -> V:
    """`w.T` of a value, `layer.encode` of a layer."""
    from sharedsl.analysis.call_targets import method

    found = expressions.value(flow, expr.value)
    if isinstance(found, Ref):
        return method(flow, found, expr.name, expr.name_span)
    if isinstance(found, RUNTIME) and expr.name == "T":
        return _transposed(flow, found, expr)
    message = f"{described(found)} has no `.{expr.name}`"
    raise flow.error("unknown-name", message, expr.name_span)


def _transposed(flow: Flow, found: V, expr: ast.Attribute) -> V:
    """`.T` swaps the two axes of a matrix; of a weight with several axes a side, the sides."""
    rank = len(found.type.dims) if isinstance(found.type, d.Tensor) else 0
    first = 1
    if isinstance(found, d.Weight) and flow.draft is not None:
        sides = [axis.side for axis in flow.draft.unit.weights[found.name].axes]
        first = sides.count("out") if "in" in sides else 1
    elif rank != 2:
        help = 'name the axes: `permute(x, "b t h -> b h t")`'
        raise flow.error("shape", f"`.T` is of a matrix, and this is {described(found)}", expr.span, help=help)
    names = [f"a{at}" for at in range(rank)]
    text = f"{' '.join(names)} -> {' '.join(names[first:] + names[:first])}"
    args = [Argument(None, found, expr.value.span), Argument(None, text, expr.span)]
    return operations.apply(flow, "permute", args, expr.span)
