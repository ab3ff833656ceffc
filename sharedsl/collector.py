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
