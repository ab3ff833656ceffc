"""Arithmetic, comparison and logic, element by element with numpy's broadcasting, and the matrix product."""

from __future__ import annotations

from sharedsl import pytree as py
from sharedsl.model.dataflow import Many, Tensor, Type
from sharedsl.model.sizes import Size, combine, product, size
from sharedsl.ops.base import (
    Args,
    Call,
    Operation,
    OpParam,
    Settings,
    ShapeError,
    broadcast,
    kind_of,
    listed,
    tensor,
)

TWO = (OpParam("a"), OpParam("b"))
ONE = (OpParam("x"),)


def _sides(args: Args) -> list[Tensor]:
    return [tensor(args, 0, "the left side"), tensor(args, 1, "the right side")]


def _arithmetic(args: Args, settings: Settings) -> Type:
    sides = _sides(args)
    kind = kind_of(sides)
    return Tensor("int" if kind == "bool" else kind, broadcast(sides))


def _plus(args: Args, settings: Settings) -> Type:
    """Lists are joined."""
    if len(args) == 2 and isinstance(args[0], Many) and isinstance(args[1], Many):
        return Many(args[0].items + args[1].items)
    return _arithmetic(args, settings)


def _divided(args: Args, settings: Settings) -> Type:
    return Tensor("float", broadcast(_sides(args)))


def _compared(args: Args, settings: Settings) -> Type:
    return Tensor("bool", broadcast(_sides(args)))


def _logical(args: Args, settings: Settings) -> Type:
    sides = _sides(args)
    for at, side in enumerate(sides):
        if side.dtype != "bool":
            raise ShapeError(f"`and` and `or` want bool, and this is {side}", at)
    return Tensor("bool", broadcast(sides))


def _binary(sign: str) -> object:
    def emit(call: Call) -> py.Expr:
        return py.Binary(sign, call.code(0), call.code(1))

    return emit


def _comparison(sign: str) -> object:
    def emit(call: Call) -> py.Expr:
        return py.Compare(call.code(0), sign, call.code(1))

    return emit


def _power(call: Call) -> py.Expr:
    return py.Binary("**", call.code(0), call.code(1))


def _same(args: Args, settings: Settings) -> Type:
    x = tensor(args, 0, "`x`")
    return Tensor("int" if x.dtype == "bool" else x.dtype, x.dims)


def _not(args: Args, settings: Settings) -> Type:
    x = tensor(args, 0, "`x`")
    if x.dtype != "bool":
        raise ShapeError(f"`not` wants bool, and this is {x}", 0)
    return x


# ---------------------------------------------------------------------------- the matrix product


def _matmul(args: Args, settings: Settings) -> Type:
    a, b = _sides(args)
    if not a.dims or not b.dims:
        raise ShapeError(
            "`@` wants tensors of one axis or more; numbers are multiplied with `*`", 0 if not a.dims else 1
        )
    inner = b.dims[-2] if len(b.dims) > 1 else b.dims[0]
    if not a.dims[-1].same(inner):
        raise ShapeError(f"`@` contracts the last axis of {a}, {a.dims[-1]}, with {inner} of {b}", 1)
    rows = a.dims[-2:-1]
    columns = b.dims[-1:] if len(b.dims) > 1 else ()
    batch = [Tensor("float", each.dims[:-2]) for each in (a, b)]
    return Tensor(kind_of([a, b]), broadcast(batch) + rows + columns)


def _matmul_cost(args: Args, settings: Settings, result: Type) -> Size:
    """Products with a vector are not counted, as torch does not count them."""
    a, b = args
    if not (isinstance(a, Tensor) and isinstance(b, Tensor) and isinstance(result, Tensor)):
        return size(0)
    if len(a.dims) < 2 or len(b.dims) < 2:
        return size(0)
    return combine("*", size(2), combine("*", product(result.dims), a.dims[-1]))


# ---------------------------------------------------------------------------- the least and the greatest


def extreme_result(args: Args) -> Tensor:
    """`max(a, b, ..)`, element by element."""
    types = list(listed(args))
    return Tensor(kind_of(types), broadcast(types))


def extreme_code(call: Call, word: str) -> py.Expr:
    """A number and a tensor: `x.clamp(min=0)`. Two tensors: `torch.maximum(a, b)`. Numbers: `max(a, b)`."""
    limit = "min" if word == "max" else "max"
    types = listed(call.types)
    listed_ = len(call.codes) == 1 and len(types) > 1
    items: list[py.Expr] = [py.item(call.code(0), at) if listed_ else call.code(at) for at in range(len(types))]
    if not any(each.dims for each in types):
        return py.call(word, *items)
    order = sorted(range(len(types)), key=lambda at: not types[at].dims)
    result = items[order[0]]
    for at in order[1:]:
        if types[at].dims:
            call.cx.use("torch")
            result = py.call("torch.maximum" if word == "max" else "torch.minimum", result, items[at])
        else:
            result = py.method(result, "clamp", **{limit: items[at]})
    return result


# ---------------------------------------------------------------------------- the table


def _operation(name: str, sign: str, doc: str, rule: object, emit: object | None = None) -> Operation:
    return Operation(name, TWO, doc, rule, emit or _binary(sign))  # type: ignore[arg-type]


ARITHMETIC = (
    _operation("add", "+", "`a + b`; lists are joined.", _plus),
    _operation("sub", "-", "`a - b`", _arithmetic),
    _operation("mul", "*", "`a * b`", _arithmetic),
    _operation("div", "/", "`a / b`, always a float.", _divided),
    _operation("floordiv", "//", "`a // b`, rounded down.", _arithmetic),
    _operation("mod", "%", "`a % b`, with the sign of b.", _arithmetic),
    _operation("pow", "**", "`a ** b`", _arithmetic, _power),
    Operation(
        "matmul",
        TWO,
        "`a @ b`: the matrix product, over the last axis of a and the one before the last of b; earlier axes are "
        "batches and are broadcast.",
        _matmul,
        _binary("@"),  # type: ignore[arg-type]
        _matmul_cost,
    ),
    Operation("neg", ONE, "`-x`", _same, lambda call: py.Unary("-", call.code(0))),
    _operation("eq", "==", "`a == b`, element by element.", _compared, _comparison("==")),
    _operation("ne", "!=", "`a != b`, element by element.", _compared, _comparison("!=")),
    _operation("lt", "<", "`a < b`, element by element.", _compared, _comparison("<")),
    _operation("le", "<=", "`a <= b`, element by element.", _compared, _comparison("<=")),
    _operation("gt", ">", "`a > b`, element by element.", _compared, _comparison(">")),
    _operation("ge", ">=", "`a >= b`, element by element.", _compared, _comparison(">=")),
    _operation("and", "&", "`a and b`, element by element.", _logical),
    _operation("or", "|", "`a or b`, element by element.", _logical),
    Operation("not", ONE, "`not x`, element by element.", _not, lambda call: py.Unary("~", call.code(0))),
)
