"""Reductions over axes, and the functions that normalise along one."""

from __future__ import annotations

from sharedsl import pytree as py
from sharedsl.model.dataflow import Setting, Tensor, Type
from sharedsl.model.sizes import size
from sharedsl.ops.arithmetic import extreme_code, extreme_result
from sharedsl.ops.base import (
    Args,
    Call,
    Operation,
    OpParam,
    Settings,
    ShapeError,
    axis_of,
    listed,
    number,
    place,
    real,
    tensor,
)

AXIS = OpParam("axis", "setting", False)
KEEP = OpParam("keep", "setting", False, False)
LAST = OpParam("axis", "setting", False, size(-1))


def _axes(setting: Setting, x: Tensor) -> tuple[int, ...]:
    """The axes to reduce; all of them where none is named."""
    if setting is None:
        return tuple(range(len(x.dims)))
    return tuple(axis_of(each, x) for each in (setting if isinstance(setting, tuple) else (setting,)))


def _reduced(x: Tensor, settings: Settings, dtype: str) -> Tensor:
    gone = _axes(settings["axis"], x)
    if settings["keep"]:
        return Tensor(dtype, tuple(size(1) if at in gone else dim for at, dim in enumerate(x.dims)))
    return Tensor(dtype, tuple(dim for at, dim in enumerate(x.dims) if at not in gone))


def _kind(name: str, x: Tensor) -> str:
    if name in ("any", "all"):
        return "bool"
    if name in ("argmax", "argmin"):
        return "int"
    if name in ("mean", "var", "logsumexp"):
        return "float"
    return "int" if x.dtype == "bool" else x.dtype


def _where(settings: Settings) -> dict[str, py.Expr | None]:
    axis, keep = settings["axis"], settings["keep"]
    if axis is None:
        return {}
    dim = py.TupleExpr(tuple(map(place, axis))) if isinstance(axis, tuple) else place(axis)
    return {"dim": dim, "keepdim": py.Const(True) if keep else None}


def _reduction(name: str, doc: str) -> Operation:
    one_axis = name in ("prod", "argmax", "argmin")

    def rule(args: Args, settings: Settings) -> Type:
        x = tensor(args, 0, "`x`")
        if name in ("any", "all") and x.dtype != "bool":
            raise ShapeError(f"`{name}` wants bool, and this is {x}", 0)
        if name in ("mean", "var", "logsumexp") and x.dtype != "float":
            raise ShapeError(f"`{name}` wants float, and this is {x}; `cast(x, float32)` makes it so", 0)
        if one_axis and isinstance(settings["axis"], tuple):
            raise ShapeError(f"`{name}` goes over one axis or all of them")
        if settings["keep"] and settings["axis"] is None:
            raise ShapeError("`keep` needs an `axis`")
        return _reduced(x, settings, _kind(name, x))

    def emit(call: Call) -> py.Expr:
        extra: dict[str, py.Expr | None] = {"unbiased": py.Const(False)} if name == "var" else {}
        where = _where(call.settings)
        if name == "logsumexp" and not where:
            where = {"dim": py.TupleExpr(tuple(py.Const(at) for at in range(len(call.type(0).dims))))}
        return py.method(call.code(0), name, **where, **extra)

    return Operation(name, (OpParam("x"), AXIS, KEEP), doc, rule, emit)


def _extreme(word: str, doc: str) -> Operation:
    """One tensor: along an axis or over everything. Several operands: element by element."""

    def single(args: Args) -> bool:
        return len(args) == 1 and len(listed(args)) == 1

    def rule(args: Args, settings: Settings) -> Type:
        if single(args):
            return _reduced(tensor(args, 0, "`x`"), settings, _kind(word, tensor(args, 0, "`x`")))
        if settings["axis"] is not None:
            raise ShapeError(f"`{word}` of several operands goes element by element and takes no `axis`")
        return extreme_result(args)

    def emit(call: Call) -> py.Expr:
        if not single(call.types):
            return extreme_code(call, word)
        where = _where(call.settings)
        return py.method(call.code(0), f"a{word}" if where else word, **where)

    return Operation(word, (OpParam("x", "tensors"), AXIS, KEEP), doc, rule, emit)


