"""`factorize S [rank r] as tucker / cp / tt / kronecker / monarch / butterfly`: a weight contracted from small tensors.

The weight is a tensor with a mode for each of its axes, or, with `rows = [..]` and `columns = [..]`, one for each digit
of its row and of its column number. Rows may be padded: their digits then make more rows than there are.
"""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from math import prod

from sharedsl.model import weights as w
from sharedsl.model.sites import Axis
from sharedsl.model.sizes import size
from sharedsl.record import dataclass
from sharedsl.sharing.context import Line
from sharedsl.sharing.expressions import reshaped
from sharedsl.sharing.tensor_specs import Spec
from sharedsl.sharing.variables import Product, Var
from sharedsl.sharing.world import World

#: letters of the weight's own axes and digits, and of ranks
LETTERS = string.ascii_lowercase[:17] + string.ascii_uppercase[::-1]
RANKS = string.ascii_lowercase[17:] + string.ascii_uppercase


class Unfit(Exception):
    """A weight that the form does not fit; `code` and `help` are for the diagnostic."""

    def __init__(self, code: str, message: str, help: str = "") -> None:
        super().__init__(message)
        self.code, self.help = code, help


@dataclass(frozen=True, slots=True)
class Mode:
    """One axis or digit of the weight: its length and what its factor is called."""

    length: int
    name: str
    letter: str


@dataclass(frozen=True, slots=True)
class Draft:
    """The parts by name with their shapes, and how they are contracted."""

    shapes: Mapping[str, tuple[int, ...]]
    terms: tuple[str, ...]
    result: str
    inner: tuple[int, ...]
    #: the shapes in which the parts are contracted, where they are not their own
    views: tuple[tuple[int, ...], ...] = ()
    ones: frozenset[str] = frozenset()


