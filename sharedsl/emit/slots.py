"""The further arguments of a module's calls, found from what its parts need in each application."""

from __future__ import annotations

from sharedsl.emit.hosts import Constant, Given, Host, Own, Ref, Slot
from sharedsl.emit.needs import Module, Need, Tensor, Turn
from sharedsl.model.sites import Path, Step
from sharedsl.record import dataclass, field


@dataclass(slots=True)
class Slots:
    """The further arguments of one host's calls, found from what its children need in each application."""

    host: Host
    found: list[tuple[list[Need], str, Path]] = field(default_factory=list)
    bases: dict[int, tuple[Path, ...]] = field(default_factory=dict)
    final: list[tuple[tuple[Need, ...], Slot]] = field(default_factory=list)

    def _inside(self, column: list[Need | None]) -> bool:
        first = column[0]
        if first is None or any(need != first for need in column):
            return first is None
        return isinstance(first, Turn) or first.path[: len(self.host.path)] == self.host.path

    def see(self, step: Step, column: list[Need | None]) -> None:
        if self._inside(column):
            return
        needs = [_bare(need) for need in column if need is not None]
        if any(known == needs for known, _, _ in self.found):
            return
        last = needs[0].path[-1].name if needs[0].path else "base"
        hint = needs[0].name if isinstance(needs[0], Tensor) else "turn" if isinstance(needs[0], Turn) else last
        self.found.append((needs, hint, (step.layer(),)))

    def settle(self) -> None:
        """Modules that stand at the same places in one other module are given as that module."""
        roots: dict[tuple[Path, ...], list[int]] = {}
        for number, (needs, _, place) in enumerate(self.found):
            bases = tuple(_base(need, place) for need in needs)
            if all(base is not None for base in bases):
                roots.setdefault(tuple(base for base in bases if base is not None), []).append(number)
        for bases, numbers in roots.items():
            if len(numbers) > 1:
                self.bases |= dict.fromkeys(numbers, bases)
        names: dict[str, None] = {}
        for number, (needs, hint, _) in enumerate(self.found):
            group = self.bases.get(number)
            given: tuple[Need, ...] = tuple(Module(base) for base in group) if group else tuple(needs)
            if all(known != given for known, _ in self.final):
                name = _unique("base" if group else hint, names)
                self.final.append((given, Slot(name, isinstance(given[0], Tensor))))

    def ref(self, column: list[Need | None]) -> Ref | None:
        first = column[0]
        if first is None:
            return None
        role = first.role if isinstance(first, Module) else None
        if isinstance(first, Turn) and self._inside(column):
            return Constant(first.number)
        if self._inside(column):
            below = first.path[len(self.host.path) :]
            return Own(below, role, first.name if isinstance(first, Tensor) else None)
        needs = [_bare(need) for need in column if need is not None]
        number = next(at for at, (known, _, _) in enumerate(self.found) if known == needs)
        group = self.bases.get(number)
        if group:
            given: tuple[Need, ...] = tuple(Module(base) for base in group)
            below = first.path[len(group[0]) :]
        else:
            given, below = tuple(needs), ()
        slot = next(at for at, (known, _) in enumerate(self.final) if known == given)
        return Given(slot, below, role)

    def slots(self) -> tuple[Slot, ...]:
        return tuple(slot for _, slot in self.final)

    def given(self, number: int) -> tuple[Need, ...]:
        return tuple(needs[number] for needs, _ in self.final)


def _bare(need: Need) -> Need:
    """What is handed on; what it is called for is the caller's business."""
    return Module(need.path) if isinstance(need, Module) else need


def _base(need: Need, place: Path) -> Path | None:
    """The module in which `need` stands at `place`."""
    if not isinstance(need, Module) or len(need.path) <= len(place):
        return None
    at = len(need.path) - len(place)
    return need.path[:at] if need.path[at:] == place else None


def _unique(name: str, taken: dict[str, None]) -> str:
    base, number = name, 2
    while name in taken:
        name, number = f"{base}_{number}", number + 1
    taken[name] = None
    return name
