"""The module plan, printed: which modules the file has, what they own, and what their calls are given."""

from __future__ import annotations

from typing import Any

from sharedsl import pytree as py
from sharedsl.emit.classes import Classes
from sharedsl.emit.hoisting import hoisted
from sharedsl.emit.planner import layout
from sharedsl.model.sites import key
from sharedsl.record import dataclass


@dataclass(frozen=True, slots=True)
class ModuleRow:
    """One module: its path in the code, its class, its parameters, how often it is called, what it is given."""

    path: str
    kind: str
    parameters: tuple[str, ...]
    applications: int
    given: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ModulePlan:
    name: str
    modules: tuple[ModuleRow, ...]

    def __str__(self) -> str:
        lines = [f"modules of {self.name}"]
        for row in self.modules:
            text = f"  {row.path or '(model)'}: {row.kind}"
            if row.parameters:
                text += " owns " + ", ".join(row.parameters)
            if row.given:
                text += " is given " + ", ".join(row.given)
            lines.append(text)
        return "\n".join(lines)


def module_plan(compiled: Any) -> ModulePlan:
    """For `dump --stage modules`."""
    plan = layout(hoisted(compiled.model), compiled.solved)
    classes = Classes(plan, py.CodeContext(), compiled.name).run()
    rows: list[ModuleRow] = []
    for path in sorted(plan.hosts, key=lambda path: (len(path) > 0, [(s.name, s.index or 0) for s in path])):
        host, each = plan.hosts[path], classes.of.get(path)
        rows.append(
            ModuleRow(
                key(path),
                each.name if each is not None else f"nn.{host.unit.name}",
                tuple(storage.name for storage in host.owned),
                len(host.apps),
                tuple(slot.name for slot in host.slots),
            )
        )
    return ModulePlan(compiled.name, tuple(rows))
