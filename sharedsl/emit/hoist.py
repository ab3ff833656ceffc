"""Rotary tables are made once for all layers that turn by the same angles, by the module above them.

A body that turns by positions made of sizes, or of an input that it was given, may be given the tables instead. Whoever
calls it makes them, or is given them in turn, up to where one making serves the most applications. This says which
bodies are given what; `emit/hoisting.py` writes it into the model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sharedsl.model import dataflow as d
from sharedsl.model.flowing import nodes, with_codes
from sharedsl.model.sizes import Arith, Real, Size
from sharedsl.model.tree import Model, Unit
from sharedsl.ops.base import real
from sharedsl.record import dataclass, field, fields, replace

#: a body of a unit
Key = tuple[int, str]
#: operations that make positions of sizes alone
POSITIONS = frozenset(("arange", "expand", "reshape", "add", "sub", "mul"))
#: how often a loop of a run-time length is taken to turn
TURNS = 16


@dataclass(frozen=True, slots=True)
class Table:
    """Angles of `places`, in the body's own words, for a last axis of `dim`; `heads` where a head axis is between."""

    places: d.Expr
    dim: Size
    base: Real | Size
    heads: bool


@dataclass(frozen=True, slots=True)
class Place:
    """A call in a body: in which statement of it, and whether the call runs as it stands there."""

    unit: Unit
    key: str
    at: int
    call: d.Call
    plain: bool
    often: int = 1

    @property
    def body(self) -> d.Body:
        return self.unit.bodies[self.key]


@dataclass(slots=True)
class Hoist:
    """`tables` are what each body turns by, its callees' among them; `given` are the bodies that are handed theirs."""

    model: Model
    units: list[Unit] = field(default_factory=list)
    places: dict[Key, list[Place]] = field(default_factory=dict)
    own: dict[Key, dict[Table, int]] = field(default_factory=dict)
    tables: dict[Key, dict[Table, None]] = field(default_factory=dict)
    given: set[Key] = field(default_factory=set)

    def run(self) -> bool:
        """Whether there is anything to do."""
        self._collect(self.model.root, set())
        for unit in self.units:
            for key, body in unit.bodies.items():
                self.own[id(unit), key] = dict(_turns(body))
        if not any(self.own.values()):
            return False
        roots = {(id(self.model.root), key) for key in self.model.root.bodies}
        for unit in self.units:
            for key, body in unit.bodies.items():
                self._calls(unit, key, body)
        self.given = set(self.own) - roots
        self._settle()
        return True

    # ------------------------------------------------------------------------ what there is

    def _collect(self, unit: Unit, seen: set[int]) -> None:
        """Units, those inside first."""
        if id(unit) in seen:
            return
        seen.add(id(unit))
        for child in unit.children.values():
            for each in child.units:
                self._collect(each, seen)
        self.units.append(unit)

    def _calls(self, unit: Unit, key: str, body: d.Body) -> None:
        for at, statement in enumerate(body.statements):
            once = {id(each) for made in nodes(statement) if isinstance(made, d.Once) for each in nodes(made)}
            loops = {id(each) for loop in nodes(statement) if isinstance(loop, d.While) for each in nodes(loop)}
            for call in nodes(statement):
                if isinstance(call, d.CallSelf):
                    self.places.setdefault((id(unit), call.body), []).append(_barred(unit, key, at))
                if not isinstance(call, d.Call):
                    continue
                plain = call.scan is None and id(call) not in once
                for use in call.uses:
                    if use.body is not None:
                        child = unit.children[use.child].units[use.index or 0]
                        place = Place(unit, key, at, call, plain, TURNS if id(call) in loops else 1)
                        self.places.setdefault((id(child), use.body), []).append(place)

    # ------------------------------------------------------------------------ who is given

    def _settle(self) -> None:
        """Takes bodies out of `given` until all that are left can be given theirs, and gain by it."""
        while True:
            self._spread()
            wrong = {key for key in self.given if self.tables.get(key) and not self._can(key)}
            if not wrong:
                wrong = self._idle()
            if not wrong:
                return
            self.given -= wrong

    def _spread(self) -> None:
        """What each body needs, from the innermost outwards."""
        self.tables = {}
        for unit in self.units:
            for key, body in unit.bodies.items():
                found = dict.fromkeys(self.own[id(unit), key])
                for call in nodes(body.statements):
                    if isinstance(call, d.Call):
                        found |= dict.fromkeys(self.asked(unit, body, call) or ())
                self.tables[id(unit), key] = found

    def asked(self, unit: Unit, body: d.Body, call: d.Call) -> tuple[Table, ...] | None:
        """The tables that a call has to give, in the caller's words; None where its uses do not agree on them."""
        found: set[tuple[Table, ...] | None] = set()
        for use in call.uses:
            child = unit.children[use.child].units[use.index or 0]
            key = (id(child), use.body or "")
            wanted = self.tables.get(key, {}) if key in self.given else {}
            found.add(_said(unit, body, call, use, tuple(wanted)) if wanted else ())
        return found.pop() if len(found) == 1 else None

    def _can(self, key: Key) -> bool:
        places = self.places.get(key, [])
        unit = next(each for each in self.units if id(each) == key[0])
        body = unit.bodies[key[1]]
        if not places or not all(_outside(table.places, body) for table in self.tables[key]):
            return False
        return all(self._may(place) for place in places)

    def _may(self, place: Place) -> bool:
        if not place.plain or not self.asked(place.unit, place.body, place.call):
            return False
        kinds = [place.unit.children[use.child].units[use.index or 0] for use in place.call.uses]
        bodies = [kind.bodies[use.body or ""] for kind, use in zip(kinds, place.call.uses, strict=True)]
        return len({len(body.inputs) for body in bodies}) == 1 and like(place.body, place.at, place.call) is not None

    def _idle(self) -> set[Key]:
        """The bodies that are given tables which are then made as often as before."""
        often: dict[Key, int] = {(id(self.model.root), key): 1 for key in self.model.entries.values()}
        made: dict[Key, int] = {}
        for unit in reversed(self.units):
            for key in unit.bodies:
                here = self.places.get((id(unit), key), [])
                count = sum(often.get((id(each.unit), each.key), 1) * each.often for each in here)
                often.setdefault((id(unit), key), count)
                made[id(unit), key] = often[id(unit), key]
                if (id(unit), key) in self.given:
                    above = {(id(each.unit), each.key) for each in here}
                    made[id(unit), key] = sum(made.get(each, 1) for each in above)
        given = [key for key in self.given if self.tables.get(key)]
        return {key for key in given if made[key] >= often[key]}


