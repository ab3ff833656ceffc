"""The unknowns of private parts, and the expression of a weight that has them: scale * base + parts.

lora: B A with B [outs.., r] starting at zeros and A [r, ins..] as torch fills a Linear; the rank is at most that of the
weight, and `alpha` multiplies the product by alpha / r. Gated ones (VeRA, Tied-LoRA) are diag(outer) B diag(inner) A.
dora: the same added to the base, each output then as long as `magnitude` says. diagonal: a vector on the diagonal of a
square weight, starting at zeros. scale: one number for each output, starting at ones.
"""

from __future__ import annotations

from collections.abc import Sequence

from sharedsl.model import sizes
from sharedsl.model import weights as w
from sharedsl.model.sites import Axis, Init
from sharedsl.model.sizes import Arith, Size, literal
from sharedsl.record import replace
from sharedsl.sharing.along import smaller
from sharedsl.sharing.expressions import permuted, reshaped, scaled
from sharedsl.sharing.facts import Facts
from sharedsl.sharing.initialisers import number, start
from sharedsl.sharing.variables import PartSpec, Private, Var
from sharedsl.sharing.world import World

#: kinds that add a product of two factors
LOW_RANK = ("lora", "dora", "vera")


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
        make(private, world.vars[private.sites[0]], axes, world)


def make(private: Private, like: Var, axes: tuple[Axis, ...], world: World) -> None:
    """The unknowns of the parts of one weight or storage `like`, which has these axes."""
    axes = sided(axes)
    for part in private.parts:
        _make(private, like, part, axes, world)
    for var in private.vars.values():
        var.frozen, var.no_decay = False, False
        var.because = {id(private.line): private.line}


def sided(axes: tuple[Axis, ...]) -> tuple[Axis, ...]:
    """A table without inputs has its rows as outputs, as factors have it."""
    if any(axis.side == "in" for axis in axes):
        return axes
    return (axes[0], *(replace(axis, side="in") for axis in axes[1:]))


def _make(private: Private, like: Var, part: PartSpec, axes: tuple[Axis, ...], world: World) -> None:
    outs = tuple(Axis(axis.size, axis.name, "out") for axis in axes if axis.side == "out")
    ins = tuple(Axis(axis.size, axis.name, "in") for axis in axes if axis.side == "in")
    made = private.vars
    if part.kind in LOW_RANK:
        key = ("lora", id(axes), id(part))
        known = world.made.get(key)
        if known is None:
            rank = Axis(rank_of(part, outs, ins, world), "rank", "out")
            down, up = (rank, *ins), (*outs, replace(rank, side="in"))
            # the keys are identities, so what they are of is kept
            known = world.made[key] = (down, up, (rank,), outs, *_starts(part), axes, part)
        down, up, inner, outer, a, b = known[:6]  # type: ignore[assignment]
        made["lora_a"] = world.new(like, "lora_a", down, "lora", a)  # type: ignore[arg-type]
        made["lora_b"] = world.new(like, "lora_b", up, "lora", b)  # type: ignore[arg-type]
        if part.gated or part.kind == "vera":
            opened = number(0.1) if part.kind == "vera" else sizes.size(1)
            constant = start("constant", value=opened)
            made["lora_inner"] = world.new(like, "lora_inner", inner, "scale", constant)  # type: ignore[arg-type]
            shut = "zeros" if part.kind == "vera" else "ones"
            made["lora_outer"] = world.new(like, "lora_outer", outer, "scale", start(shut))  # type: ignore[arg-type]
        if part.kind == "dora":
            across = {str(at): sizes.size(at) for at, axis in enumerate(axes) if axis.side == "in"}
            made["magnitude"] = world.new(like, "magnitude", outs, "scale", start("lengths", **across))
    elif part.kind == "diagonal":
        size = sizes.product([axis.size for axis in outs])
        made["diagonal"] = world.new(like, "diagonal", (Axis(size, "diagonal"),), "diagonal", start("zeros"))
    else:
        scaled_axes = ins if part.inputs else outs
        made["scale"] = world.new(like, "scale", scaled_axes, "scale", start("ones"))


