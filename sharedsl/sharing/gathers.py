"""`gather(t, [i in rows, j in columns], INDEX)`: a weight whose elements are those of `t` that a formula names.

INDEX is whole-number arithmetic over the positions, one formula for each axis of `t`; `sign = ..` multiplies by -1, 0
or 1. `circulant`, `toeplitz`, `hankel` and `hashed` are short for gathers.
"""

from __future__ import annotations

from itertools import islice
from math import prod

from sharedsl.comptime import Scope, evaluate
from sharedsl.model.gathers import at, bounds, positions
from sharedsl.model.sites import Axis
from sharedsl.model.sizes import Arith, Size, literal, named
from sharedsl.record import dataclass
from sharedsl.sharing.views import View, ViewError
from sharedsl.source import Span
from sharedsl.syntax import ast

#: functions of formulas and how many numbers they take (None: two or more)
CALLS = {"min": 2, "max": 2, "abs": 1, "hash": None}
#: positions that are tried one by one where the interval of a formula does not settle its range
TRIED = 200_000
#: what the seed of the signs of `hashed` is further on
SIGNS = 1_000_003


@dataclass(frozen=True, slots=True)
class Request:
    """A gather as it is written: from which view, over which axes, by which formulas."""

    of: View
    names: tuple[str, ...]
    axes: tuple[Axis, ...]
    index: tuple[Arith, ...]
    sign: Arith | None

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(int(axis.size.value or 0) for axis in self.axes)


def request(
    of: View, over: ast.Expr, formulas: list[ast.Expr], sign: ast.Expr | None, scope: Scope, span: Span
) -> Request:
    """The gather of a call, its formulas checked to stay inside."""
    names, axes = _over(over, scope)
    index = tuple(formula(each, names, scope) for each in formulas)
    if len(index) != len(of.axes):
        what = f"{len(of.axes)} axes, and the gather has {len(index)} formula{'s' * (len(index) != 1)}"
        raise ViewError("shape", f"the weight has {what}", span, "write one formula for each axis of the weight")
    signs = None if sign is None else formula(sign, names, scope)
    made = Request(of, names, axes, index, signs)
    for number, (code, written) in enumerate(zip(index, formulas, strict=True)):
        size = scope.trace.fixed(of.axes[number].size)
        _inside(code, made, 0, size - 1, written.span, f"axis {number} of the weight has the positions 0 to {size - 1}")
    if signs is not None and sign is not None:
        _inside(signs, made, -1, 1, sign.span, "a sign is -1, 0 or 1")
    return made


def _over(expr: ast.Expr, scope: Scope) -> tuple[tuple[str, ...], tuple[Axis, ...]]:
    """`[i in rows, j in columns]`."""
    items = expr.items if isinstance(expr, ast.List | ast.Tuple) else (expr,)
    names: list[str] = []
    axes: list[Axis] = []
    for item in items:
        if not isinstance(item, ast.Binary) or item.op != "in" or not isinstance(item.left, ast.Name):
            help = "such as `gather(t, [i in rows, j in columns], (i - j) % rows)`"
            raise ViewError(
                "shape", "a gather says what its positions are called and how many there are", expr.span, help
            )
        if item.left.name in names:
            raise ViewError("shape", f"two axes of the gather are called `{item.left.name}`", item.left.span)
        size = evaluate(item.right, scope)
        if not isinstance(size, Size) or size.value is None or size.value < 1:
            raise ViewError("shape", "an axis of a gather has at least one position", item.right.span)
        scope.trace.fixed(size)
        names.append(item.left.name)
        axes.append(Axis(size))
    return tuple(names), tuple(axes)