# ---------------------------------------------------------------------------- tables in words


def _turns(body: d.Body) -> Iterator[tuple[Table, int]]:
    """What a body itself turns by, and how often."""
    found: dict[Table, int] = {}
    for statement in body.statements:
        if isinstance(statement, d.Assign | d.Return | d.Keep):
            for each in nodes(statement):
                table = table_of(each, body)
                if table is not None:
                    found[table] = found.get(table, 0) + 1
    yield from found.items()


def table_of(node: Any, body: d.Body) -> Table | None:
    """The table that an operation turns by."""
    if not isinstance(node, d.Op) or node.op != "rotary" or node.args[1] is None:
        return None
    places, of = settled(node.args[1], body), node.type
    if places is None or not isinstance(of, d.Tensor):
        return None
    base = node.setting("base")
    if base is None:
        base = real(10000.0)
    assert isinstance(base, Real | Size)
    return Table(places, of.dims[-1], base, len(of.dims) == 4)


def settled(expr: d.Expr | None, body: d.Body) -> d.Expr | None:
    """Positions in terms of sizes and inputs, or of a variable that has one value; None where there is no telling."""
    match expr:
        case d.Const():
            return expr
        case d.Op() if expr.op in POSITIONS:
            args = [settled(arg, body) for arg in expr.args]
            known = all(made is not None for made, arg in zip(args, expr.args, strict=True) if arg is not None)
            return replace(expr, args=tuple(args)) if known else None
        case d.Var():
            values = [each for each in nodes(body.statements) if _assigns(each, expr.name)]
            top = [each for each in body.statements if _assigns(each, expr.name)]
            if not values:
                one = next((each for each in body.inputs if each.name == expr.name), None)
                whole = one is not None and one.default is None and isinstance(one.type, d.Tensor)
                return expr if whole and not one.type.optional else None  # type: ignore[union-attr]
            if len(values) != 1 or len(top) != 1 or any(each.name == expr.name for each in body.inputs):
                return None
            value = top[0]
            made = settled(value.value, body) if isinstance(value, d.Assign) and len(value.targets) == 1 else None
            return made if made is not None else expr
        case _:
            return None


