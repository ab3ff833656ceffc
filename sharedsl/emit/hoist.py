"""Rotary tables are made once for all layers that turn by the same angles, by the module above them.

A body that turns by positions made of sizes, or of an input that it was given, may be given the tables instead. Whoever
calls it makes them, or is given them in turn, up to where one making serves the most applications. This says which
bodies are given what; `emit/hoisting.py` writes it into the model.
"""

from __future__ import annotations

from sharedsl.emit.angles import Table, like, outside, said, turns
from sharedsl.model import dataflow as d
from sharedsl.model.flowing import nodes
from sharedsl.model.tree import Model, Unit
from sharedsl.record import dataclass, field

#: a body of a unit
Key = tuple[int, str]
#: how often a loop of a run-time length is taken to turn
TURNS = 16


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
                self.own[id(unit), key] = dict(turns(body))
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
            found.add(said(unit, body, call, use, tuple(wanted)) if wanted else ())
        return found.pop() if len(found) == 1 else None

    def _can(self, key: Key) -> bool:
        places = self.places.get(key, [])
        unit = next(each for each in self.units if id(each) == key[0])
        body = unit.bodies[key[1]]
        if not places or not all(outside(table.places, body) for table in self.tables[key]):
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


def _barred(unit: Unit, key: str, at: int) -> Place:
    nothing = d.Call((), (), d.Many(()))
    return Place(unit, key, at, nothing, False)
