"""State per token: how many numbers a sequence keeps for each token it has seen (keys and values, mostly)."""

from __future__ import annotations

from functools import partial

from sharedsl.analysis.budget.forms import Node
from sharedsl.analysis.budget.quantity import ZERO, product, total
from sharedsl.analysis.budget.uses import expressions, main_entry, repeated, walk
from sharedsl.model import dataflow as d
from sharedsl.model.poly import Poly, divide_exactly
from sharedsl.model.poly import const as number
from sharedsl.model.sites import Step
from sharedsl.model.tree import Model, StateSpec, Unit
from sharedsl.record import dataclass, field

#: operations that treat the slices of an axis alike, and so carry a repeat through
_CARRY = frozenset(("rotary", "cast", "dropout", "neg", "stop_gradient", "relu", "tanh", "sigmoid"))


def per_token(model: Model, root: Node) -> Poly | None:
    """Numbers that are kept for each token of each sequence; None for a model without a forward."""
    entry = main_entry(model)
    return _Walk(model).body(model.root, entry, root) if entry is not None else None


@dataclass(slots=True)
class _Walk:
    model: Model
    known: dict[tuple[int, str, int], Poly] = field(default_factory=dict)

    def body(self, unit: Unit, key: str, node: Node) -> Poly:
        at = (id(unit), key, node.number)
        if at not in self.known:
            self.known[at] = ZERO
            parts = self._below(unit, unit.bodies[key], node)
            repeats = _repeats(unit, unit.bodies[key], node) if unit.states else {}
            seen = _seen_at_once(unit.bodies[key])
            parts += [_numbers(spec, repeats.get(spec.name)) for spec in unit.states.values() if spec.name not in seen]
            self.known[at] = total(parts)
        return self.known[at]

    def _below(self, unit: Unit, body: d.Body, node: Node) -> list[Poly]:
        parts: list[Poly] = []

        def visit(often: Poly, expr: d.Expr) -> None:
            if isinstance(expr, d.Call):
                for use in expr.uses:
                    if use.body is not None:
                        child = unit.children[use.child].units[use.index or 0]
                        below = node.at(Step(use.child, use.index, use.app, use.run))
                        parts.append(often * self.body(child, use.body, below))
            elif isinstance(expr, d.CallSelf):
                parts.extend(often * each for each in self._below(unit, unit.bodies[expr.body], node))

        for expr, often in repeated(body.statements, {}):
            walk(expr, partial(visit, often))
        return parts


def _numbers(spec: StateSpec, repeat: tuple[int, int] | None) -> Poly:
    """The product of the axes but the first (the sequences) and the growing one, repeats taken out."""
    if spec.type is None or spec.growing is None:
        return ZERO
    kept = product(dim.formula for at, dim in enumerate(spec.type.dims) if at not in (0, spec.growing))
    if repeat is None:
        return kept
    small = divide_exactly(kept, number(repeat[1]))
    return small if small is not None else kept // number(repeat[1])


def _repeats(unit: Unit, body: d.Body, node: Node) -> dict[str, tuple[int, int] | None]:
    """For each state, the (axis, times) by which the kept value repeats smaller ones."""
    known: dict[str, tuple[int, int] | None] = {}
    kept: dict[str, tuple[int, int] | None] = {}
    for statement in flat(body.statements):
        if isinstance(statement, d.Assign) and len(statement.targets) == 1:
            known[statement.targets[0]] = _repeat(statement.value, known, unit, node)
        elif isinstance(statement, d.Assign):
            known.update(dict.fromkeys(statement.targets))
        elif isinstance(statement, d.Keep):
            known[statement.state] = kept[statement.state] = _repeat(statement.value, known, unit, node)
    return kept


def _seen_at_once(body: d.Body) -> set[str]:
    """States that only attention without `causal` reads: it wants the whole sequence, so nothing is kept for later."""
    causal: dict[str, bool] = {}

    def visit(expr: d.Expr) -> None:
        if isinstance(expr, d.Op) and expr.op == "attend":
            for arg in expr.args:
                if isinstance(arg, d.Var):
                    causal[arg.name] = causal.get(arg.name, False) or bool(expr.setting("causal"))

    for expr in expressions(body.statements):
        walk(expr, visit)
    return {name for name, kept in causal.items() if not kept}


def flat(statements: tuple[d.Statement, ...]) -> list[d.Statement]:
    found: list[d.Statement] = []
    for each in statements:
        if isinstance(each, d.Loop):
            for turn in each.turns:
                found += flat(turn)
        elif isinstance(each, d.While):
            found += flat(each.body)
        elif isinstance(each, d.Present):
            found += flat(each.then)
        else:
            found.append(each)
    return found


def _repeat(expr: d.Expr, known: dict[str, tuple[int, int] | None], unit: Unit, node: Node) -> tuple[int, int] | None:
    match expr:
        case d.Var():
            return known.get(expr.name)
        case d.Call() if len(expr.uses) == 1:
            return _linear(expr, unit, node)
        case d.Op() if expr.op in _CARRY and expr.args and expr.args[0] is not None:
            return _repeat(expr.args[0], known, unit, node)
        case d.Op(op="concat"):
            states = unit.states.keys()
            parts = [a for a in _items(expr.args) if not (isinstance(a, d.Var) and a.name in states)]
            found = {_repeat(part, known, unit, node) for part in parts}
            return found.pop() if len(found) == 1 else None
        case _:
            return None


def _items(args: tuple[d.Expr | None, ...]) -> list[d.Expr]:
    found: list[d.Expr] = []
    for arg in args:
        if isinstance(arg, d.Collect):
            found += arg.items
        elif arg is not None:
            found.append(arg)
    return found


def _linear(call: d.Call, unit: Unit, node: Node) -> tuple[int, int] | None:
    """A linear layer whose outputs repeat: the axis counted in its result."""
    use = call.uses[0]
    form = node.at(Step(use.child, use.index, use.app, use.run)).forms.get("weight")
    if form is None or form.repeat is None or not isinstance(call.type, d.Tensor):
        return None
    spec = unit.children[use.child].units[use.index or 0].weights.get("weight")
    if spec is None:
        return None
    outs = sum(axis.side == "out" for axis in spec.axes)
    return len(call.type.dims) - outs + form.repeat[0], form.repeat[1]


def by_path(model: Model, root: Node) -> dict[tuple[tuple[str, int | None], ...], Poly]:
    """What each declared layer keeps for a token, all its applications together, by its path."""
    entry = main_entry(model)
    found: dict[tuple[tuple[str, int | None], ...], list[Poly]] = {}
    known = _Walk(model)

    def descend(unit: Unit, body: d.Body, node: Node, path: tuple[tuple[str, int | None], ...], often: Poly) -> None:
        def visit(times: Poly, expr: d.Expr) -> None:
            if isinstance(expr, d.Call):
                for use in expr.uses:
                    if use.body is not None:
                        child = unit.children[use.child].units[use.index or 0]
                        below = node.at(Step(use.child, use.index, use.app, use.run))
                        here = (*path, (use.child, use.index))
                        found.setdefault(here, []).append(often * times * known.body(child, use.body, below))
                        descend(child, child.bodies[use.body], below, here, often * times)
            elif isinstance(expr, d.CallSelf):
                descend(unit, unit.bodies[expr.body], node, path, often * times)

        for expr, times in repeated(body.statements, {}):
            walk(expr, partial(visit, times))

    if entry is not None:
        descend(model.root, model.root.bodies[entry], root, (), number(1))
    return {path: total(amounts) for path, amounts in found.items()}
