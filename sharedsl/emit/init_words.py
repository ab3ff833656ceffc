"""The numbers of initialisers in the words of the code at hand: `std=0.02 / math.sqrt(2 * depth)`, not `std=0.0051`.

They come in the model's words (`emit/scopes.py` says them in a block's).
"""

from __future__ import annotations

from sharedsl import pytree as py
from sharedsl.emit.terms import constant, literal_of
from sharedsl.model.sizes import Arith, Real, Size, Value

#: shorter numbers are as good as what they are computed from
LONG = 10


def shown(number: Real) -> py.Expr:
    """A number without names: as it is written where that says more, `6**-0.5`."""
    if constant(number.code) and number.code.op != "num":
        code = py.arith(number.code)
        if len(py.one_line(code)) <= LONG < len(repr(number.value)):
            return code
    return py.number(number.value)


def code_of(value: Value) -> Arith:
    """A value as code; a list of them as a list."""
    if isinstance(value, tuple):
        return Arith("list", tuple(code_of(each) for each in value))
    return value.code if isinstance(value, Size | Real) else literal_of(value)