def _starts(part: PartSpec) -> tuple[Init, Init]:
    """How the factors start: the weight starts as its base (Hu et al. 2022). VeRA has its zeros beside the factors."""
    if part.seed is None:
        return start("kaiming_uniform"), start("zeros")
    seeds = (part.seed, sizes.combine("+", part.seed, sizes.size(1)))
    a, b = [start("kaiming_uniform", a=sizes.size(0), seed=seed) for seed in seeds]
    return a, b


def limit_of(axes: tuple[Axis, ...]) -> int:
    """The rank that a weight has at most."""
    found = {"out": 1, "in": 1}
    for axis in sided(axes):
        found[axis.side] *= axis.size.value or 0
    return min(found.values())


def rank_of(part: PartSpec, outs: tuple[Axis, ...], ins: tuple[Axis, ...], world: World) -> Size:
    """The rank asked for, or the largest that the weight can have."""
    assert part.rank is not None
    rank = part.rank
    if part.kind == "vera":
        return rank
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
    sides = [axis.side for axis in sided(private.base.axes)]
    expr = base
    if "scale" in read:
        side = "in" if any(part.inputs for part in private.parts) else "out"
        expr = w.Multiply(_along(read["scale"], sides, side, base.shape), expr, base.shape)
    parts = [expr]
    for part in private.parts:
        if part.kind in LOW_RANK:
            parts.append(_alpha(_in_order(_product(read), sides), part, private.vars["lora_a"]))
        elif part.kind == "diagonal":
            size = read["diagonal"].shape[0]
            wide = tuple(
                n for which in ("out", "in") for n, side in zip(base.shape, sides, strict=True) if side == which
            )
            parts.append(_in_order(reshaped(w.Diagonal(read["diagonal"], (size, size)), wide), sides))
    if len(parts) > 1:
        expr = w.Add(tuple(parts), base.shape)
    if "magnitude" in read:
        unit = w.Normalize(expr, tuple(at for at, side in enumerate(sides) if side == "in"), expr.shape)
        expr = w.Multiply(_along(read["magnitude"], sides, "out", expr.shape), unit, expr.shape)
    if reduced is not None:
        expr = w.Repeat(expr, reduced[0], reduced[1], full)
    return expr


def _product(read: dict[str, w.Expr]) -> w.Expr:
    """B A, each row of either times a number of its own where the factors are gated."""
    down, up = read["lora_a"], read["lora_b"]
    if "lora_inner" in read:
        rows = ["out", *["in"] * (len(down.shape) - 1)]
        down = w.Multiply(_along(read["lora_inner"], rows, "out", down.shape), down, down.shape)
        rows = [*["out"] * (len(up.shape) - 1), "in"]
        up = w.Multiply(_along(read["lora_outer"], rows, "out", up.shape), up, up.shape)
    return w.MatMul(up, down, (*up.shape[:-1], *down.shape[1:]))


def _along(vector: w.Expr, sides: Sequence[str], which: str, shape: w.Shape) -> w.Expr:
    """A vector over the axes of one side, with axes of length 1 for the others."""
    return reshaped(vector, tuple(n if side == which else 1 for n, side in zip(shape, sides, strict=True)))


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
    code = Arith("/", (part.alpha.code, rank.code))
    return scaled(product, factor, code if code.names() else literal(factor))


def _small(base: w.Expr, axis: int, times: int) -> w.Expr:
    """The small tensor behind a base that is stored small."""
    if isinstance(base, w.Repeat) and (base.axis, base.times) == (axis, times):
        return base.of
    shape = (*base.shape[:axis], base.shape[axis] // times, *base.shape[axis + 1 :])
    return w.Slice(base, axis, 0, base.shape[axis], times, shape)
