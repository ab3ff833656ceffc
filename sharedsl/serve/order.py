"""In which order the main forward applies layers. Sites stand in the order of the text; a picture wants this one."""

from __future__ import annotations

from sharedsl.analysis.budget.uses import main_entry, walk
from sharedsl.model import dataflow as d
from sharedsl.model.flowing import step_of
from sharedsl.model.sites import Step
from sharedsl.model.tree import Model, Unit
from sharedsl.record import dataclass, field


@dataclass(slots=True)
class Applied:
    """What one application applies in turn. `loop` says what runs it many times: `while` or `scan`."""

    below: dict[Step, Applied] = field(default_factory=dict)
    loop: str = ""

    def at(self, step: Step) -> Applied:
        return self.below.get(step, NOTHING)


NOTHING = Applied()


def execution(model: Model) -> Applied:
    entry = main_entry(model)
    return _Walk({}).body(model.root, entry, "") if entry is not None else Applied()


@dataclass(slots=True)
class _Walk:
    known: dict[tuple[int, str, str], Applied]

    def body(self, unit: Unit, key: str, loop: str) -> Applied:
        at = (id(unit), key, loop)
        if at not in self.known:
            found = self.known[at] = Applied(loop=loop)
            self._statements(unit, unit.bodies[key].statements, found, "")
        return self.known[at]

    def _statements(self, unit: Unit, statements: tuple[d.Statement, ...], found: Applied, loop: str) -> None:
        for each in statements:
            match each:
                case d.Assign() | d.Keep():
                    self._value(unit, each.value, found, loop)
                case d.Return():
                    for value in each.values:
                        self._value(unit, value, found, loop)
                case d.Loop():
                    for turn in each.turns:
                        self._statements(unit, turn, found, loop)
                case d.While():
                    if each.condition is not None:
                        self._value(unit, each.condition, found, "while")
                    self._statements(unit, each.body, found, "while")
                case d.Present():
                    self._statements(unit, each.then, found, loop)
                    self._statements(unit, each.other, found, loop)
                case d.Check():
                    pass

    def _value(self, unit: Unit, expr: d.Expr, found: Applied, loop: str) -> None:
        def visit(part: d.Expr) -> None:
            if isinstance(part, d.Call):
                here = "scan" if part.scan is not None else loop
                for use in part.uses:
                    child = unit.children[use.child].units[use.index or 0]
                    below = Applied(loop=here) if use.body is None else self.body(child, use.body, here)
                    found.below.setdefault(step_of(use), below)
            elif isinstance(part, d.CallSelf):
                for step, below in self.body(unit, part.body, loop).below.items():
                    found.below.setdefault(step, below)

        walk(expr, visit)
