"""The values known when a spec is compiled, and the arithmetic on them.

A decision taken on a size (a comparison, a list length, a loop bound) is written down as a guard: a formula is a closed
formula of the parameters as long as its guards hold.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from sharedsl.diagnostics import Fix
from sharedsl.model import sizes
from sharedsl.model.poly import Poly
from sharedsl.model.sizes import Arith, Named, Real, Size, Value
from sharedsl.record import dataclass, field

#: turns of comprehensions and loops in one build
MAX_TURNS = 20_000


@dataclass(frozen=True, slots=True)
class Guard:
    """`left op right` came out as `outcome` when the spec was compiled."""

    left: Poly
    op: str
    right: Poly
    outcome: bool


@dataclass(slots=True)
class Trace:
    """The guards met so far, in order, without repeats."""

    guards: dict[Guard, None] = field(default_factory=dict)
    #: turns that comprehensions and loops have taken, all together
    turns: int = 0

    def turn(self) -> None:
        """One turn of a compile-time loop: what would take minutes is refused."""
        self.turns += 1
        if self.turns > MAX_TURNS:
            raise Failure(f"the loops of one build may take {MAX_TURNS:,} turns together, and these take more")

    def fixed(self, size: Size) -> int:
        """The plain number behind a size that decides structure (a count, an index)."""
        if size.value is None:
            raise Failure(f"`{size}` is not known at compile time")
        if size.formula.constant is None:
            self.guards[Guard(size.formula, "==", sizes.size(size.value).formula, True)] = None
        return size.value

    def pinned(self) -> frozenset[str]:
        """The parameters whose very values the guards ask for."""
        asked = (guard for guard in self.guards if guard.op == "==" and guard.outcome)
        return frozenset().union(*(guard.left.names() | guard.right.names() for guard in asked))

    def decided(self, left: Size, op: str, right: Size, outcome: bool) -> bool:
        if left.formula.constant is None or right.formula.constant is None:
            self.guards[Guard(left.formula, op, right.formula, outcome)] = None
        return outcome


class Failure(Exception):
    """A compile-time expression has no value. The text is a message for the user; whoever evaluates reports it."""

    #: what would give it one
    fixes: tuple[Fix, ...] = ()


def kind_of(value: Value) -> str:
    """The word that messages use."""
    match value:
        case bool():
            return "bool"
        case None:
            return "none"
        case str():
            return "str"
        case tuple():
            return "list"
        case Size():
            return "int"
        case Real():
            return "float"
        case Named():
            return value.kind


def code_of(value: Value) -> Arith:
    """What emitted code prints for a value."""
    if isinstance(value, Size | Real):
        return value.code
    if isinstance(value, tuple):
        return Arith("list", tuple(code_of(item) for item in value))
    if isinstance(value, Named):
        return sizes.named(value.name)
    return sizes.literal(value)


def plain(value: Value) -> object:
    """The bare Python value: ints, floats, lists."""
    if isinstance(value, Size | Real):
        return value.value
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return value.name if isinstance(value, Named) else value


_MAX = 10**18
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def checked(result: Size) -> Size:
    if result.value is not None and abs(result.value) > _MAX:
        raise Failure("this number is larger than 10^18")
    return result


def arithmetic(op: str, left: Value, right: Value) -> Value:
    """`left op right` for + - * / // % **."""
    if isinstance(left, tuple) and isinstance(right, tuple) and op == "+":
        return left + right
    if isinstance(left, tuple) and isinstance(right, Size) and op == "*" and right.value is not None:
        if len(left) * max(right.value, 0) > 200_000:
            raise Failure("this list is longer than 200,000")
        return left * right.value
    if isinstance(left, bool) or isinstance(right, bool) or not (_number(left) and _number(right)):
        raise Failure(f"`{op}` does not work on {kind_of(left)} and {kind_of(right)}")
    assert isinstance(left, Size | Real) and isinstance(right, Size | Real)
    try:
        return _numbers(op, left, right)
    except ZeroDivisionError:
        raise Failure("this divides by zero") from None
    except (OverflowError, ValueError) as problem:
        raise Failure(f"this has no value: {problem}") from None


def _number(value: Value) -> bool:
    return isinstance(value, Size | Real)


def _numbers(op: str, left: Size | Real, right: Size | Real) -> Size | Real:
    whole = isinstance(left, Size) and isinstance(right, Size)
    if whole and op == "**":
        assert isinstance(left, Size) and isinstance(right, Size)
        if right.value is None or right.value < 0:
            return sizes.real(op, left, right)
        if left.value is not None and right.value * math.log10(max(abs(left.value), 2)) > 19:
            raise Failure("this number is larger than 10^18")
    if whole and op != "/":
        assert isinstance(left, Size) and isinstance(right, Size)
        return checked(sizes.combine(op, left, right))
    result = sizes.real(op, left, right)
    if isinstance(result.value, complex) or not math.isfinite(result.value):
        raise Failure("this number is not finite")
    return result


def compare(op: str, left: Value, right: Value, trace: Trace) -> bool:
    """`left op right` for == != < <= > >= in; sizes leave a guard."""
    if op == "in":
        if not isinstance(right, tuple):
            raise Failure(f"`in` wants a list on its right, not {kind_of(right)}")
        return any(compare("==", left, item, trace) for item in right)
    if isinstance(left, Size) and isinstance(right, Size):
        if op in ("==", "!="):
            return trace.decided(left, op, right, left.same(right) == (op == "=="))
        if left.value is None or right.value is None:
            raise Failure("run-time sizes can only be compared where the module runs")
        return trace.decided(left, op, right, _COMPARE[op](left.value, right.value))
    if op in ("==", "!="):
        if isinstance(left, tuple) and isinstance(right, tuple):
            same = len(left) == len(right) and all(compare("==", a, b, trace) for a, b in zip(left, right, strict=True))
        else:
            same = plain(left) == plain(right) and (left is None) == (right is None)
        return same == (op == "==")
    if isinstance(left, Size | Real) and isinstance(right, Size | Real):
        if left.value is None or right.value is None:
            raise Failure("run-time sizes can only be compared where the module runs")
        return _COMPARE[op](left.value, right.value)
    raise Failure(f"`{op}` does not compare {kind_of(left)} and {kind_of(right)}")


def truth(value: Value) -> bool:
    if isinstance(value, bool):
        return value
    raise Failure(f"a condition must be true or false, and this is {kind_of(value)}")


def integer(value: Value, what: str) -> Size:
    if isinstance(value, Size):
        return value
    raise Failure(f"{what} must be a whole number, and this is {kind_of(value)}")
