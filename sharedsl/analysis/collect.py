"""The sites of a model: every weight as every application of the root's forwards sees it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from sharedsl.analysis.shop import LIMIT
from sharedsl.comptime.values import code_of
from sharedsl.model import dataflow as d
from sharedsl.model.sites import Path, Site, Step, WeightSpec
from sharedsl.model.sizes import Arith, Real, Size, Value
from sharedsl.model.tree import Unit
from sharedsl.record import dataclass, field, replace

Number = TypeVar("Number", Size, Real, Size | Real)

#: a weight below an application: the path from there (its own name last), its spec, the kind of layer that reads it
Found = tuple[Path, WeightSpec, str]


class TooMany(Exception):
    """More sites than the limit."""


@dataclass(slots=True)
class Walker:
    """Walks the applications; what is below equal applications is found once."""

    found: dict[object, tuple[Found, ...]] = field(default_factory=dict)
    uses: dict[int, tuple[d.Use, ...]] = field(default_factory=dict)
    #: by the identity of a spec: the names of its own block that it says, and the spec itself
    names: dict[int, tuple[str, ...]] = field(default_factory=dict)
    kept: dict[int, WeightSpec] = field(default_factory=dict)
    #: specs in other words
    specs: dict[object, WeightSpec] = field(default_factory=dict)

    def sites(self, root: Unit, keys: tuple[str, ...]) -> tuple[Site, ...]:
        """In the text's order: declaration by declaration, stack index, application."""
        below = self._below(root, keys)
        return tuple(Site(at, path, spec, layer) for at, (path, spec, layer) in enumerate(below))

    def _below(self, unit: Unit, keys: tuple[str, ...]) -> tuple[Found, ...]:
        memo = (id(unit), keys)
        if memo in self.found:
            return self.found[memo]
        result: list[Found] = [((Step(spec.name),), spec, unit.name) for spec in unit.weights.values()]
        applied = self._applications(unit, keys)
        outside: dict[tuple[int, int], list[Found]] = {}
        for name in unit.children:
            for step, bodies in sorted(applied.get(name, {}).items(), key=_in_order):
                inner = self._below(unit.child(step), bodies)
                given = unit.children[name].arguments[step.index or 0]
                said = outside.get((id(inner), id(given)))
                if said is None:  # elements of a stack are mostly the same, and made with the same arguments
                    said = [(path, self._outside(spec, given), layer) for path, spec, layer in inner]
                    outside[id(inner), id(given)] = said
                result += [((step, *path), spec, layer) for path, spec, layer in said]
                if len(result) > LIMIT:
                    raise TooMany
        self.found[memo] = tuple(result)
        return self.found[memo]

    def _outside(self, spec: WeightSpec, given: Mapping[str, Value]) -> WeightSpec:
        """A weight of a block in the words of the block around it, which makes it with these arguments."""
        names = self.names.get(id(spec))
        if names is None:
            names = _own_names(spec)
            self.names[id(spec)], self.kept[id(spec)] = names, spec
        if not names and not spec.init.above:
            return spec
        words = {name: code_of(given[name]) for name in names if name in given}
        key = (id(spec), tuple(words.items()))
        if key not in self.specs:
            axes = tuple([replace(axis, size=_said(axis.size, words)) for axis in spec.axes])
            init = spec.init
            if init.above:
                init = replace(init, above=init.above - 1)
            else:
                init = replace(init, args=tuple([(name, _said(value, words)) for name, value in init.args]))
            self.specs[key] = replace(spec, axes=axes, init=init)
        return self.specs[key]

    def _applications(self, unit: Unit, keys: tuple[str, ...]) -> dict[str, dict[Step, tuple[str, ...]]]:
        """By child: the applications that the forwards `keys` make, each with the bodies that it runs."""
        found: dict[str, dict[Step, tuple[str, ...]]] = {}
        for key in keys:
            for use in self._uses(unit, key):
                step = Step(use.child, use.index, use.app, use.run)
                bodies = found.setdefault(use.child, {}).setdefault(step, ())
                if use.body is not None and use.body not in bodies:
                    found[use.child][step] = (*bodies, use.body)
        return found

    def _uses(self, unit: Unit, key: str) -> tuple[d.Use, ...]:
        """The uses of a body and of the forwards of the same block that it calls, in execution order."""
        body = unit.bodies[key]
        if id(body) not in self.uses:
            found: list[d.Use] = []
            for call in calls(body.statements):
                found += call.uses if isinstance(call, d.Call) else self._uses(unit, call.body)
            self.uses[id(body)] = tuple(found)
        return self.uses[id(body)]


def _own_names(spec: WeightSpec) -> tuple[str, ...]:
    numbers: list[Size | Real] = [axis.size for axis in spec.axes]
    if not spec.init.above:
        numbers += [value for _, value in spec.init.args]
    return tuple(sorted(frozenset().union(*(each.code.names() for each in numbers))))


def _said(value: Number, words: dict[str, Arith]) -> Number:
    return replace(value, code=value.code.substitute(words)) if value.code.names() else value


def _in_order(item: tuple[Step, tuple[str, ...]]) -> tuple[int, int, int]:
    step = item[0]
    return (-1 if step.index is None else step.index, step.run or 0, step.app or 0)


def calls(statements: tuple[d.Statement, ...]) -> list[d.Call | d.CallSelf]:
    """The calls of layers, in the order in which they run."""
    found: list[d.Call | d.CallSelf] = []
    for statement in statements:
        match statement:
            case d.Assign() | d.Keep():
                _calls_in(statement.value, found)
            case d.Return():
                for value in statement.values:
                    _calls_in(value, found)
            case d.Loop():
                for turn in statement.turns:
                    found += calls(turn)
            case d.While():
                _calls_in(statement.condition, found)
                found += calls(statement.body)
            case d.Present():
                found += calls(statement.then)
                found += calls(statement.other)
    return found


def _calls_in(expr: d.Expr | None, found: list[d.Call | d.CallSelf]) -> None:
    for part in parts(expr):
        _calls_in(part, found)
    if isinstance(expr, d.Call | d.CallSelf):
        found.append(expr)


def parts(expr: d.Expr | None) -> tuple[d.Expr | None, ...]:
    """The expressions that an expression is made of."""
    match expr:
        case d.Op() | d.Call() | d.CallSelf() | d.CallFunction():
            return expr.args
        case d.Once():
            return (expr.value,)
        case d.Pick():
            return (expr.of,)
        case d.Collect():
            return expr.items
        case d.IfPresent():
            return (expr.then, expr.other)
        case _:
            return ()
