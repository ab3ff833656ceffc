"""What a loop means that stays one when the module runs: its body turn by turn, while its condition holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sharedsl.diagnostics import InternalError
from sharedsl.model import dataflow as d
from sharedsl.model.poly import Poly
from sharedsl.runtime.frames import Frame, number


def turns_of(loop: d.While, frame: Frame, value: Callable[[d.Expr], Any]) -> Iterator[int]:
    """The number of each turn that is to be taken; whoever asks runs the body in between.

    Names that the body makes for itself are gone after its turn, so that reading one from an earlier turn shows.
    """
    assert isinstance(loop.turn.ground, Poly)
    outside = frozenset(frame.names)
    missing = set(loop.carried) - outside
    if missing:
        raise InternalError(f"{sorted(missing)} are handed on by a loop and were not there before it")
    for turn in range(number(loop.start, frame), number(loop.stop, frame)):
        frame.sizes[str(loop.turn.ground)] = turn
        if loop.condition is not None and not value(loop.condition):
            return
        yield turn
        for name in frame.names.keys() - outside:
            del frame.names[name]
