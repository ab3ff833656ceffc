"""What `scan` and `once` mean: steps that hand their states on, and values that are computed at the first of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from sharedsl.model import dataflow as d
from sharedsl.model.sites import Path

States = dict[tuple[Any, ...], Any]


def scanned(how: d.Scanned, args: list[Any], length: int, step: Callable[[list[Any]], Any]) -> Any:
    """`step` with what each position is given, one after the other; its results side by side."""
    positions = range(length - 1, -1, -1) if how.reverse else range(length)
    given = {at: _at(args, how.axes, at) for at in positions}
    results = {at: step(given[at]) for at in positions}
    ordered = [results[at] for at in range(length)]
    if ordered and isinstance(ordered[0], list | tuple):
        return [torch.stack(parts, dim=how.axis) for parts in zip(*ordered, strict=True)]
    return torch.stack(ordered, dim=how.axis)


def _at(args: list[Any], axes: tuple[int | None, ...], position: int) -> list[Any]:
    return [arg if axis is None else arg.select(axis, position) for arg, axis in zip(args, axes, strict=True)]


def forget(states: States, below: list[Path], turns: tuple[int, ...]) -> None:
    """Drops the states of applications and of what is inside them: the next step is a first one."""
    for key in [key for key in states if key[2:] == turns and any(key[0][: len(path)] == path for path in below)]:
        del states[key]


def kept_once(states: States, key: tuple[Any, ...], compute: Callable[[], Any]) -> Any:
    if key not in states:
        states[key] = compute()
    return states[key]
