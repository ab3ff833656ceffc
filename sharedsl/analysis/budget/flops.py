"""Forward FLOPs: 2 x multiply-accumulates of matrix products, convolutions and attention, as PyTorch's counter counts.

Each (unit, body) is counted once, however often it is applied; applications that read their weights in another way
(through factors, with private parts) are counted apart.
"""

from __future__ import annotations

from functools import partial

from sharedsl.analysis.budget.forms import PLAIN, TWO, Form, Node
from sharedsl.analysis.budget.quantity import ONE, ZERO, product, total
from sharedsl.analysis.budget.uses import expressions, main_entry, repeated, walk
from sharedsl.layers import LAYERS
from sharedsl.model import dataflow as d
from sharedsl.model.poly import Poly, const
from sharedsl.model.sites import Step, WeightSpec
from sharedsl.model.tree import Model, Unit
from sharedsl.ops import OPS
from sharedsl.record import dataclass, field, replace

#: a declared layer of a unit: name and index in its stack
Slot = tuple[str, int | None]


@dataclass(slots=True)
class Spent:
    """What one body costs. `own` is spent by its own operations, `leaves` by its primitives; `inner` are its blocks,
    each with how often it runs.
    """

    own: Poly = ZERO
    leaves: dict[Slot, Poly] = field(default_factory=dict)
    inner: list[tuple[Slot, Spent, Poly]] = field(default_factory=list)
    total: Poly = ZERO


@dataclass(slots=True)
class _Walk:
    model: Model
    known: dict[tuple[int, str, int], Spent] = field(default_factory=dict)
    #: the last turn of each running loop
    last: dict[str, Poly] = field(default_factory=dict)

    def body(self, unit: Unit, key: str, node: Node) -> Spent:
        at = (id(unit), key, node.number)
        if at not in self.known:
            self.known[at] = spent = Spent()
            own = self._statements(unit, unit.bodies[key], node, spent)
            own += [form.build for form in _own_weights(unit, unit.bodies[key], node)]
            spent.own = total(own)
            spent.total = total([spent.own, *spent.leaves.values(), *_inside(spent)])
        return self.known[at]

    def _statements(self, unit: Unit, body: d.Body, node: Node, spent: Spent, around: Poly = ONE) -> list[Poly]:
        own: list[Poly] = []

        def visit(often: Poly, expr: d.Expr) -> None:
            match expr:
                case d.Op():
                    own.append(often * _operation(expr).substitute(self.last))
                case d.Call():
                    self._call(unit, expr, node, spent, often)
                case d.CallSelf():
                    other = self.body(unit, expr.body, node)
                    own.append(often * other.own)
                    for slot, amount in other.leaves.items():
                        spent.leaves[slot] = spent.leaves.get(slot, ZERO) + often * amount
                    spent.inner += [(slot, inner, often * each) for slot, inner, each in other.inner]
                case d.CallFunction():
                    own.extend(self._statements(unit, self.model.functions[expr.body], node, spent, often))

        for expr, often in repeated(body.statements, self.last, around):
            walk(expr, partial(visit, often))
        return own

    def _call(self, unit: Unit, call: d.Call, node: Node, spent: Spent, often: Poly) -> None:
        inputs = step_types(call)
        if call.scan is not None:
            often = often * call.scan.length.formula
        for use in call.uses:
            child = unit.children[use.child].units[use.index or 0]
            below = node.at(Step(use.child, use.index, use.app, use.run))
            slot = (use.child, use.index)
            if use.body is not None:
                inner = self.body(child, use.body, below)
                spent.inner.append((slot, inner, often))
                result: d.Type = child.bodies[use.body].output
            elif child.kind == "primitive":
                amount, result = primitive(child, tuple(inputs), below)
                spent.leaves[slot] = spent.leaves.get(slot, ZERO) + often * amount.substitute(self.last)
            else:
                return
            if inputs:
                inputs[0] = result.items[0] if isinstance(result, d.Many) else result


