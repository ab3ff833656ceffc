"""The applications of a model in the order in which they run."""

from __future__ import annotations

from sharedsl.model import dataflow as d
from sharedsl.model.flowing import calls, step_of
from sharedsl.model.sites import Path
from sharedsl.model.tree import Model, Unit
from sharedsl.record import dataclass


@dataclass(frozen=True, slots=True)
class Application:
    """One reaching of a block: where, which unit, and which of its bodies."""

    path: Path
    unit: Unit
    body: d.Body
    #: the forward of the model that reaches it
    entry: str | None


def reached(model: Model, entry: str | None) -> list[Application]:
    """The blocks that a forward of the model reaches, each before what is inside it."""
    found: list[Application] = []
    _follow(Application((), model.root, model.root.bodies[model.entries[entry]], entry), found)
    return found


def _follow(this: Application, found: list[Application]) -> None:
    found.append(this)
    unit = this.unit
    for call in calls(this.body.statements):
        if isinstance(call, d.CallSelf):
            _follow(Application(this.path, unit, unit.bodies[call.body], this.entry), found)
            continue
        for use in call.uses:
            if use.body is not None:
                child = unit.child(step_of(use))
                _follow(Application((*this.path, step_of(use)), child, child.bodies[use.body], this.entry), found)
