"""Loops of which no gradient is wanted: `for ..` and then `s = stop_gradient(s)` runs under `torch.no_grad()`.

What the loops compute is cut off right behind them, so autograd need not remember their steps: memory does not grow
with their number.
"""

from __future__ import annotations

from sharedsl.emit.names import assigned, names_in
from sharedsl.model import dataflow as d


def cut_off(statements: tuple[d.Statement, ...], after: frozenset[str]) -> list[range]:
    """The runs of statements, each from its first loop on, all of whose results are cut off or never read again.

    `after` are the names that are read behind the statements.
    """
    found: list[range] = []
    for end in range(1, len(statements)):
        if _cuts(statements[end]) and not _cuts(statements[end - 1]):
            start = _start(statements, end, found[-1].stop if found else 0, after)
            if start < end:
                found.append(range(start, end))
    return found


def _start(statements: tuple[d.Statement, ...], end: int, least: int, after: frozenset[str]) -> int:
    """Where the run begins whose results `statements[end]` and what follows it cut off; `end` where there is none."""
    stop = end
    while stop < len(statements) and _cuts(statements[stop]):
        stop += 1
    cut = frozenset(name for each in statements[end:stop] for name in _cuts(each))
    read = names_in(statements[stop:]) | after
    start = end
    while start > least and _plain(statements[start - 1]) and not (assigned((statements[start - 1],)) - cut) & read:
        start -= 1
    while start < end and not isinstance(statements[start], d.Loop | d.While):
        start += 1
    return start


def _plain(statement: d.Statement) -> bool:
    return isinstance(statement, d.Assign | d.Loop | d.While)


def _cuts(statement: d.Statement) -> frozenset[str]:
    """The names of `s = stop_gradient(s)`, of one or of several; none where the statement does more."""
    if not isinstance(statement, d.Assign):
        return frozenset()
    value = statement.value
    values = value.items if isinstance(value, d.Collect) else (value,)
    if len(values) != len(statement.targets):
        return frozenset()
    alike = all(_cut(each) == target for target, each in zip(statement.targets, values, strict=True))
    return frozenset(statement.targets) if alike else frozenset()


def _cut(value: d.Expr) -> str | None:
    """`s` of `stop_gradient(s)`."""
    of = value.args[0] if isinstance(value, d.Op) and value.op == "stop_gradient" else None
    return of.name if isinstance(of, d.Var) else None
