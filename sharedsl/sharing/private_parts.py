"""The unknowns of private parts, and the expression of a weight that has them: scale * base + parts.

lora: B A with B [outs.., r] starting at zeros and A [r, ins..] ~ N(0, 1/d_in); the rank is at most that of the
weight, and `alpha` multiplies the product by alpha / r. diagonal: a vector on the diagonal of a square weight, starting
at zeros. scale: one number for each output, starting at ones.
"""

from __future__ import annotations

from collections.abc import Sequence

from sharedsl.model import sizes
from sharedsl.model import weights as w
from sharedsl.model.sites import Axis
from sharedsl.model.sizes import Arith, Size
from sharedsl.sharing.along import smaller
from sharedsl.sharing.expressions import permuted, reshaped, scaled
from sharedsl.sharing.facts import Facts, PartSpec, Private
from sharedsl.sharing.initialisers import normal, power, start
from sharedsl.sharing.variables import Var
from sharedsl.sharing.world import World


def make_parts(facts: Facts, small: dict[int, tuple[int, int]], world: World) -> None:
    """Make the unknowns of every private part, once it is known which weights are stored small."""
    for private in dict.fromkeys(facts.private.values()):
        if private.vars:
            continue
        axes = private.base.axes
        reduced = small.get(private.sites[0])
        if reduced is not None:
            at, times = reduced
            axes = smaller(axes, at, sizes.combine("//", axes[at].size, sizes.size(times)))
            if times == private.base.shape[at]:
                axes = smaller(axes, at, sizes.size(1))
        for part in private.parts:
            _make(private, part, axes, world)


def _make(private: Private, part: PartSpec, axes: tuple[Axis, ...], world: World) -> None:
    like = world.vars[private.sites[0]]
    outs = tuple(Axis(axis.size, axis.name, "out") for axis in axes if axis.side == "out")
    ins = tuple(Axis(axis.size, axis.name, "in") for axis in axes if axis.side == "in")
    if part.kind == "lora":
        key = ("lora", id(axes), id(part))
        known = world.made.get(key)
        if known is None:
            rank = rank_of(part, outs, ins, world)
            inputs = sizes.product([axis.size for axis in ins])
            down, up = (Axis(rank, "rank", "out"), *ins), (*outs, Axis(rank, "rank", "in"))
            # the keys are identities, so what they are of is kept
            known = world.made[key] = (down, up, normal(power(inputs, -0.5)), axes, part)
        down, up, init = known[:3]  # type: ignore[assignment]
        private.vars["lora_a"] = world.new(like, "lora_a", down, "lora", init)  # type: ignore[arg-type]
        private.vars["lora_b"] = world.new(like, "lora_b", up, "lora", start("zeros"))
    elif part.kind == "diagonal":
        size = sizes.product([axis.size for axis in outs])
        private.vars["diagonal"] = world.new(like, "diagonal", (Axis(size, "diagonal"),), "diagonal", start("zeros"))
    else:
        private.vars["scale"] = world.new(like, "scale", outs, "scale", start("ones"))
    for var in private.vars.values():
        var.frozen = False
        var.because = {id(private.line): private.line}


def rank_of(part: PartSpec, outs: tuple[Axis, ...], ins: tuple[Axis, ...], world: World) -> Size:
    """The rank asked for, or the largest that the weight can have."""
    assert part.rank is not None
    rank = part.rank
    for side in (outs, ins):
        limit = sizes.product([axis.size for axis in side])
        above = (rank.value or 0) > (limit.value or 0)
        world.ctx.trace.decided(rank, ">", limit, above)
        if above:
            rank = limit
    return rank


def expression(private: Private, base: w.Expr, read: dict[str, w.Expr], reduced: tuple[int, int] | None) -> w.Expr:
    """What the weight reads, from the expressions of its base and parts."""
    full = base.shape
    if reduced is not None:
        base = _small(base, *reduced)
    sides = [axis.side for axis in private.base.axes]
    expr = base
    if "scale" in read:
        column = reshaped(
            read["scale"], tuple(n if side == "out" else 1 for n, side in zip(base.shape, sides, strict=True))
        )
        expr = w.Multiply(column, expr, base.shape)
    parts = [expr]
    for part in private.parts:
        if part.kind == "lora":
            down, up = read["lora_a"], read["lora_b"]
            product = w.MatMul(up, down, (*up.shape[:-1], *down.shape[1:]))
            parts.append(_alpha(_in_order(product, sides), part, private.vars["lora_a"]))
        elif part.kind == "diagonal":
            size = read["diagonal"].shape[0]
            wide = tuple(
                n for which in ("out", "in") for n, side in zip(base.shape, sides, strict=True) if side == which
            )
            parts.append(_in_order(reshaped(w.Diagonal(read["diagonal"], (size, size)), wide), sides))
    if len(parts) > 1:
        expr = w.Add(tuple(parts), base.shape)
    if reduced is not None:
        expr = w.Repeat(expr, reduced[0], reduced[1], full)
    return expr


def _in_order(expr: w.Expr, sides: Sequence[str]) -> w.Expr:
    """From outputs before inputs to the weight's own order, which a transposed convolution turns round."""
    first = [at for at, side in enumerate(sides) if side == "out"]
    stands = first + [at for at, side in enumerate(sides) if side == "in"]
    return permuted(expr, tuple(stands.index(at) for at in range(len(sides))))


def _alpha(product: w.Expr, part: PartSpec, a: Var) -> w.Expr:
    if part.alpha is None:
        return product
    rank = a.axes[0].size
    factor = float(part.alpha.value or 0) / (rank.value or 1)
    return scaled(product, factor, Arith("/", (part.alpha.code, rank.code)))


def _small(base: w.Expr, axis: int, times: int) -> w.Expr:
    """The small tensor behind a base that is stored small."""
    if isinstance(base, w.Repeat) and (base.axis, base.times) == (axis, times):
        return base.of
    shape = (*base.shape[:axis], base.shape[axis] // times, *base.shape[axis + 1 :])
    return w.Slice(base, axis, 0, base.shape[axis], times, shape)
