"""Carries a plan's `reuse` lines out on a model: producers hand values out, consumers take them in, lose the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sharedsl.analysis.collect import Walker
from sharedsl.analysis.reuse_bodies import rewritten
from sharedsl.analysis.reuse_misfits import Refused
from sharedsl.analysis.reuse_wishes import Wish, root_wish
from sharedsl.diagnostics import Diagnostic, error
from sharedsl.model import dataflow as d
from sharedsl.model.flowing import calls, nodes, step_of
from sharedsl.model.reuses import ReuseEdit
from sharedsl.model.sites import Step
from sharedsl.model.tree import Model, Unit
from sharedsl.record import dataclass, field, replace

#: a body of a unit, and what is wished of it
Demand = tuple[str, Wish]


def reused(model: Model, edits: tuple[ReuseEdit, ...]) -> tuple[Model | None, list[Diagnostic]]:
    """The model with the edits carried out; the sites that nothing reads any more are gone."""
    shop = Reusing(model)
    try:
        return shop.run(edits), []
    except Refused as problem:
        edit = next((each for each in edits if each.name == problem.name), edits[0])
        return None, [error(problem.code, problem.message, edit.span, "", *problem.also, help=problem.help)]


@dataclass(slots=True)
class Reusing:
    """The workshop: bodies by what is wished of them, and the units that are made of them."""

    model: Model
    bodies: dict[tuple[int, str, Wish], d.Body] = field(default_factory=dict)
    #: new bodies of a unit, and what they were made for
    made: dict[tuple[int, str], Demand] = field(default_factory=dict)
    numbers: Counter[tuple[int, str]] = field(default_factory=Counter)
    units: dict[tuple[int, frozenset[Demand]], Unit] = field(default_factory=dict)

    def run(self, edits: tuple[ReuseEdit, ...]) -> Model:
        root = self.model.root
        demands: set[Demand] = set()
        for key in self.model.entries.values():
            reached = self._steps(root, key)
            inside = [each for each in edits if each.consumer[0] in reached and each.producer[0] in reached]
            demands.add((key, root_wish(inside)))
            if inside:
                self.bodies[id(root), key, root_wish(inside)] = rewritten(
                    self, root, root.bodies[key], root_wish(inside), True
                )
        new = self.unit(root, frozenset(demands))
        sites = Walker().sites(new, tuple(self.model.entries.values()))
        return replace(self.model, root=new, sites=sites)

    def _steps(self, unit: Unit, key: str) -> set[Step]:
        found: set[Step] = set()
        for call in calls(unit.bodies[key].statements):
            if isinstance(call, d.Call):
                found |= {step_of(use) for use in call.uses}
            else:
                found |= self._steps(unit, call.body)
        return found

    def body(self, unit: Unit, key: str, wish: Wish) -> d.Body:
        """A part's body for a wish, under a name of its own."""
        at = (id(unit), key, wish)
        if at not in self.bodies:
            made = rewritten(self, unit, unit.bodies[key], wish, False)
            self.numbers[id(unit), key] += 1
            name = f"{key}:{self.numbers[id(unit), key]}"
            self.made[id(unit), name] = (key, wish)
            self.bodies[at] = replace(made, key=name)
        return self.bodies[at]

    # ------------------------------------------------------------------------ units

    def unit(self, unit: Unit, demands: frozenset[Demand]) -> Unit:
        """The unit with the bodies that are wanted of it, and the parts that these still need."""
        if all(wish.empty for _, wish in demands):
            return unit
        at = (id(unit), demands)
        if at not in self.units:
            self.units[at] = self._unit(unit, demands)
        return self.units[at]

    def _unit(self, unit: Unit, demands: frozenset[Demand]) -> Unit:
        bodies: dict[str, d.Body] = {}
        old: dict[str, d.Body] = {}
        queue = sorted(demands, key=lambda each: (each[0], repr(each[1])))
        while queue:
            key, wish = queue.pop(0)
            body = unit.bodies[key] if wish.empty else self.bodies[id(unit), key, wish]
            if body.key not in bodies:
                bodies[body.key], old[key] = body, unit.bodies[key]
                queue += [(each.body, Wish()) for each in calls(body.statements) if isinstance(each, d.CallSelf)]
        now, before = _Mentions(bodies), _Mentions(old)
        new = replace(
            unit,
            bodies=bodies,
            weights={name: each for name, each in unit.weights.items() if now.keeps(before, name, "weights")},
            buffers={name: each for name, each in unit.buffers.items() if now.keeps(before, name, "buffers")},
            states={name: each for name, each in unit.states.items() if now.keeps(before, name, "states")},
            variant=_variant(demands),
            borrowed=tuple(name for name in unit.states if not now.keeps(before, name, "states")),
        )
        new.doc = _doc(unit, new.variant, demands)
        new.children = {}
        asked = self._asked(unit, bodies)
        for name, child in unit.children.items():
            if not now.keeps(before, name, "children"):
                continue
            units = tuple(
                self.unit(each, frozenset(asked.get((name, index if child.stacked else None), ())))
                for index, each in enumerate(child.units)
            )
            new.children[name] = replace(child, units=units)
        return new

    def _asked(self, unit: Unit, bodies: dict[str, d.Body]) -> dict[tuple[str, int | None], set[Demand]]:
        """By part: the bodies that are called."""
        found: dict[tuple[str, int | None], set[Demand]] = {}
        for call in calls(tuple(body.statements for body in bodies.values())):
            for use in call.uses if isinstance(call, d.Call) else ():
                if use.body is not None:
                    child = unit.child(step_of(use))
                    demand = self.made.get((id(child), use.body), (use.body, Wish()))
                    found.setdefault((use.child, use.index), set()).add(demand)
        return found