def _assigns(node: Any, name: str) -> bool:
    match node:
        case d.Assign():
            return name in node.targets
        case d.Keep():
            return node.state == name
        case d.Loop():
            return name in node.names
        case d.While():
            return name == node.name or name in node.carried
    return False


def _outside(places: d.Expr, body: d.Body) -> bool:
    """Whether the caller can say it: of variables, only inputs."""
    inputs = {each.name for each in body.inputs}
    return all(each.name in inputs for each in nodes(places) if isinstance(each, d.Var))


def _said(unit: Unit, body: d.Body, call: d.Call, use: d.Use, tables: tuple[Table, ...]) -> tuple[Table, ...] | None:
    """A callee's tables in its caller's words."""
    callee = unit.children[use.child].units[use.index or 0].bodies[use.body or ""]
    words = _words(unit, call, use, callee)
    known = {name for name, _ in body.sizes} | set(unit.arguments) | {one.name for one in body.inputs if one.size}
    inputs = dict(zip((one.name for one in callee.inputs), call.args, strict=False))
    found: list[Table] = []
    for table in tables:
        if not _names(table) <= words.keys():
            return None
        told = with_codes(table, lambda code: code.substitute(words))
        places = settled(_put(told.places, inputs), body)
        if places is None or not _names(told) | _names(places) <= known:
            return None
        found.append(replace(told, places=places))
    return tuple(found)


def _words(unit: Unit, call: d.Call, use: d.Use, callee: d.Body) -> dict[str, Arith]:
    """What the callee's names of sizes and parameters are in the caller."""
    arguments = unit.children[use.child].arguments[use.index or 0]
    words = {name: value.code for name, value in arguments.items() if isinstance(value, Size | Real)}
    names = [one.name for one in callee.inputs]
    for name, (source, axis) in callee.sizes:
        at = names.index(source) if source in names else len(call.args)
        arg = call.args[at] if at < len(call.args) else None
        if arg is not None and isinstance(arg.type, d.Tensor) and not arg.type.optional:
            words[name] = arg.type.dims[axis].code
    for one, arg in zip(callee.inputs, call.args, strict=False):
        if one.size is not None and isinstance(arg, d.Const) and isinstance(arg.value, Size):
            words[one.name] = arg.value.code
    return words


def _put(expr: Any, inputs: Mapping[str, d.Expr | None]) -> Any:
    """Positions with the caller's values in place of the inputs' names."""
    if isinstance(expr, d.Var):
        return inputs.get(expr.name)
    if isinstance(expr, d.Op):
        return replace(expr, args=tuple(None if arg is None else _put(arg, inputs) for arg in expr.args))
    return expr


def _names(node: Any) -> set[str]:
    """The names of the sizes that code of this mentions; the shapes of what is only read say nothing."""
    if isinstance(node, Size | Real):
        return set(node.code.names())
    if isinstance(node, tuple):
        return {name for each in node for name in _names(each)}
    if isinstance(node, d.Var) or not hasattr(node, "__dataclass_fields__"):
        return set()
    return {name for one in fields(node) if one.name != "span" for name in _names(getattr(node, one.name))}


# ---------------------------------------------------------------------------- where tables are


def like(body: d.Body, at: int, call: d.Call | None) -> d.Expr | None:
    """A float tensor that is there before statement `at`, or that can be computed before it: what `call` is given."""
    for one in body.inputs:
        if isinstance(one.type, d.Tensor) and one.type.dtype == "float" and one.type.dims and one.default is None:
            if not one.type.optional:
                return d.Var(one.name, one.type)
    for statement in reversed(body.statements[:at]):
        if isinstance(statement, d.Assign) and len(statement.targets) == 1 and _float(statement.value):
            return d.Var(statement.targets[0], statement.value.type)
    first = call.args[0] if call is not None and call.args else None
    simple = isinstance(body.statements[at], d.Assign | d.Return)
    return first if simple and first is not None and _float(first) else None


def _float(expr: d.Expr) -> bool:
    return isinstance(expr.type, d.Tensor) and expr.type.dtype == "float" and bool(expr.type.dims)


def _barred(unit: Unit, key: str, at: int) -> Place:
    nothing = d.Call((), (), d.Many(()))
    return Place(unit, key, at, nothing, False)
