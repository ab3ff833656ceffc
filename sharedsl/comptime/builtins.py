"""The functions of compile-time expressions: len, range, sum, min, max, index, zip, enumerate, sqrt, .."""

from __future__ import annotations

import math
from collections.abc import Callable

from sharedsl.comptime.values import Failure, Trace, checked, compare, integer, kind_of
from sharedsl.model import sizes
from sharedsl.model.sizes import Arith, Real, Size, Value

LIMIT = 200_000


def _list(value: Value, what: str) -> tuple[Value, ...]:
    if isinstance(value, tuple):
        return value
    raise Failure(f"{what} wants a list, not {kind_of(value)}")


def _len(trace: Trace, items: Value) -> Value:
    count = len(_list(items, "`len`"))
    return sizes.size(count)


def _range(trace: Trace, *args: Value) -> Value:
    bounds = [trace.fixed(integer(arg, "a bound of `range`")) for arg in args]
    if not 1 <= len(bounds) <= 3:
        raise Failure("`range` takes one to three numbers")
    if len(bounds) == 3 and bounds[2] == 0:
        raise Failure("the step of `range` is zero")
    numbers = range(*bounds)
    if len(numbers) > LIMIT:
        raise Failure(f"this range has {len(numbers):,} numbers; the limit is {LIMIT:,}")
    return tuple(sizes.size(number) for number in numbers)


def _reduce(op: str) -> Callable[..., Value]:
    def run(trace: Trace, *args: Value) -> Value:
        items = _list(args[0], f"`{op}`") if len(args) == 1 else args
        if not items:
            raise Failure(f"`{op}` of nothing")
        result = items[0]
        for item in items[1:]:
            if isinstance(result, Size) and isinstance(item, Size):
                result = checked(sizes.combine(op, result, item))
            elif isinstance(result, Size | Real) and isinstance(item, Size | Real):
                result = sizes.real(op, result, item)
            else:
                raise Failure(f"`{op}` wants numbers")
        return result

    return run


def _sum(trace: Trace, items: Value) -> Value:
    return _reduce("+")(trace, (sizes.size(0), *_list(items, "`sum`")))


def _index(trace: Trace, items: Value, wanted: Value) -> Value:
    for at, item in enumerate(_list(items, "`index`")):
        if compare("==", item, wanted, trace):
            return sizes.size(at)
    raise Failure("`index` does not find that value in the list")


def _zip(trace: Trace, *lists: Value) -> Value:
    rows = [_list(each, "`zip`") for each in lists]
    if len({len(row) for row in rows}) > 1:
        raise Failure("`zip` wants lists of one length")
    return tuple(zip(*rows, strict=True))


def _enumerate(trace: Trace, items: Value) -> Value:
    return tuple((sizes.size(at), item) for at, item in enumerate(_list(items, "`enumerate`")))


def _reversed(trace: Trace, items: Value) -> Value:
    return tuple(reversed(_list(items, "`reversed`")))


def _sorted(trace: Trace, items: Value) -> Value:
    numbers = [integer(item, "an item of `sorted`") for item in _list(items, "`sorted`")]
    return tuple(sizes.size(n) for n in sorted(trace.fixed(number) for number in numbers))


def _real(op: str) -> Callable[..., Value]:
    def run(trace: Trace, number: Value) -> Value:
        if not isinstance(number, Size | Real) or number.value is None:
            raise Failure(f"`{op}` wants a number, not {kind_of(number)}")
        try:
            return sizes.real(op, number)
        except (ValueError, OverflowError):
            raise Failure(f"`{op}` of {number.value} has no value") from None

    return run


def _rounded(op: str, function: Callable[[float], int]) -> Callable[..., Value]:
    def run(trace: Trace, number: Value) -> Value:
        if isinstance(number, Size):
            return number
        if not isinstance(number, Real):
            raise Failure(f"`{op}` wants a number, not {kind_of(number)}")
        value = function(number.value)
        return checked(Size(value, sizes.size(value).formula, Arith(op, (number.code,))))

    return run


def _abs(trace: Trace, number: Value) -> Value:
    if isinstance(number, Size) and number.value is not None:
        return sizes.combine("max", number, sizes.combine("-", sizes.size(0), number))
    if isinstance(number, Real):
        return Real(abs(number.value), Arith("abs", (number.code,)))
    raise Failure(f"`abs` wants a number, not {kind_of(number)}")


FUNCTIONS: dict[str, Callable[..., Value]] = {
    "len": _len,
    "range": _range,
    "sum": _sum,
    "min": _reduce("min"),
    "max": _reduce("max"),
    "index": _index,
    "zip": _zip,
    "enumerate": _enumerate,
    "reversed": _reversed,
    "sorted": _sorted,
    "sqrt": _real("sqrt"),
    "exp": _real("exp"),
    "log": _real("log"),
    "ceil": _rounded("ceil", math.ceil),
    "floor": _rounded("floor", math.floor),
    "round": _rounded("round", round),
    "abs": _abs,
}