def formula(expr: ast.Expr, names: tuple[str, ...], scope: Scope) -> Arith:
    """Whole-number arithmetic over the positions; what names none of them is a number by now."""
    if not _mentions(expr, names):
        if isinstance(expr, ast.Name) and expr.name not in scope.names:
            shown = ", ".join(f"`{name}`" for name in names)
            help = f"the positions are called {shown}; sizes of the model may be used too"
            raise ViewError("unknown-name", f"nothing here is called `{expr.name}`", expr.span, help)
        value = evaluate(expr, scope)
        if not isinstance(value, Size) or value.value is None:
            raise ViewError("shape", "a position is a whole number", expr.span)
        return literal(scope.trace.fixed(value))
    match expr:
        case ast.Name():
            return named(expr.name)
        case ast.Unary(op="-"):
            return Arith("neg", (formula(expr.operand, names, scope),))
        case ast.Binary(op="+" | "-" | "*" | "//" | "%"):
            right = formula(expr.right, names, scope)
            if expr.op in ("//", "%") and (right.op != "num" or int(right.args[0]) < 1):  # type: ignore[arg-type]
                raise ViewError(
                    "shape", f"`{expr.op}` in a formula of positions takes a number above 0", expr.right.span
                )
            return Arith(expr.op, (formula(expr.left, names, scope), right))
        case ast.Call(function=ast.Name(name=name)) if name in CALLS:
            wanted = CALLS[name]
            if any(arg.name for arg in expr.args) or len(expr.args) != (wanted or max(len(expr.args), 2)):
                raise ViewError("shape", f"`{name}` takes {wanted or 'a seed and'} numbers here", expr.span)
            return Arith(name, tuple(formula(arg.value, names, scope) for arg in expr.args))
    takes = "`+ - * // %`, `min`, `max`, `abs` and `hash(seed, ..)`"
    raise ViewError("shape", f"a formula of positions is whole-number arithmetic: {takes}", expr.span)


def _mentions(expr: ast.Expr, names: tuple[str, ...]) -> bool:
    match expr:
        case ast.Name():
            return expr.name in names
        case ast.Unary():
            return _mentions(expr.operand, names)
        case ast.Binary():
            return _mentions(expr.left, names) or _mentions(expr.right, names)
        case ast.Call():
            return any(_mentions(arg.value, names) for arg in expr.args)
        case ast.Index() | ast.Attribute():
            return _mentions(expr.value, names)
    return False


def _inside(code: Arith, made: Request, low: int, high: int, span: Span, rule: str) -> None:
    """Whether all values lie from `low` to `high`: by intervals, else position by position."""
    spans = {name: (0, length - 1) for name, length in zip(made.names, made.shape, strict=True)}
    found = bounds(code, spans)
    if found is not None and low <= found[0] and found[1] <= high:
        return
    for place in islice(positions(made.names, made.shape), TRIED):
        value = at(code, place)
        if not low <= value <= high:
            where = ", ".join(f"{name} = {number}" for name, number in place.items())
            raise ViewError("gather-outside", f"the formula gives {value} at {where}, and {rule}", span, WRAP)
    if prod(made.shape) > TRIED:
        message = f"the formula may give more than what is there: {rule}"
        raise ViewError("gather-outside", message, span, WRAP)


WRAP = "`% n` wraps round; `min` and `max` stop at the ends"


# ---------------------------------------------------------------------------- builders


def _name(text: str, span: Span) -> ast.Expr:
    return ast.Name(text, span=span)


def _number(value: int, span: Span) -> ast.Expr:
    return ast.Number(str(value), value, span=span)


def _binary(op: str, left: ast.Expr, right: ast.Expr) -> ast.Expr:
    return ast.Binary(op, left, right, span=left.span)


def over(rows: ast.Expr, columns: ast.Expr, span: Span) -> ast.Expr:
    """`[i in rows, j in columns]`."""
    pairs = zip(("i", "j"), (rows, columns), strict=True)
    return ast.List(tuple(_binary("in", _name(name, span), size) for name, size in pairs), span=span)


def circulant(length: int, span: Span) -> ast.Expr:
    """Each row is the one above moved on by one: element (i - j) mod n."""
    return _binary("%", _binary("-", _name("i", span), _name("j", span)), _number(length, span))


def toeplitz(columns: int, span: Span) -> ast.Expr:
    """The same number along each diagonal: element i - j + columns - 1 of rows + columns - 1."""
    return _binary("+", _binary("-", _name("i", span), _name("j", span)), _number(columns - 1, span))


def hankel(span: Span) -> ast.Expr:
    """The same number along each rising diagonal: element i + j."""
    return _binary("+", _name("i", span), _name("j", span))


def hashed(length: int, seed: int, span: Span) -> tuple[ast.Expr, ast.Expr]:
    """HashedNets: element h(i, j) mod n, and the sign of a second hash."""
    both = (ast.Arg(_name("i", span), span=span), ast.Arg(_name("j", span), span=span))
    first = ast.Call(_name("hash", span), (ast.Arg(_number(seed, span), span=span), *both), span=span)
    other = _number(seed + SIGNS, span)
    second = ast.Call(_name("hash", span), (ast.Arg(other, span=span), *both), span=span)
    sign = _binary("-", _binary("*", _binary("%", second, _number(2, span)), _number(2, span)), _number(1, span))
    return _binary("%", first, _number(length, span)), sign
