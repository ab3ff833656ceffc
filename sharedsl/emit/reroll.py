"""Finds the loop again: the same statements n times, different only in indices, become one `for`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from sharedsl import pytree as py
from sharedsl.emit.elements import Container, Orders, elements_in_order, index_in_terms
from sharedsl.emit.rewriting import contains, replace
from sharedsl.emit.templates import Hole, Turn, Unlike, unify
from sharedsl.record import dataclass


def reroll(
    turns: Sequence[Turn],
    containers: dict[py.Expr, Container],
    names: tuple[str, ...],
    count: py.Expr | None,
    orders: Orders,
    variables: Mapping[py.Expr, str] | None = None,
) -> list[py.Stmt]:
    """The turns as loops where they are alike. `count`: how the code writes the number of turns; `variables`: what the
    spec calls the elements of a container in this loop.
    """
    variables = variables or {}
    if len(turns) < 2:
        return [statement for turn in turns for statement in turn]
    whole = _Roller(containers, names, count, orders, len(turns), variables)
    found = whole.roll(turns)
    if found is not None:
        return found
    runs = _runs(turns)
    if len(runs) <= 3:
        return [each for run in runs for each in reroll(run, containers, names, None, orders, variables)]
    found = whole.roll(turns, ordered=True)
    if found is not None:
        return found
    from sharedsl.emit.kinds import blocks_of, branched

    result: list[py.Stmt] = []
    blocks = blocks_of(turns)
    if len(blocks) > 1 and len(blocks) <= len(turns) // 2:
        return [each for block in blocks for each in reroll(block, containers, names, None, orders, variables)]
    segments = _segments(turns)
    found = branched(turns, containers, orders, names[-1], variables) if len(segments) > 3 else None
    if found is not None:
        return found
    for segment in segments:
        result.extend(_Roller(containers, names, None, orders, len(segment), variables).best(segment))
    return result


def _runs(turns: Sequence[Turn]) -> list[Sequence[Turn]]:
    runs: list[list[Turn]] = []
    for turn in turns:
        if runs and runs[-1][-1] == turn:
            runs[-1].append(turn)
        else:
            runs.append([turn])
    return list(runs)


def _segments(turns: Sequence[Turn]) -> list[Sequence[Turn]]:
    """The longest alike stretches, from the left."""
    segments: list[Sequence[Turn]] = []
    start = 0
    while start < len(turns):
        end = start + 1
        while end < len(turns) and _alike(turns[start], turns[end]):
            end += 1
        segments.append(turns[start:end])
        start = end
    return segments


def _alike(one: Turn, other: Turn) -> bool:
    try:
        unify([one, other], [])
    except Unlike:
        return False
    return True


@dataclass(slots=True)
class _Roller:
    containers: dict[py.Expr, Container]
    names: tuple[str, ...]
    count: py.Expr | None
    orders: Orders
    turns: int
    variables: Mapping[py.Expr, str]

    def best(self, turns: Sequence[Turn]) -> list[py.Stmt]:
        if len(turns) == 1:
            return list(turns[0])
        return self.roll(turns) or self.roll(turns, ordered=True) or [s for turn in turns for s in turn]

    def roll(self, turns: Sequence[Turn], ordered: bool = False) -> list[py.Stmt] | None:
        sequences: list[tuple[object, ...]] = []
        try:
            template = unify(list(turns), sequences)
        except Unlike:
            return None
        if not sequences:
            return [py.For(py.Name("_"), self._range(0, len(turns)), template)]
        if ordered:
            return self._ordered(template, sequences)
        period = _period(sequences)
        if period is not None:
            inner = _Roller(self.containers, self.names, None, self.orders, period, self.variables).roll(turns[:period])
            if inner is not None:
                times = py.Const(len(turns) // period)
                return [py.For(py.Name("_"), _call("range", times), tuple(inner))]
        return (
            self._overelements_in_order(template, sequences)
            or self._stretched(turns, sequences)
            or self._nested(turns, sequences)
            or self._counted(template, sequences)
        )

    def _range(self, start: int, stop: int) -> py.Expr:
        end = self.count if self.count is not None and stop == self.turns else py.Const(stop)
        return _call("range", end) if start == 0 else _call("range", py.Const(start), end)

    def _overelements_in_order(self, template: Turn, sequences: list[tuple[object, ...]]) -> list[py.Stmt] | None:
        """`for layer in self.layers`: every index is an element of one container, in order."""
        values = tuple(int(str(value)) for value in sequences[0])
        together = self._side_by_side(template, sequences, values)
        if together is not None:
            return together
        for container, known in self.containers.items():
            place = py.Index(container, Hole(0))  # type: ignore[arg-type]
            if not contains(template, place):
                continue
            source = elements_in_order(container, known, values)
            if source is None:
                continue
            name = self.variables.get(container, self.names[-1])
            body = replace(template, place, py.Name(name))
            rest = [number for number in range(len(sequences)) if contains(body, Hole(number))]
            if not rest:
                return [py.For(py.Name(name), source, body)]
            if len(rest) == 1 and sequences[rest[0]] == tuple(range(len(values))):
                body = replace(body, Hole(rest[0]), py.Name("i"))
                return [py.For(py.TupleExpr((py.Name("i"), py.Name(name))), _call("enumerate", source), body)]
        return None

    def _side_by_side(
        self, template: Turn, sequences: list[tuple[object, ...]], values: tuple[int, ...]
    ) -> list[py.Stmt] | None:
        """`for gate, tower in zip(self.gates, self.towers)`: several containers, element by element."""
        sources: list[py.Expr] = []
        names: list[py.Expr] = []
        body = template
        for container, name in self.variables.items():
            place = py.Index(container, Hole(0))  # type: ignore[arg-type]
            if container not in self.containers or not contains(template, place):
                continue
            source = elements_in_order(container, self.containers[container], values)
            if source is None:
                return None
            sources.append(source)
            names.append(py.Name(name))
            body = replace(body, place, names[-1])
        if len(sources) < 2 or any(contains(body, Hole(number)) for number in range(len(sequences))):
            return None
        return [py.For(py.TupleExpr(tuple(names)), _call("zip", *sources), body)]

    def _stretched(self, turns: Sequence[Turn], sequences: list[tuple[object, ...]]) -> list[py.Stmt] | None:
        """`0 0 1 1 2 2`: each element several times in a row."""
        runs = _runs(turns)
        times = len(runs[0])
        if times == 1 or any(len(run) != times for run in runs):
            return None
        inner = py.For(py.Name("_"), _call("range", py.Const(times)), ())
        bodies = [(py.For(inner.target, inner.source, run[0]),) for run in runs]
        return _Roller(self.containers, self.names, None, self.orders, len(bodies), self.variables).roll(bodies)

    def _nested(self, turns: Sequence[Turn], sequences: list[tuple[object, ...]]) -> list[py.Stmt] | None:
        """`for i in range(2): for layer in self.layers: x = layer(x, i)`: runs that differ by what stays in each."""
        length = next((n for n in range(2, len(turns) // 2 + 1) if _repeats(sequences, n, len(turns))), None)
        if length is None:
            return None
        runs = []
        for start in range(0, len(turns), length):
            inner = _Roller(self.containers, self.names, None, self.orders, length, self.variables)
            run = inner.roll(turns[start : start + length])
            if run is None or contains(tuple(run), py.Name("i")):
                return None
            runs.append(tuple(run))
        return _Roller(self.containers, self.names, None, self.orders, len(runs), self.variables).roll(runs)

    def _counted(self, template: Turn, sequences: list[tuple[object, ...]]) -> list[py.Stmt] | None:
        """`for i in range(n)`, every index a simple function of i."""
        if any(isinstance(value, str) for values in sequences for value in values):
            return None
        start = next((values[0] for values in sequences if _steps(values)), None)
        if not isinstance(start, int):
            return None
        turns = len(sequences[0])
        body: Any = template
        for number, values in enumerate(sequences):
            index = index_in_terms(tuple(int(str(value)) for value in values), start)
            if index is None:
                return None
            body = replace(body, Hole(number), index)
        stop = start + turns
        end = self.count if self.count is not None and start == 0 else py.Const(stop)
        source = _call("range", end) if start == 0 else _call("range", py.Const(start), end)
        return [py.For(py.Name("i"), source, body)]

    def _ordered(self, template: Turn, sequences: list[tuple[object, ...]]) -> list[py.Stmt]:
        names = ("i", "j", "k", "m", "n", "p", "q", "r")[: len(sequences)]
        if len(sequences) > len(names):
            names = tuple(f"i{number}" for number in range(len(sequences)))
        body: Any = template
        for number, name in enumerate(names):
            body = replace(body, Hole(number), py.Name(name))
        if len(sequences) == 1:
            return [py.For(py.Name("i"), py.Name(self.orders.name(sequences[0], "ORDER")), body)]
        rows = tuple(zip(*sequences, strict=True))
        target = py.TupleExpr(tuple(py.Name(name) for name in names))
        return [py.For(target, py.Name(self.orders.name(rows, "ORDER")), body)]


def _call(name: str, *args: py.Expr) -> py.Expr:
    return py.Call(py.Name(name), args)


def _steps(values: tuple[object, ...]) -> bool:
    return all(isinstance(value, int) for value in values) and all(
        int(str(b)) - int(str(a)) == 1 for a, b in pairwise(values)
    )


def _period(sequences: list[tuple[object, ...]]) -> int | None:
    """The shortest stretch that the sequences repeat a whole number of times."""
    turns = len(sequences[0])
    for period in range(2, turns // 2 + 1):
        if turns % period == 0 and all(values == values[:period] * (turns // period) for values in sequences):
            return period
    return None


def _repeats(sequences: list[tuple[object, ...]], length: int, turns: int) -> bool:
    """Whether stretches of this length are alike in some sequences, and nothing changes inside them in the others."""
    if turns % length:
        return False
    alike = [values == values[:length] * (turns // length) for values in sequences]
    still = [all(values[at] == values[at - at % length] for at in range(turns)) for values in sequences]
    return any(alike) and all(a or b for a, b in zip(alike, still, strict=True))