# ---------------------------------------------------------------------------- along one axis, shape kept


def _along(args: Args, settings: Settings) -> Type:
    x = tensor(args, 0, "`x`")
    axis_of(settings["axis"], x)
    return x


def _softmax_rule(args: Args, settings: Settings) -> Type:
    x = tensor(args, 0, "`x`")
    if x.dtype != "float":
        raise ShapeError(f"a softmax wants float, and this is {x}", 0)
    return _along(args, settings)


def _softmax(name: str, doc: str) -> Operation:
    def emit(call: Call) -> py.Expr:
        return py.method(call.code(0), name, dim=place(call.settings["axis"]))

    return Operation(name, (OpParam("x"), LAST), doc, _softmax_rule, emit)


def _normalize_code(call: Call) -> py.Expr:
    call.cx.use("F")
    axis = call.settings["axis"]
    eps = call.settings["eps"]
    usual = getattr(eps, "value", None) == 1e-12
    return py.call("F.normalize", call.code(0), dim=place(axis), eps=None if usual else number(eps))


def _cosine(args: Args, settings: Settings) -> Type:
    a, b = tensor(args, 0, "`a`"), tensor(args, 1, "`b`")
    both = extreme_result((a, b))
    at = axis_of(settings["axis"], both)
    return Tensor("float", both.dims[:at] + both.dims[at + 1 :])


def _cosine_code(call: Call) -> py.Expr:
    call.cx.use("F")
    return py.call("F.cosine_similarity", call.code(0), call.code(1), dim=place(call.settings["axis"]))


def _cumsum_code(call: Call) -> py.Expr:
    return py.method(call.code(0), "cumsum", dim=place(call.settings["axis"]))


EPS = OpParam("eps", "setting", False, real(1e-12))

REDUCTIONS = (
    _reduction("sum", "`sum(x, axis = none, keep = false)`: over one axis, a list of them, or all."),
    _reduction("mean", "`mean(x, axis = none, keep = false)`"),
    _reduction("var", "`var(x, axis = none, keep = false)`: the mean squared distance from the mean."),
    _reduction("prod", "`prod(x, axis = none, keep = false)`: the product."),
    _reduction("any", "`any(x, axis = none, keep = false)`: whether some entry is true."),
    _reduction("all", "`all(x, axis = none, keep = false)`: whether every entry is true."),
    _reduction("argmax", "`argmax(x, axis = none, keep = false)`: the place of the greatest entry."),
    _reduction("argmin", "`argmin(x, axis = none, keep = false)`: the place of the least entry."),
    _reduction("logsumexp", "`logsumexp(x, axis = none, keep = false)`: log of the sum of exponentials."),
    _extreme("max", "`max(x, axis = none, keep = false)` over axes, or `max(a, b, ..)` element by element."),
    _extreme("min", "`min(x, axis = none, keep = false)` over axes, or `min(a, b, ..)` element by element."),
    _softmax("softmax", "`softmax(x, axis = -1)`"),
    _softmax("log_softmax", "`log_softmax(x, axis = -1)`"),
    Operation("cumsum", (OpParam("x"), LAST), "`cumsum(x, axis = -1)`: sums so far.", _along, _cumsum_code),
    Operation(
        "normalize",
        (OpParam("x"), LAST, EPS),
        "`normalize(x, axis = -1, eps = 1e-12)`: divided by its Euclidean length.",
        _softmax_rule,
        _normalize_code,
    ),
    Operation(
        "cosine_similarity",
        (OpParam("a"), OpParam("b"), LAST),
        "`cosine_similarity(a, b, axis = -1)`: the cosine of the angle.",
        _cosine,
        _cosine_code,
    ),
)
