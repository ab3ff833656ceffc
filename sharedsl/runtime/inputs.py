"""Inputs that a model accepts: run-time sizes that fit, whole numbers in range, masks with padded rows.

What fits is found by trying: the interpreter says which index was out of which range and which `require` failed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from sharedsl.model import dataflow as d
from sharedsl.model.poly import Poly
from sharedsl.model.tree import Model, Unit
from sharedsl.record import dataclass, field
from sharedsl.runtime.frames import RequireFailed
from sharedsl.runtime.shaping import OutOfRange
from sharedsl.runtime.twin import Twin

#: whole-number inputs that nothing looks up with stay below this
FREE_WHOLE_NUMBERS = 5
#: the largest whole number that is tried
LARGEST = 1 << 20
#: operations whose result differs from call to call
RANDOM_OPERATIONS = frozenset(("normal", "uniform", "trunc_normal"))


class NoInputs(Exception):
    """No inputs were found that the model accepts; the text says what the last ones failed on."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One call: a forward by name and what it is given."""

    entry: str | None
    given: dict[str, Any]
    left_out: tuple[str, ...] = ()

    def __str__(self) -> str:
        text = self.entry or "forward"
        return f"{text} without {', '.join(self.left_out)}" if self.left_out else text


def scenarios(model: Model, twin: Twin, seed: int) -> list[Scenario]:
    """Every named forward with all inputs given and, where some may be left out, once without them."""
    found = []
    for entry, key in model.entries.items():
        body = model.root.bodies[key]
        given = _inputs(body, entry, twin, seed, state_sizes(model))
        found.append(Scenario(entry, given))
        left_out = tuple(each.name for each in body.inputs if _may_be_left_out(each))
        if left_out:
            found.append(Scenario(entry, {k: v for k, v in given.items() if k not in left_out}, left_out))
    return found


def _may_be_left_out(each: d.Input) -> bool:
    if isinstance(each.type, d.Tensor) and each.type.optional:
        return True
    return each.default is not None and not _is_random(each.default)


def _is_random(expr: d.Expr | None) -> bool:
    if not isinstance(expr, d.Op):
        return False
    return expr.op in RANDOM_OPERATIONS or any(_is_random(arg) for arg in expr.args)


def state_sizes(model: Model) -> set[str]:
    """Run-time sizes that say how long a sequence is so far: nothing, where it begins.

    A mask over all keys mentions the states of the layers inside, unless an input of the model binds the same name.
    """
    bound = {
        name
        for key in model.entries.values()
        for name, (source, _) in model.root.bodies[key].sizes
        if not source.startswith("state:")
    }
    inside = {spec.size_name for unit in _units(model.root, {}) for spec in unit.states.values() if spec.size_name}
    states = model.root.states.values()
    own = {each.name for each in states if each.type is None} | {each.size_name for each in states if each.size_name}
    return own | (inside - bound)


def _units(unit: Unit, seen: dict[int, Unit]) -> list[Unit]:
    """The unit and everything inside it, each once."""
    if id(unit) not in seen:
        seen[id(unit)] = unit
        for child in unit.children.values():
            for each in child.units:
                _units(each, seen)
    return list(seen.values())


def _inputs(body: d.Body, entry: str | None, twin: Twin, seed: int, states: set[str]) -> dict[str, Any]:
    problem: Exception | None = None
    for sizes in _size_choices([name for name in _size_names(body) if name not in states]):
        made = _Maker(body, sizes | dict.fromkeys(states, 0), seed)
        try:
            for name in made.whole_numbers():
                made.limits[name] = _limit(made, name, entry, twin)
            _attempt(twin, entry, made.all())
            return made.all()
        except (RequireFailed, OutOfRange, RuntimeError, ValueError, IndexError) as failed:
            problem = failed
    raise NoInputs(f"no inputs for {entry or 'forward'} were found; the last ones: {problem}")


