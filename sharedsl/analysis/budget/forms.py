"""What reading a weight costs, site by site, folded into a tree so that equal parts of a model are counted once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sharedsl.analysis import lowering
from sharedsl.analysis.budget.quantity import ONE, ZERO, numel, product, total
from sharedsl.model import contractions, poly
from sharedsl.model import weights as w
from sharedsl.model.contractions import multiplied, steps
from sharedsl.model.poly import Poly
from sharedsl.model.sites import Site, Step
from sharedsl.model.weights import Solved
from sharedsl.record import dataclass, field

TWO = poly.const(2)


@dataclass(frozen=True, slots=True)
class Form:
    """The cost of one reading.

    `linear` is how many multiply-accumulates a row of a linear layer takes, `lookup` how many a looked-up row takes
    after the lookup, `build` the FLOPs of making the weight. `repeat` is (axis, times) where a small result is
    repeated along an outputs axis.
    """

    linear: Poly
    lookup: Poly
    build: Poly
    repeat: tuple[int, int] | None = None


@dataclass(slots=True)
class Node:
    """The readings below one application that do not cost what the plain layer costs. Equal nodes have one number."""

    number: int = 0
    forms: dict[str, Form] = field(default_factory=dict)
    below: dict[Step, Node] = field(default_factory=dict)

    def at(self, step: Step) -> Node:
        return self.below.get(step, PLAIN)


PLAIN = Node()


def tree(solved: Solved) -> Node:
    """All sites whose reading costs something of its own, by path."""
    root = Node()
    for site in solved.sites:
        form = form_of(site, solved)
        if form is not None:
            node = root
            for step in site.path[:-1]:
                node = node.below.setdefault(step, Node())
            node.forms[site.path[-1].name] = form
    _number(root, {})
    return root


def _number(node: Node, seen: dict[object, int]) -> int:
    below = tuple(sorted((str(step), _number(child, seen)) for step, child in node.below.items()))
    key = (tuple(sorted(node.forms.items(), key=lambda item: item[0])), below)
    node.number = seen.setdefault(key, len(seen) + 1) if node.forms or below else 0
    return node.number


def form_of(site: Site, solved: Solved) -> Form | None:
    """How the site's weight is computed; None where it is read as it is."""
    expr = solved.reads[site.index]
    if isinstance(expr, w.Read):
        return None
    weight = site.path[-1].name == "weight"
    lowered = lowering.lower(expr, site.layer, site.spec.axes) if weight else lowering.Whole(expr)
    form = _cost(lowered, solved)
    plain = Form(numel(site.spec.axes), ZERO, ZERO)
    return None if form == plain else form


def _cost(lowered: lowering.Form, solved: Solved) -> Form:
    match lowered:
        case lowering.Whole():
            return Form(product(dims(lowered.expr, solved)), ZERO, build(lowered.expr, solved))
        case lowering.Digits():
            lengths = _part_lengths(lowered, solved)
            order = steps(lowered.terms, lowered.result)
            row = total(product(multiplied(step, lengths)) for step in order if _sums(step, lengths))
            return Form(product(dims(lowered.expr, solved)), row, ZERO)
        case lowering.Chain():
            left, right = (product(dims(side, solved)) for side in (lowered.left, lowered.right))
            made = build(lowered.left, solved) + build(lowered.right, solved)
            return Form(left + right, right, made)
        case lowering.Sum():
            parts = [_cost(part, solved) for part in lowered.parts]
            return Form(
                total(part.linear for part in parts),
                total(part.lookup for part in parts),
                total(part.build for part in parts),
            )
        case lowering.Scaled():
            return _cost(lowered.of, solved)
        case lowering.Repeated():
            inner = _cost(lowered.of, solved)
            return Form(inner.linear, inner.lookup, inner.build, (lowered.axis, lowered.times))


def build(expr: w.Expr, solved: Solved) -> Poly:
    """FLOPs of making the weight: its matrix products, as PyTorch's counter counts them."""
    return total(_products(expr, solved))


def _products(expr: w.Expr, solved: Solved) -> Iterator[Poly]:
    match expr:
        case w.MatMul():
            yield TWO * product(dims(expr.left, solved)) * product(dims(expr.right, solved)[1:])
        case w.Contract():
            lengths = _lengths(expr, solved)
            known = {
                letter: at
                for term, part in zip(expr.terms, expr.parts, strict=True)
                for letter, at in zip(term, part.shape, strict=True)
            }
            for step in steps(expr.terms, expr.result):
                if _sums(step, lengths):
                    yield TWO * product(multiplied(step, lengths)) * _any_sum(step.summed, known, lengths)
        case w.Mixture():
            yield TWO * product(dims(expr.bank, solved))
    for child in w.children(expr):
        yield from _products(child, solved)


def _any_sum(letters: str, known: dict[str, int], lengths: dict[str, Poly]) -> Poly:
    """1; 0 while the axes that are summed over are of length 1, which PyTorch carries out as a plain product."""
    if any(known[letter] != 1 for letter in letters):
        return ONE
    summed = product(lengths[letter] for letter in letters)
    return ZERO if summed.constant == 1 else poly.function("min", ONE, summed - ONE)


def dims(expr: w.Expr, solved: Solved) -> tuple[Poly, ...]:
    """The shape of a weight expression as formulas; plain numbers where only those are known."""
    match expr:
        case w.Read():
            return tuple(axis.size.formula for axis in solved.storages[expr.storage].axes)
        case w.Permute():
            of = dims(expr.of, solved)
            return tuple(of[axis] for axis in expr.order)
        case w.Scale() | w.Detach() | w.Flip() | w.Roll() | w.Normalize():
            return dims(expr.of, solved)
        case w.Repeat():
            of = dims(expr.of, solved)
            return tuple(each * poly.const(expr.times) if at == expr.axis else each for at, each in enumerate(of))
        case w.MatMul():
            return (*dims(expr.left, solved)[:-1], *dims(expr.right, solved)[1:])
        case w.Add():
            return dims(expr.parts[0], solved)
        case w.Multiply() if expr.right.shape == expr.shape:
            return dims(expr.right, solved)
        case w.Mixture():
            return dims(expr.bank, solved)[1:]
        case w.Contract():
            lengths = _lengths(expr, solved)
            return tuple(lengths[letter] for letter in expr.result)
        case _:
            return tuple(poly.const(each) for each in expr.shape)


def _sums(step: contractions.Step, lengths: Mapping[str, Poly]) -> bool:
    """Whether a step is a matrix product: where the axes that it sums are 1 long, torch just multiplies."""
    return any(lengths[letter] != ONE for letter in step.summed)


def _lengths(expr: w.Contract, solved: Solved) -> dict[str, Poly]:
    """How long the axes that the letters of a contraction stand for are."""
    found: dict[str, Poly] = {}
    for term, part in zip(expr.terms, expr.parts, strict=True):
        for letter, length in zip(term, dims(part, solved), strict=True):
            found.setdefault(letter, length)
    return found


def _part_lengths(of: lowering.Digits, solved: Solved) -> dict[str, Poly]:
    """The lengths of the letters that are left when the digits have chosen."""
    found: dict[str, Poly] = {}
    for term, part, chosen in zip(of.terms, of.parts, of.chosen, strict=True):
        lengths = [length for axis, length in enumerate(dims(part, solved)) if chosen is None or axis != chosen[0]]
        found |= dict(zip(term, lengths, strict=True))
    return found