def _inside(spent: Spent) -> list[Poly]:
    """What the blocks of a body cost: equal ones once, times how many there are."""
    number: dict[tuple[int, int], int] = {}
    alike: dict[tuple[int, int], Poly] = {}
    for _, inner, often in spent.inner:
        key = (id(inner), id(often))
        if key not in alike:
            number[key], alike[key] = 0, often * inner.total
        number[key] += 1
    return [each if number[key] == 1 else const(number[key]) * each for key, each in alike.items()]


def step_types(call: d.Call) -> list[d.Type | None]:
    """The types of what a call is given; for a scan, what one step is given: without the axis that it goes along."""
    types: list[d.Type | None] = [None if arg is None else arg.type for arg in call.args]
    for at, axis in enumerate(call.scan.axes if call.scan is not None else ()):
        whole = types[at]
        if axis is not None and isinstance(whole, d.Tensor):
            types[at] = replace(whole, dims=whole.dims[:axis] + whole.dims[axis + 1 :])
    return types


def count(model: Model, root: Node) -> Spent | None:
    """What the main forward costs; None for a model without one."""
    entry = main_entry(model)
    return _Walk(model).body(model.root, entry, root) if entry is not None else None


def _operation(expr: d.Op) -> Poly:
    types = tuple(None if arg is None else arg.type for arg in expr.args)
    return OPS[expr.op].flops(types, dict(expr.settings), expr.type).formula


def primitive(unit: Unit, inputs: tuple[d.Type | None, ...], node: Node) -> tuple[Poly, d.Type]:
    """FLOPs and result of one application of a primitive layer, its weights read as `node` says."""
    layer = LAYERS[unit.name]
    inputs = inputs + (None,) * (len(layer.inputs) - len(inputs))
    result = layer.result(unit.arguments, inputs)
    if node is PLAIN:
        return layer.flops(unit.arguments, inputs, result).formula, result
    builds = [form.build for form in node.forms.values()]
    weight = node.forms.get("weight")
    if weight is not None and unit.name in ("Linear", "Embedding") and isinstance(inputs[0], d.Tensor):
        spent = _rows(unit.name, inputs[0], _weight(unit), weight)
    else:
        spent = layer.flops(unit.arguments, inputs, result).formula
    return total([spent, *builds]), result


def _weight(unit: Unit) -> WeightSpec:
    return next(spec for spec in LAYERS[unit.name].weights(unit.arguments) if spec.name == "weight")


def _rows(layer: str, given: d.Tensor, spec: WeightSpec, form: Form) -> Poly:
    """A linear layer multiplies each row of its input; a table multiplies each row that it looked up."""
    if layer == "Embedding":
        return TWO * product(dim.formula for dim in given.dims) * form.lookup
    inputs = sum(axis.side == "in" for axis in spec.axes)
    rows = given.dims[: len(given.dims) - inputs]
    return TWO * product(dim.formula for dim in rows) * form.linear


def _own_weights(unit: Unit, body: d.Body, node: Node) -> list[Form]:
    """The forms of the weights that the block itself reads in this body, each made once."""
    if not node.forms:
        return []
    read: dict[str, None] = {}

    def visit(expr: d.Expr) -> None:
        if isinstance(expr, d.Weight):
            read[expr.name] = None

    for expr in expressions(body.statements):
        walk(expr, visit)
    return [node.forms[name] for name in read if name in node.forms]


def by_path(spent: Spent) -> dict[tuple[Slot, ...], Poly]:
    """Each declared layer's cost in one forward, all its applications together, by its path."""
    found: dict[tuple[Slot, ...], list[Poly]] = {}

    def descend(each: Spent, path: tuple[Slot, ...], often: Poly) -> None:
        for slot, amount in each.leaves.items():
            found.setdefault((*path, slot), []).append(often * amount)
        grouped: dict[tuple[Slot, int], tuple[Spent, list[Poly]]] = {}
        for slot, inner, uses in each.inner:
            grouped.setdefault((slot, id(inner)), (inner, []))[1].append(uses)
        for (slot, _), (inner, every) in grouped.items():
            uses = often * total(every)
            found.setdefault((*path, slot), []).append(uses * inner.total)
            descend(inner, (*path, slot), uses)

    descend(spent, (), ONE)
    return {path: total(amounts) for path, amounts in found.items()}