def _attempt(twin: Twin, entry: str | None, inputs: dict[str, Any]) -> None:
    with torch.no_grad():
        twin.run(entry, inputs)


def _limit(made: _Maker, name: str, entry: str | None, twin: Twin) -> int:
    """One more than the largest number that every entry of an input may hold, found by asking too much."""
    highest = LARGEST
    while highest > 0:
        try:
            _attempt(twin, entry, made.all({name: highest}))
            return highest + 1 if highest < LARGEST else FREE_WHOLE_NUMBERS
        except OutOfRange as beyond:
            over = beyond.index - beyond.rows + 1
            highest = highest - over if 0 < over <= highest else highest // 2
    return 1


def _size_names(body: d.Body) -> list[str]:
    names: dict[str, None] = {}
    for each in body.inputs:
        dims = each.type.dims if isinstance(each.type, d.Tensor) else ()
        for size in (*dims, *([each.size] if each.size is not None else [])):
            if isinstance(size.ground, Poly):
                names.update(dict.fromkeys(sorted(size.ground.names())))
    return list(names)


def _size_choices(names: list[str]) -> Iterator[dict[str, int]]:
    """Two in a batch and different lengths first, so that mixed-up axes show; then alike, larger and smaller."""
    different = (5, 4, 6, 7, 3, 9, 8, 10)
    rest = [name for name in names if name != "B"]
    yield {"B": 2} | {name: different[at % len(different)] for at, name in enumerate(rest)}
    yield {"B": 2} | {name: different[-1 - at % len(different)] for at, name in enumerate(rest)}
    for length in (8, 16, 32, 64, 4, 3, 2, 1):
        yield {"B": 2} | dict.fromkeys(rest, length)
    yield dict.fromkeys(names, 1)


@dataclass(slots=True)
class _Maker:
    """Makes the inputs of one body at given run-time sizes; the same ones for the same seed."""

    body: d.Body
    sizes: dict[str, int]
    seed: int
    limits: dict[str, int] = field(default_factory=dict)

    def whole_numbers(self) -> list[str]:
        return [
            each.name
            for each in self.body.inputs
            if each.size is None and isinstance(each.type, d.Tensor) and each.type.dtype == "int"
        ]

    def all(self, filled: dict[str, int] | None = None) -> dict[str, Any]:
        """Every input; those in `filled` hold that number everywhere, other whole ones 0 while they have no limit."""
        generator = torch.Generator().manual_seed(self.seed)
        made: dict[str, Any] = {}
        for each in self.body.inputs:
            if each.size is not None:
                made[each.name] = self._number(each)
            elif isinstance(each.type, d.Tensor):
                made[each.name] = self._tensor(each.name, each.type, generator, filled or {})
        return made

    def _number(self, each: d.Input) -> int:
        assert each.size is not None
        if isinstance(each.size.ground, int):
            return each.size.ground
        return self.sizes.get(str(each.size.ground), 3)

    def _tensor(self, name: str, kind: d.Tensor, generator: torch.Generator, filled: dict[str, int]) -> Tensor:
        shape = [
            size.ground if isinstance(size.ground, int) else size.ground.evaluate(self.sizes) for size in kind.dims
        ]
        if kind.dtype == "bool":
            return padded_mask(shape)
        if kind.dtype == "float":
            return torch.randn(shape, generator=generator, dtype=torch.float64)
        if name in filled:
            return torch.full(shape, filled[name], dtype=torch.long)
        return torch.randint(0, self.limits.get(name, 1), shape, generator=generator)


def padded_mask(shape: list[int]) -> Tensor:
    """True up to a length of each row: the first row is full, the later ones end earlier, none is empty."""
    length = shape[-1] if shape else 1
    rows = torch.zeros(shape, dtype=torch.bool).reshape(-1, length)
    each = max(1, rows.shape[0] // max(1, shape[0] if len(shape) > 1 else 1))
    for at in range(rows.shape[0]):
        rows[at, : max(1, length - 2 * (at // each))] = True
    return rows.reshape(shape)
