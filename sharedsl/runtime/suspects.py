"""Which tensor is read wrongly, where a result is off: a wrong result makes nearly every gradient wrong, so try.

A tensor that is read wrongly (a scale, a transpose, a slice) is at zero read as rightly as any. A tensor that is read
in the place of another does no harm while the two are equal. So: find the tensors that mend the result in this way,
and among them those that leave all the others at work, since a zero at the end of a model mends everything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

#: more tensors than this are not tried
MOST = 400

#: for values: how far the result is off, and how many tensors have an influence on it
Trial = Callable[[Mapping[int, Tensor]], tuple[float, int]]


def suspects(trial: Trial, values: Mapping[int, Tensor], tolerance: float) -> tuple[int, ...]:
    """The storages at fault, as far as trying tells; empty where it does not."""
    if len(values) > MOST:
        return ()
    _, live = trial(values)
    mended = []
    for index, value in values.items():
        error, left = trial({**values, index: torch.zeros_like(value)})
        if error <= tolerance:
            mended.append((live - left, index))
    quiet = min((lost for lost, _ in mended), default=live)
    alone = tuple(index for lost, index in mended if lost == quiet)
    return alone if alone and quiet <= 2 else _mistaken(trial, values, tolerance) or alone


def _mistaken(trial: Trial, values: Mapping[int, Tensor], tolerance: float) -> tuple[int, ...]:
    """Of tensors of one shape, those that are taken for each other."""
    classes: dict[tuple[int, ...], list[int]] = {}
    for index, value in values.items():
        classes.setdefault(tuple(value.shape), []).append(index)
    for members in classes.values():
        equal = {**values, **dict.fromkeys(members, values[members[0]])}
        if len(members) < 2 or trial(equal)[0] > tolerance:
            continue
        apart = {index: values[index] if at else values[index].flip(0) * 1.5 for at, index in enumerate(members)}
        return tuple(index for index in members if trial({**equal, index: apart[index]})[0] > tolerance)
    return ()