class _Mentions:
    """What some bodies of a unit make use of."""

    def __init__(self, bodies: dict[str, d.Body]) -> None:
        self.children: set[str] = set()
        self.weights: set[str] = set()
        self.buffers: set[str] = set()
        self.states: set[str] = set()
        for body in bodies.values():
            self.states |= {name for name, _ in body.states}
            for each in nodes(body.statements):
                match each:
                    case d.Use():
                        self.children.add(each.child)
                    case d.Weight():
                        self.weights.add(each.name)
                    case d.Buffer():
                        self.buffers.add(each.name)

    def keeps(self, before: _Mentions, name: str, kind: str) -> bool:
        """Whether it is still needed, or was never needed by these bodies."""
        return name in getattr(self, kind) or name not in getattr(before, kind)


def _doc(unit: Unit, variant: str, demands: frozenset[Demand]) -> str:
    """What the unit's class says of itself."""
    if not variant:
        return unit.doc
    places = [place for _, wish in demands for place in (wish.inputs.values() if variant == "Reader" else wish.exports)]
    wanted = {name for _, name in places}
    names = [f"`{name}`" for name in dict.fromkeys(_assigned(unit)) if name in wanted]
    words = " and ".join([*([", ".join(names[:-1])] if names[1:] else []), names[-1]])
    if variant == "Reader":
        return f"{unit.name} that reads another layer's {words}."
    return f"{unit.name} whose {words} other layers read too."


def _assigned(unit: Unit) -> Iterator[str]:
    """The names that a unit's forwards assign, and those of its layers, as they stand in the text."""
    for body in unit.bodies.values():
        for each in nodes(body.statements):
            yield from each.targets if isinstance(each, d.Assign) else [each.state] if isinstance(each, d.Keep) else ()
    for child in unit.children.values():
        for inner in {id(one): one for one in child.units}.values():
            yield from _assigned(inner)


def _variant(demands: frozenset[Demand]) -> str:
    """A word for what became of a unit: it reads others' values, or hands out its own."""
    if any(wish.imports for _, wish in demands):
        return "Reader"
    return "Writer" if any(wish.exports for _, wish in demands) else ""
