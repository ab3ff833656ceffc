"""Why a value cannot be handed on as a line of `reuse` wants it."""

from __future__ import annotations

from sharedsl.analysis.reuse_wishes import Place
from sharedsl.diagnostics import Label
from sharedsl.model import dataflow as d
from sharedsl.model.flowing import step_of
from sharedsl.model.tree import Unit
from sharedsl.source import Span


class Refused(Exception):
    """A value cannot be handed on: a code, a message, a way out, the value's name, and the other places."""

    def __init__(self, code: str, message: str, help: str, name: str, also: tuple[Label, ...] = ()) -> None:
        super().__init__(message)
        self.code, self.message, self.help, self.name, self.also = code, message, help, name, also


def misfit(unit: Unit, use: d.Use, source: Place, message: str) -> Refused:
    """What is handed on has not the shape that is read: where the reader stands, and where the value is computed."""
    path, name = source
    also = [Label(unit.children[use.child].span, f"`{step_of(use)}`, which would read it, is declared here")]
    maker = unit
    for step in path:
        maker = maker.child(step)
    place = _assigned(maker, name)
    if place is not None:
        also.append(Label(place, f"`{name}` gets its value here"))
    return Refused("shape", message, "reuse values across layers of equal sizes", name, tuple(also))


def _assigned(unit: Unit, name: str) -> Span | None:
    """Where the forwards of a unit give a name its last value."""
    statements = [each for body in unit.bodies.values() for each in body.statements if isinstance(each, d.Assign)]
    return next((each.span for each in reversed(statements) if name in each.targets), None)
