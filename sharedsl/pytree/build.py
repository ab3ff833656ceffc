"""Short ways to build nodes, and the numbers of the model as expressions."""

from __future__ import annotations

from sharedsl.model.sizes import Arith
from sharedsl.pytree.expression_nodes import (
    Attr,
    Binary,
    Call,
    Compare,
    Const,
    Expr,
    Index,
    ListExpr,
    Name,
    Ternary,
    TupleExpr,
    Unary,
)


def name(dotted: str) -> Expr:
    """`name("nn.Linear")` is the attribute `Linear` of `nn`."""
    first, *rest = dotted.split(".")
    expr: Expr = Name(first)
    for part in rest:
        expr = Attr(expr, part)
    return expr


def call(func: str | Expr, *args: Expr, **kwargs: Expr | None) -> Call:
    """A call; keywords whose value is None are left out."""
    target = name(func) if isinstance(func, str) else func
    return Call(target, args, tuple((key, value) for key, value in kwargs.items() if value is not None))


def method(value: Expr, attribute: str, *args: Expr, **kwargs: Expr | None) -> Call:
    """`value.attribute(*args, **kwargs)`."""
    return call(Attr(value, attribute), *args, **kwargs)


def tuple_of(*items: Expr) -> TupleExpr:
    return TupleExpr(items)


def item(value: Expr, at: int | Expr) -> Index:
    return Index(value, integer(at) if isinstance(at, int) else at)


def integer(value: int) -> Expr:
    return Unary("-", Const(-value)) if value < 0 else Const(value)


def number(value: int | float) -> Expr:
    return Unary("-", Const(-value)) if value < 0 else Const(value)


_CALLS = {
    "sqrt": "math.sqrt",
    "exp": "math.exp",
    "log": "math.log",
    "ceil": "math.ceil",
    "floor": "math.floor",
    "round": "round",
    "abs": "abs",
    "min": "min",
    "max": "max",
}
_COMPARE = frozenset(("==", "!=", "<", "<=", ">", ">="))


def arith(code: Arith) -> Expr:
    """A number's code as an expression: `4 * dim`, `dim**-0.5`, `math.sqrt(2 * depth)`. Names may be dotted."""
    match code.op:
        case "name":
            return name(str(code.args[0]))
        case "num":
            return Const(code.args[0])
        case "str":
            return Const(str(code.args[0]))
        case "none":
            return Const(None)
        case "neg":
            return Unary("-", arith(_sub(code, 0)))
        case "not":
            return Unary("not", arith(_sub(code, 0)))
        case "list":
            return ListExpr(tuple(arith(_sub(code, at)) for at in range(len(code.args))))
        case "tuple":
            return TupleExpr(tuple(arith(_sub(code, at)) for at in range(len(code.args))))
        case "index":
            return Index(arith(_sub(code, 0)), arith(_sub(code, 1)))
        case "if":
            return Ternary(arith(_sub(code, 0)), arith(_sub(code, 1)), arith(_sub(code, 2)))
        case op if op in _CALLS:
            return call(_CALLS[op], *_flat_args(code))
        case op if op in _COMPARE:
            return Compare(arith(_sub(code, 0)), op, arith(_sub(code, 1)))
        case op:
            return Binary(op, arith(_sub(code, 0)), arith(_sub(code, 1)))


def _sub(code: Arith, at: int) -> Arith:
    part = code.args[at]
    assert isinstance(part, Arith)
    return part


def _flat_args(code: Arith) -> list[Expr]:
    """`min(min(a, b), c)` is `min(a, b, c)`."""
    found: list[Expr] = []
    for part in code.args:
        assert isinstance(part, Arith)
        if code.op in ("min", "max") and part.op == code.op:
            found += _flat_args(part)
        else:
            found.append(arith(part))
    return found
