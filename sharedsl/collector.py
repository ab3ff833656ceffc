"""Holds the cyclic garbage collector back while trees are built that all stay.

It would walk what has been built again and again, and find nothing: that is more than half of the time that a model of
100,000 layers takes. Imports nothing of ours.
"""

from __future__ import annotations

import gc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import ParamSpec, TypeVar

    P = ParamSpec("P")
    R = TypeVar("R")


def paused(function: Callable[P, R]) -> Callable[P, R]:
    """The function with the collector off while it runs; nested calls leave it to the outermost."""

    def run(*args: P.args, **named: P.kwargs) -> R:
        if not gc.isenabled():
            return function(*args, **named)
        gc.disable()
        try:
            return function(*args, **named)
        finally:
            gc.enable()

    run.__name__, run.__qualname__, run.__doc__ = function.__name__, function.__qualname__, function.__doc__
    run.__module__, run.__wrapped__ = function.__module__, function  # type: ignore[attr-defined]
    return run


class Idle:
    """The collector of a process that answers: it runs between the answers only, when `rest` is called.

    What was there at the last thorough collection is looked at again only at the next one: an editor keeps nearly all
    of it, and walking it takes longer than an answer may.
    """

    #: rests, and answers without a rest, after which everything is looked at, and after which rest is taken anyway
    THOROUGH, MOST = 32, 64

    def __init__(self) -> None:
        self._rests = self._answers = 0
        gc.disable()

    def answered(self) -> None:
        """Somebody who never pauses still leaves no more than so many answers' garbage."""
        self._answers += 1
        if self._answers >= self.MOST:
            self.rest()

    def rest(self) -> None:
        self._answers = 0
        if self._rests % self.THOROUGH == 0:
            gc.unfreeze()
        gc.collect()
        if self._rests % self.THOROUGH == 0:
            gc.freeze()
        self._rests += 1

    def end(self) -> None:
        gc.unfreeze()
        gc.enable()
