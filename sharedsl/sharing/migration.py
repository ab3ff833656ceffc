"""From one solved plan to another of the same model: what each new storage is made of, so that training can go on.

Every site has a value before. A storage that a site reads through a view that can be undone gets that value, undone; a
storage with several values begins as their mean. Private parts are new: they begin as they were made, adding nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from sharedsl.model import weights as w
from sharedsl.model.migration import PRIVATE, Migration, readings, storage_key
from sharedsl.model.sites import declared
from sharedsl.model.sizes import Arith, literal


def migration(old: w.Solved, new: w.Solved) -> Migration:
    """What the storages of `new` are made of, in terms of the storages of `old`."""
    exact, loose = readings(old)
    keys = {storage_key(each): each for each in old.storages}
    origins: list[dict[w.Expr, None]] = [{} for _ in new.storages]
    for site, read in zip(new.sites, new.reads, strict=True):
        before = exact.get(site.path, loose.get(declared(site.path)))
        if before is None:
            continue
        same = _same(read, before, new, old)
        for number in w.storages_of(read):
            storage = new.storages[number]
            if same:
                found = keys[storage_key(storage)]
                origins[number][w.Read(found.index, found.shape)] = None
            elif storage.role not in PRIVATE and not _gathers(before):
                origins[number].update(dict.fromkeys(_undone(read, before, storage, new)))
    return Migration(old, new, tuple(tuple(each) for each in origins))


def _gathers(expr: w.Expr) -> bool:
    """Whether positions come from a formula, whose numbers only the module that reads them has."""
    return isinstance(expr, w.Gather) or any(_gathers(child) for child in w.children(expr))


def _same(one: w.Expr, other: w.Expr, new: w.Solved, old: w.Solved) -> bool:
    """Whether two expressions are the same formula over storages of the same names and shapes."""
    if type(one) is not type(other) or one.shape != other.shape:
        return False
    if isinstance(one, w.Read) and isinstance(other, w.Read):
        return storage_key(new.storages[one.storage]) == storage_key(old.storages[other.storage])
    mine, theirs = w.children(one), w.children(other)
    if len(mine) != len(theirs) or _numbers(one) != _numbers(other):
        return False
    return all(_same(a, b, new, old) for a, b in zip(mine, theirs, strict=True))


def _numbers(expr: w.Expr) -> tuple[object, ...]:
    """All that an expression says beside what it is of."""
    names = ("order", "axis", "axes", "start", "stop", "step", "times", "by", "factor", "result", "index", "sign")
    return tuple(getattr(expr, name, None) for name in names)


def _undone(read: w.Expr, value: w.Expr, storage: w.Storage, new: w.Solved) -> Iterator[w.Expr]:
    """The storage's values for which `read` has this `value`; none where `read` is no view of it."""
    match read:
        case w.Read():
            yield value
        case w.Permute():
            back = tuple(read.order.index(at) for at in range(len(read.order)))
            yield from _undone(read.of, _permuted(value, back), storage, new)
        case w.Reshape():
            yield from _undone(read.of, w.Reshape(value, read.of.shape), storage, new)
        case w.Flip():
            yield from _undone(read.of, w.Flip(value, read.axis, value.shape), storage, new)
        case w.Rot90():
            turned = w.Rot90(value, read.axes, -read.times % 4, read.of.shape)
            yield from _undone(read.of, turned, storage, new)
        case w.Roll():
            yield from _undone(read.of, w.Roll(value, read.axis, -read.by, value.shape), storage, new)
        case w.Scale():
            code = Arith("/", (literal(1), read.code))
            yield from _undone(read.of, w.Scale(value, 1 / read.factor, code, value.shape), storage, new)
        case w.Repeat():
            stop = value.shape[read.axis]
            for start in range(read.times):
                every = w.Slice(value, read.axis, start, stop, read.times, read.of.shape)
                yield from _undone(read.of, every, storage, new)
        case w.Concat():
            start = 0
            for part in read.parts:
                stop = start + part.shape[read.axis]
                if storage.index in w.storages_of(part):
                    yield from _undone(part, w.Slice(value, read.axis, start, stop, 1, part.shape), storage, new)
                start = stop
        case w.Add() | w.Multiply():
            yield from _base(read, value, storage, new)


def _base(read: w.Add | w.Multiply, value: w.Expr, storage: w.Storage, new: w.Solved) -> Iterator[w.Expr]:
    """A weight beside its private parts, which do nothing at first."""
    mine = [part for part in w.children(read) if storage.index in w.storages_of(part)]
    others = [number for part in w.children(read) if part not in mine for number in w.storages_of(part)]
    if len(mine) == 1 and all(new.storages[number].role in PRIVATE for number in others):
        yield from _undone(mine[0], value, storage, new)


def _permuted(value: w.Expr, order: tuple[int, ...]) -> w.Expr:
    """A permutation, joined with one below it; none where they undo each other."""
    if isinstance(value, w.Permute):
        order, value = tuple(value.order[at] for at in order), value.of
    if order == tuple(range(len(order))):
        return value
    return w.Permute(value, order, tuple(value.shape[at] for at in order))
