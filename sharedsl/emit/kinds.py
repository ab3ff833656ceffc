"""Stacks whose elements are of a few kinds that take turns: one loop with an `if`, one list with a condition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sharedsl import pytree as py
from sharedsl.emit.elements import Container, Orders, elements_in_order
from sharedsl.emit.rewriting import contains, replace
from sharedsl.emit.templates import Hole, Turn, Unlike, unify
from sharedsl.record import dataclass

#: more kinds than these in one loop read worse than the turns themselves
MOST = 4
#: longer lists of positions become a constant of the file
INLINE = 12

I = py.Name("i")  # noqa: E741


@dataclass(slots=True)
class _Kind:
    """Turns that are alike: where they are, what they have in common, and what stands in the holes of that."""

    at: list[int]
    template: Turn = ()
    sequences: tuple[tuple[object, ...], ...] = ()


def blocks_of(turns: Sequence[Turn]) -> list[Sequence[Turn]]:
    """The turns cut wherever no kind goes on beyond the cut."""
    kinds = _kinds(turns)
    last = {at: kind.at[-1] for kind in kinds for at in kind.at}
    if len(last) < len(turns):  # nearly all are unlike
        return [turns]
    found: list[Sequence[Turn]] = []
    start = end = 0
    for at in range(len(turns)):
        end = max(end, last[at])
        if at == end:
            found.append(turns[start : at + 1])
            start = end = at + 1
    return found


def branched(
    turns: Sequence[Turn],
    containers: Mapping[py.Expr, Container],
    orders: Orders,
    name: str,
    variables: Mapping[py.Expr, str],
) -> list[py.Stmt] | None:
    """`for i, layer in enumerate(self.layers)`, with an `if` that tells the kinds apart."""
    kinds = _kinds(turns)
    if not 2 <= len(kinds) <= MOST or len(turns) < 3:
        return None
    found = _element(kinds, containers)
    if found is None:
        return None
    container, shift = found
    first = shift
    everything = tuple(range(first, first + len(turns)))
    source = elements_in_order(container, containers[container], everything)
    if source is None:
        return None
    word = variables.get(container, name)
    bodies: list[tuple[tuple[int, ...], Turn]] = []
    for kind in kinds:
        body = _body(kind, container, shift, word)
        if body is None:
            return None
        bodies.append((tuple(at + shift for at in kind.at), body))
    tests = [condition(places, everything, orders) for places, _ in bodies]
    *others, rest = sorted(range(len(bodies)), key=lambda at: _plainness(tests[at]))
    branch = py.If(
        tests[others[0]], bodies[others[0]][1], tuple((tests[at], bodies[at][1]) for at in others[1:]), bodies[rest][1]
    )
    counted = py.Call(py.Name("enumerate"), (source,) if first == 0 else (source, py.Const(first)))
    return [py.For(py.TupleExpr((I, py.Name(word))), counted, (branch,))]


def listed(made: Sequence[py.Expr], length: py.Expr, orders: Orders) -> py.Expr | None:
    """`a(..) if i % 2 == 0 else b(..) for i in range(n)`, part by part; None where that says no less than the list."""
    parts = _closed(made)
    if len(parts) == 1:
        return _comprehension(made, 0, length, orders) if len(set(made)) <= MOST else None
    found: list[py.Expr] = []
    start = 0
    for part in parts:
        stop = py.Const(start + len(part))
        kinds = len(set(part))
        if kinds > MOST:
            return None
        if len(part) == 1:
            last = found[-1] if found and isinstance(found[-1], py.ListExpr) else None
            found[-1:] = [py.ListExpr((*last.items, part[0]))] if last else [*found[-1:], py.ListExpr((part[0],))]
        elif kinds == 1:
            found.append(py.ListComp(part[0], py.Name("_"), py.Call(py.Name("range"), (py.Const(len(part)),))))
        else:
            inner = _comprehension(part, start, stop, orders)
            if inner is None:
                return None
            found.append(py.ListComp(inner.element, inner.target, inner.source))
        start += len(part)
    if len(found) > 6 or 2 * len(found) > len(made):
        return None
    total = found[0]
    for each in found[1:]:
        total = py.Binary("+", total, each)
    return total


def _closed(made: Sequence[py.Expr]) -> list[Sequence[py.Expr]]:
    """The list cut wherever no kind goes on beyond the cut."""
    last = {each: at for at, each in enumerate(made)}
    found: list[Sequence[py.Expr]] = []
    start = end = 0
    for at, each in enumerate(made):
        end = max(end, last[each])
        if at == end:
            found.append(made[start : at + 1])
            start = at + 1
            end = start
    return found


def _comprehension(made: Sequence[py.Expr], start: int, stop: py.Expr, orders: Orders) -> py.Generator | None:
    kinds: dict[py.Expr, list[int]] = {}
    for at, each in enumerate(made, start):
        kinds.setdefault(each, []).append(at)
    if len(made) <= len(kinds) + 1:
        return None
    everything = tuple(range(start, start + len(made)))
    tests = {code: condition(tuple(places), everything, orders) for code, places in kinds.items()}
    *others, rest = sorted(kinds, key=lambda code: _plainness(tests[code]))
    code = rest
    for each in reversed(others):
        code = py.Ternary(tests[each], each, code)
    bounds = (stop,) if start == 0 else (py.Const(start), stop)
    return py.Generator(code, I, py.Call(py.Name("range"), bounds))


def condition(places: tuple[int, ...], everything: tuple[int, ...], orders: Orders) -> py.Expr:
    """What is true of `i` at some places of all, and at no others."""
    if len(places) == 1:
        return py.Compare(I, "==", py.Const(places[0]))
    if places == everything[: len(places)]:
        return py.Compare(I, "<", py.Const(places[-1] + 1))
    if places == everything[-len(places) :]:
        return py.Compare(I, ">=", py.Const(places[0]))
    for n in range(2, len(everything) // 2 + 1):
        if places == tuple(i for i in everything if i % n == places[0] % n):
            return py.Compare(py.Binary("%", I, py.Const(n)), "==", py.Const(places[0] % n))
    for n in range(2, len(everything) // 2 + 1):
        left = [i for i in everything if i not in places]
        if left and tuple(left) == tuple(i for i in everything if i % n == left[0] % n):
            return py.Compare(py.Binary("%", I, py.Const(n)), "!=", py.Const(left[0] % n))
    if len(places) <= INLINE:
        return py.Compare(I, "in", py.TupleExpr(tuple(py.Const(each) for each in places)))
    return py.Compare(I, "in", py.Name(orders.name(places, "PLACES")))


def _plainness(test: py.Expr) -> int:
    """Tests by how much they say; the longest one is left to `else`."""
    assert isinstance(test, py.Compare)
    if test.op != "in":
        return 1 if test.op == "!=" else 0
    return 2 + (len(test.right.items) if isinstance(test.right, py.TupleExpr) else 100)


def _kinds(turns: Sequence[Turn]) -> list[_Kind]:
    kinds: list[_Kind] = []
    for at, turn in enumerate(turns):
        for kind in kinds:
            try:
                unify([turns[kind.at[0]], turn], [])
            except Unlike:
                continue
            kind.at.append(at)
            break
        else:
            kinds.append(_Kind([at]))
            if len(kinds) > len(turns) // 2 + MOST:
                break
    for kind in kinds:
        sequences: list[tuple[object, ...]] = []
        kind.template = unify([turns[at] for at in kind.at], sequences)
        kind.sequences = tuple(sequences)
    return kinds


def _element(kinds: list[_Kind], containers: Mapping[py.Expr, Container]) -> tuple[py.Expr, int] | None:
    """The list of modules that all turns go along, and the number of the first turn's element."""
    for container in containers:
        shifts: set[int] = set()
        for kind in kinds:
            for number, values in enumerate(kind.sequences):
                if contains(kind.template, py.Index(container, Hole(number))):  # type: ignore[arg-type]
                    shifts |= {int(str(value)) - at for value, at in zip(values, kind.at, strict=True)}
        if len(shifts) == 1:
            return container, shifts.pop()
    return None


def _body(kind: _Kind, container: py.Expr, shift: int, word: str) -> Turn | None:
    """What a kind's turns do, in terms of `i` and its element."""
    body = replace(kind.template, py.Index(container, py.Const(kind.at[0] + shift)), py.Name(word))
    for number, values in enumerate(kind.sequences):
        hole = Hole(number)
        apart = {int(str(value)) - at for value, at in zip(values, kind.at, strict=True)}
        if len(apart) != 1 or any(isinstance(value, str) for value in values):
            return None
        offset = apart.pop() - shift
        if offset == 0:
            body = replace(body, py.Index(container, hole), py.Name(word))  # type: ignore[arg-type]
        index: py.Expr = I if offset == 0 else py.Binary("+" if offset > 0 else "-", I, py.Const(abs(offset)))
        body = replace(body, hole, index)
    return body if contains(body, py.Name(word)) else None