def define(var: Var, spec: Spec, outs: int, line: Line, world: World) -> None:
    """Give the weight its parts; Unfit where it cannot have them."""
    for axis in var.axes:
        world.ctx.trace.fixed(axis.size)
    for each in spec.sizes():
        world.ctx.trace.fixed(each)
    draft = FORMS[spec.form](var, spec, outs)
    total = prod(draft.inner)
    rows, columns = prod(var.shape[:outs]), prod(var.shape[outs:])
    parts: dict[str, Var] = {}
    for number, (name, shape) in enumerate(draft.shapes.items()):
        axes = tuple(Axis(size(length), name=None) for length in shape)
        made = parts[name] = world.new(var, name, axes, "core", var.init, number)
        made.because = {**var.because, id(line): line}
        made.freeze = var.freeze
    views = draft.views or tuple(draft.shapes.values())
    matrix = (total // columns, columns) if total != rows * columns else (rows, columns)
    var.definition = Product(
        spec.form, parts, views, draft.terms, draft.result, draft.inner, matrix, line, draft.ones, spec.plain()
    )


def contracted(of: Product, parts: Sequence[w.Expr], shape: tuple[int, ...]) -> w.Expr:
    """The expression of the weight from those of its parts."""
    seen = tuple(reshaped(part, view) for part, view in zip(parts, of.views, strict=True))
    expr: w.Expr = w.Contract(seen, of.terms, of.result, of.inner)
    if prod(of.inner) != prod(shape):
        expr = reshaped(expr, of.matrix)
        rows = prod(shape) // of.matrix[1]
        expr = w.Slice(expr, 0, 0, rows, 1, (rows, of.matrix[1]))
    return reshaped(expr, shape)


# ---------------------------------------------------------------------------- the modes of a weight


def _modes(var: Var, spec: Spec, outs: int) -> list[Mode]:
    if not spec.rows and not spec.columns:
        names = [axis.name or f"axis{at}" for at, axis in enumerate(var.axes)]
        if len(set(names)) < len(names):
            names = [f"axis{at}" for at in range(len(names))]
        return [Mode(length, name, LETTERS[at]) for at, (length, name) in enumerate(zip(var.shape, names, strict=True))]
    rows, columns = _digits(var, spec, outs)
    named = [(length, f"rows{at}") for at, length in enumerate(rows)]
    named += [(length, f"columns{at}") for at, length in enumerate(columns)]
    return [Mode(length, name, LETTERS[at]) for at, (length, name) in enumerate(named)]


def _digits(var: Var, spec: Spec, outs: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The lengths of the digits of rows and of columns."""
    many = (prod(var.shape[:outs]), prod(var.shape[outs:]))
    rows = tuple(each.value or 0 for each in spec.rows) or (many[0],)
    columns = tuple(each.value or 0 for each in spec.columns) or (many[1],)
    if prod(columns) != many[1]:
        message = f"the digits {list(columns)} make {prod(columns):,} columns, and the weight has {many[1]:,}"
        raise Unfit("digits", message, "the product of `columns` is the number of inputs")
    if prod(rows) < many[0] or prod(rows) >= 2 * many[0]:
        message = f"the digits {list(rows)} make {prod(rows):,} rows, and the weight has {many[0]:,}"
        raise Unfit("digits", message, "the product of `rows` is the number of outputs; a few rows more are padding")
    return rows, columns


def _ranks(spec: Spec, count: int, what: str) -> list[int]:
    """One rank for all, or a list of `count`."""
    if not spec.ranks:
        raise Unfit("missing-argument", f"`as {spec.form}` needs its ranks: `factorize S rank 8 as {spec.form}`")
    if not spec.listed:
        return [spec.ranks[0].value or 0] * count
    if len(spec.ranks) != count:
        raise Unfit("digits", f"there are {len(spec.ranks)} ranks for {count} {what}", "write one rank for each")
    return [each.value or 0 for each in spec.ranks]


def _limit(rank: int, limit: int, where: str) -> None:
    if rank > limit:
        raise Unfit("rank-too-big", f"rank {rank} is more than {where} can have", f"it is at most {limit}")


# ---------------------------------------------------------------------------- the forms


def _tucker(var: Var, spec: Spec, outs: int) -> Draft:
    """A core, and a matrix for each mode that has a rank (Tucker 1966)."""
    modes = _modes(var, spec, outs)
    if spec.named:
        known = {mode.name for mode in modes}
        stray = [name for name, _ in spec.named if name not in known]
        if stray:
            raise Unfit("no-axis", f"the weight has no axis `{stray[0]}`", f"its axes are {', '.join(sorted(known))}")
        given = {name: each.value or 0 for name, each in spec.named}
        ranks = [given.get(mode.name) for mode in modes]
    else:
        ranks = [*_ranks(spec, len(modes), "axes")]
    core: list[int] = []
    term, terms = "", []
    shapes: dict[str, tuple[int, ...]] = {"core": ()}
    for at, (mode, rank) in enumerate(zip(modes, ranks, strict=True)):
        letter = mode.letter if rank is None else RANKS[at]
        core.append(mode.length if rank is None else rank)
        term += letter
        if rank is not None:
            _limit(rank, mode.length, f"`{mode.name}` of length {mode.length}")
            shapes[mode.name] = (mode.length, rank)
            terms.append(mode.letter + letter)
    shapes["core"] = tuple(core)
    return Draft(shapes, (term, *terms), _letters(modes), _lengths(modes))


def _cp(var: Var, spec: Spec, outs: int) -> Draft:
    """A sum of rank-one tensors, each with a weight (Hitchcock 1927; `weights` as tensorly has them)."""
    modes = _modes(var, spec, outs)
    rank = _ranks(spec, 1, "sum")[0]
    _limit(rank, prod(_lengths(modes)) // max(_lengths(modes)), "a tensor of this shape")
    letter = RANKS[0]
    shapes: dict[str, tuple[int, ...]] = {"weights": (rank,)}
    shapes |= {mode.name: (mode.length, rank) for mode in modes}
    terms = (letter, *(mode.letter + letter for mode in modes))
    return Draft(shapes, terms, _letters(modes), _lengths(modes), ones=frozenset(("weights",)))


def _tt(var: Var, spec: Spec, outs: int) -> Draft:
    """A tensor train (Oseledets 2011); of a matrix with digits of rows and columns, a core for each pair of digits."""
    modes = _modes(var, spec, outs)
    groups = [[mode] for mode in _ordered(modes, spec.order)]
    if spec.rows and spec.columns:
        if len(spec.rows) != len(spec.columns):
            message = f"{len(spec.rows)} digits of rows and {len(spec.columns)} of columns cannot be paired"
            raise Unfit("digits", message, "a core holds one digit of the rows and one of the columns")
        half = len(spec.rows)
        groups = [[row, column] for row, column in zip(modes[:half], modes[half:], strict=True)]
    ranks = _ranks(spec, len(groups) - 1, "places between cores")
    sizes = [prod(mode.length for mode in group) for group in groups]
    for at, rank in enumerate(ranks):
        _limit(rank, min(prod(sizes[: at + 1]), prod(sizes[at + 1 :])), f"the place between core {at} and {at + 1}")
    shapes: dict[str, tuple[int, ...]] = {}
    terms: list[str] = []
    for at, group in enumerate(groups):
        left, right = ranks[at - 1 : at] if at else [], ranks[at : at + 1]
        shapes[f"core{at}"] = (*left, *(mode.length for mode in group), *right)
        before = RANKS[at - 1] if left else ""
        terms.append(before + _letters(group) + (RANKS[at] if right else ""))
    return Draft(shapes, tuple(terms), _letters(modes), _lengths(modes))


def _ordered(modes: list[Mode], names: tuple[str, ...]) -> list[Mode]:
    """The modes from the first core to the last."""
    if not names:
        return modes
    known = {mode.name: mode for mode in modes}
    if sorted(names) != sorted(known):
        message = f"`order` names {', '.join(names)}, and the axes are {', '.join(known)}"
        raise Unfit("no-axis", message, "`order` names each axis once")
    return [known[name] for name in names]


def _kronecker(var: Var, spec: Spec, outs: int) -> Draft:
    """A sum of n Kronecker products: with n x n left factors, parametrised hypercomplex multiplication (PHM)."""
    rows, columns = prod(var.shape[:outs]), prod(var.shape[outs:])
    count = spec.count.value or 0 if spec.count is not None else 1
    if spec.left:
        if len(spec.left) != 2:
            raise Unfit("digits", "`left` is the rows and the columns of the left factor")
        a, c = (each.value or 0 for each in spec.left)
    else:
        a = c = count
    if rows % a or columns % c:
        message = f"a left factor of {a} x {c} does not divide a weight of {rows} x {columns}"
        raise Unfit("digits", message, "both sides of the weight are multiples of the left factor's")
    b, d = rows // a, columns // c
    k = () if count == 1 else (count,)
    letter = "k" if k else ""
    if spec.ranks:
        rank = _ranks(spec, 1, "sum")[0]
        _limit(rank, min(b, d), f"a right factor of {b} x {d}")
        low = {"a": (*k, a, c), "u": (*k, b, rank), "v": (*k, rank, d)}
        return Draft(low, (letter + "ac", letter + "br", letter + "rd"), "abcd", (a, b, c, d))
    shapes = {"a": (*k, a, c), "b": (*k, b, d)}
    return Draft(shapes, (letter + "ac", letter + "bd"), "abcd", (a, b, c, d))


def _monarch(var: Var, spec: Spec, outs: int) -> Draft:
    """Two block-diagonal matrices with a permutation between and behind them (Dao et al. 2022)."""
    rows, columns = prod(var.shape[:outs]), prod(var.shape[outs:])
    blocks = spec.count.value or 0 if spec.count is not None else 4
    if rows % blocks or columns % blocks or min(rows, columns) // blocks % blocks:
        message = (
            f"a weight of {rows} x {columns} cannot be cut into {blocks} blocks, and each of them into {blocks} again"
        )
        raise Unfit("digits", message, "the smaller side is a multiple of the square of the number of blocks")
    p, s = columns // blocks, rows // blocks
    q = min(p, s)
    shapes = {"right": (blocks, q, p), "left": (blocks, s, q)}
    views = ((blocks, q // blocks, blocks, p), (blocks, s, blocks, q // blocks))
    return Draft(shapes, ("kqlp", "lskq"), "slkp", (s, blocks, blocks, p), views)


def _butterfly(var: Var, spec: Spec, outs: int) -> Draft:
    """log2(n) matrices of 2 x 2 blocks at growing distances, as in a fast Fourier transform (Dao et al. 2019)."""
    rows, columns = prod(var.shape[:outs]), prod(var.shape[outs:])
    if rows != columns or rows < 2 or rows & (rows - 1):
        message = f"a butterfly is square with a power of two on each side, and this weight is {rows} x {columns}"
        raise Unfit("digits", message, "`as monarch(n)` divides other shapes")
    count = rows.bit_length() - 1
    out, inside = LETTERS[:count], RANKS[:count]
    terms = tuple(out[:at] + inside[at + 1 :] + out[at] + inside[at] for at in range(count))
    shapes = {f"stage{at}": (rows // 2, 2, 2) for at in range(count)}
    return Draft(shapes, terms, out + inside, (2,) * (2 * count), ((2,) * (count + 1),) * count)


def _letters(modes: Sequence[Mode]) -> str:
    return "".join(mode.letter for mode in modes)


def _lengths(modes: Sequence[Mode]) -> tuple[int, ...]:
    return tuple(mode.length for mode in modes)


FORMS = {
    "tucker": _tucker,
    "cp": _cp,
    "tt": _tt,
    "kronecker": _kronecker,
    "monarch": _monarch,
    "butterfly": _butterfly,
}
