"""Tables of names: prefixes that stand for many tensors at once, and the dict that a file has of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping
from typing import TypeVar

from sharedsl import pytree as py
from sharedsl.record import dataclass

V = TypeVar("V", bound=Hashable)
#: what a name stands for: one name or several
Names = tuple[str, ...]


def by_prefix(meant: Mapping[str, Names], wanted: list[str]) -> dict[str, Names]:
    """The `wanted` names and what they mean, by prefix where all names of `meant` under it change alike."""
    found: dict[str, Names] = {}
    for name in wanted:
        if any(name.startswith(prefix) for prefix in found):
            continue
        prefix, targets = _shortest(name, meant)
        found[prefix] = targets
    return found


def _shortest(name: str, meant: Mapping[str, Names]) -> tuple[str, Names]:
    """The shortest prefix of `name` that says no other name wrong."""
    mine, others = name.split("."), [other.split(".") for other in meant[name]]
    same = 0
    longest = min(len(parts) for parts in (mine, *others)) - 1
    while same < longest and all(parts[-1 - same] == mine[-1 - same] for parts in others):
        same += 1
    for keep in range(same, -1, -1):
        prefix = _joined(mine, keep)
        targets = tuple(_joined(parts, keep) for parts in others)
        under = [each for each in meant if each.startswith(prefix)]
        if all(meant[each] == tuple(target + each[len(prefix) :] for target in targets) for each in under):
            return prefix, targets
    return name, meant[name]


def _joined(parts: list[str], keep: int) -> str:
    """All parts but the last `keep`, with the dot that follows them."""
    return ".".join(parts[: len(parts) - keep]) + ("." if keep else "")


def prefix_dict(prefixes: Mapping[str, V], code: Callable[[V], py.Expr]) -> py.Expr:
    """A dict of prefixes; numbered ones that mean the same, or that with their number in it, are a comprehension."""
    items: list[tuple[py.Expr | None, py.Expr]] = []
    rest: dict[str, V] = {}
    for alike in _alike(prefixes, lambda name, number: prefixes[name]):
        if len(alike) < 3:
            rest.update((name, prefixes[name]) for name in alike.values())
        else:
            items.append((None, _comprehension(alike, code(prefixes[next(iter(alike.values()))]))))
    for alike in _alike(rest, lambda name, number: _numbered(rest[name], number)):
        number, name = next(iter(alike.items()))
        value = _numbered(rest[name], number)
        if len(alike) < 3 or value == rest[name]:
            items += [(py.Const(name), code(rest[name])) for name in alike.values()]
        else:
            items.append((None, _comprehension(alike, _formatted(value))))
    if len(items) == 1 and items[0][0] is None:
        return items[0][1]
    return py.DictExpr(tuple(items))


def _alike(prefixes: Mapping[str, V], look: Callable[[str, int], Hashable]) -> list[dict[int, str]]:
    """The names by number, in groups that differ in their first number alone and look the same."""
    groups: dict[object, dict[int, str]] = {}
    for name in prefixes:
        parts = name.split(".")
        at = next((at for at, part in enumerate(parts) if part.isdigit()), None)
        if at is None:
            groups[name] = {-1: name}
        else:
            number = int(parts[at])
            groups.setdefault((*parts[:at], None, *parts[at + 1 :], look(name, number)), {})[number] = name
    return list(groups.values())


def _numbered(value: object, number: int) -> Hashable:
    """Names with a hole where the number stands."""
    names = value if isinstance(value, tuple) else (value,)
    if not all(isinstance(name, str) for name in names):
        return (value, number)
    return tuple(re.sub(rf"(?<=\.){number}(?=\.)", "\0", name, count=1) for name in names)


def _formatted(names: Hashable) -> py.Expr:
    assert isinstance(names, tuple)
    codes = [_holed(name) for name in names]
    return codes[0] if len(codes) == 1 else py.tuple_of(*codes)


def _holed(name: str) -> py.Expr:
    before, hole, after = name.partition("\0")
    return py.FString((before, py.Name("i"), after)) if hole else py.Const(name)


def _comprehension(alike: dict[int, str], value: py.Expr) -> py.DictComp:
    numbers = list(alike)
    name, number = alike[numbers[0]], numbers[0]
    source: py.Expr = py.tuple_of(*(py.Const(n) for n in numbers))
    if numbers == list(range(numbers[0], numbers[-1] + 1)):
        start = [py.Const(numbers[0])] if numbers[0] else []
        source = py.call("range", *start, py.Const(numbers[-1] + 1))
    key = _numbered(name, number)
    assert isinstance(key, tuple)
    return py.DictComp(_holed(key[0]), value, py.Name("i"), source)


@dataclass(frozen=True, slots=True)
class Prefixes:
    """A tuple of prefixes. `dotted`: a name is tried as it is; otherwise with a dot behind it, as whole names have."""

    code: py.Expr
    dotted: bool


def several_prefixes(names: Mapping[str, bool]) -> Prefixes:
    """The fewest prefixes that the names said True have, and no others."""
    found: dict[str, None] = {}
    for name, wanted in names.items():
        if wanted and not any(f"{name}.".startswith(each) for each in found):
            parts = name.split(".")
            ends = [".".join(parts[:count]) + "." for count in range(1, len(parts))]
            under = ({each: names[each] for each in names if each.startswith(end)} for end in ends)
            found[next((end for end, some in zip(ends, under, strict=True) if all(some.values())), f"{name}.")] = None
    dotted = all(f"{name}." not in found for name in names)
    items: list[py.Expr] = []
    for alike in _alike(dict.fromkeys(found), lambda name, number: None):
        first = next(iter(alike.values()))
        if len(alike) < 3:
            items += [py.Const(name) for name in alike.values()]
        else:
            comp = _comprehension(alike, py.Const(first))
            items.append(py.Starred(py.Generator(comp.key, comp.target, comp.source)))
    return Prefixes(py.tuple_of(*items), dotted)


def suffixes(names: Mapping[str, bool]) -> list[str] | None:
    """The shortest ends that the names said True have, and no others; none where ends do not tell them apart."""
    found: dict[str, None] = {}
    for name in (name for name, wanted in names.items() if wanted):
        parts = name.split(".")
        ends = (".".join(parts[at:]) for at in range(len(parts) - 1, -1, -1))
        end = next((end for end in ends if all(names[each] for each in names if each.endswith(end))), None)
        if end is None:
            return None
        found[end] = None
    return list(found)
