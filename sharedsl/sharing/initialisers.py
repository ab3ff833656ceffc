"""How storages start: factors so that their product starts like the weight that they stand for.

The product of two default layers starts too small (outputs of std 0.333 instead of 0.576). With v ~ N(0, 1/d_in) and
u ~ N(0, s^2 d_in / r) it has the standard deviation s of the weight; for torch's Linear default, s^2 = 1 / (3 d_in),
that is u ~ N(0, 1 / (3 r)).
"""

from __future__ import annotations

import math

from sharedsl.model import sizes
from sharedsl.model.sites import Axis, Init
from sharedsl.model.sizes import Real, Size, literal
from sharedsl.sharing.variables import Bank, Gathered, LowRank, Private, Product, Repeated, Var


def start(name: str, **args: Size | Real) -> Init:
    return Init(name, tuple(args.items()))


def number(value: float) -> Real:
    return Real(value, literal(value))


def normal(std: Size | Real) -> Init:
    return start("normal", std=std)


def power(size: Size, exponent: float) -> Real:
    return sizes.real("**", size, number(exponent))


def _fan(axes: tuple[Axis, ...], side: str) -> Size:
    return sizes.product([axis.size for axis in axes if axis.side == side])


def inputs_of(axes: tuple[Axis, ...]) -> Size:
    """The number of inputs; of a table without sides, all axes but the first."""
    if any(axis.side == "in" for axis in axes):
        return _fan(axes, "in")
    return sizes.product([axis.size for axis in axes[1:]])


def deviation(init: Init, axes: tuple[Axis, ...]) -> Size | Real | None:
    """The standard deviation that an initialiser gives a weight; None where it is not a random one."""
    args = dict(init.args)
    match init.name:
        case "normal" | "trunc_normal":
            return args.get("std", sizes.size(1))
        case "uniform":
            bound = args.get("bound", sizes.size(1))
            if "low" in args or "high" in args:
                span = sizes.real("-", args.get("high", sizes.size(1)), args.get("low", sizes.size(0)))
                return sizes.real("/", span, number(math.sqrt(12)))
            return sizes.real("/", bound, sizes.real("sqrt", sizes.size(3)))
        case "kaiming_uniform" | "kaiming_normal":
            return _kaiming(args.get("a"), inputs_of(axes))
        case "xavier_uniform" | "xavier_normal":
            both = sizes.combine("+", _fan(axes, "out"), inputs_of(axes))
            return sizes.real("*", args.get("gain", sizes.size(1)), power_of(sizes.real("/", sizes.size(2), both)))
        case "orthogonal":
            longer = sizes.combine("max", _fan(axes, "out"), inputs_of(axes))
            return sizes.real("*", args.get("gain", sizes.size(1)), power(longer, -0.5))
    return None


def power_of(value: Real) -> Real:
    return sizes.real("sqrt", value)


def _kaiming(a: Size | Real | None, inputs: Size) -> Real:
    """torch's default for layers has a = sqrt(5): a standard deviation of (3 d_in) ** -0.5."""
    if a is None or abs((a.value or 0) ** 2 - 5) < 1e-9:
        return power(sizes.combine("*", sizes.size(3), inputs), -0.5)
    gain = 2 / (1 + float(a.value or 0) ** 2)
    return sizes.real("*", number(math.sqrt(gain)), power(inputs, -0.5))


def default_kaiming(init: Init) -> bool:
    a = dict(init.args).get("a")
    return init.name == "kaiming_uniform" and (a is None or abs((a.value or 0) ** 2 - 5) < 1e-9)


#: initialisers of factors, and the weight's, by the identities of the weight's, its axes and those of its left factor
Known = dict[tuple[int, int, int], tuple[Init, Init, Init]]


def spread(var: Var, known: Known) -> None:
    """Hand the initialiser of a defined weight on to what defines it, so that it starts as it would have."""
    init = var.written[0] if var.written else var.init
    match var.definition:
        case Repeated(small=small):
            small.init, small.written = init, small.written or var.written
        case Private(base=base):
            base.init, base.written = init, base.written or var.written
        case LowRank(u=u, v=v):
            key = (id(init), id(var.axes), id(u.axes))
            if key not in known:
                known[key] = (*_factors(init, var, u), init)
            u.init, v.init, _ = known[key]
        case Gathered(source=source, begins=True):
            source.init = init
        case Product():
            _product(var.definition, init, deviation(init, var.axes))
        case Bank(mix=mix, bank=bank):
            mix.init = normal(power(mix.axes[0].size, -0.5))
            std = deviation(init, var.axes)
            bank.init = init if std is None else normal(std)


def _product(of: Product, init: Init, std: Size | Real | None) -> None:
    """Parts that are alike normal: each element is a sum over `summed` letters of products of one number a part."""
    parts = [part for name, part in of.parts.items() if name not in of.ones]
    terms = math.prod(of.length(letter) for letter in of.summed)
    wanted = sizes.real("*", std, std) if std is not None else number(1.0)
    each = normal(sizes.real("**", sizes.real("/", wanted, sizes.size(terms)), number(0.5 / len(parts))))
    for part in of.parts.values():
        part.init = each if part in parts else start("ones")
    if init.name == "zeros":
        parts[-1].init = init


def _factors(init: Init, var: Var, u: Var) -> tuple[Init, Init]:
    rank, inputs = u.axes[-1].size, _inputs(var, u)
    right = normal(power(inputs, -0.5))
    if default_kaiming(init):
        return normal(power(sizes.combine("*", sizes.size(3), rank), -0.5)), right
    std = deviation(init, var.axes)
    if std is None:
        return (start("zeros") if init.name == "zeros" else normal(power(rank, -0.5))), right
    ratio = sizes.real("sqrt", sizes.real("/", inputs, rank))
    return normal(sizes.real("*", std, ratio)), right


def _inputs(var: Var, u: Var) -> Size:
    return sizes.product([axis.size for axis in var.axes[len(u.axes) - 1 :]])
