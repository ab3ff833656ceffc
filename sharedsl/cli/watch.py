"""Runs a task again whenever one of the files that it read has changed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from sharedsl.cli.terminal import say

_EVERY = 0.25


def watch(task: Callable[[], set[str]], rounds: int | None = None) -> int:
    """`task` gives the files that it read. Ends when interrupted (or after so many rounds); the exit code is 0."""
    done = 0
    try:
        while True:
            files = task()
            done += 1
            if rounds is not None and done >= rounds:
                return 0
            say("watching; interrupt to end")
            stamps = _stamps(files)
            while _stamps(files) == stamps:
                time.sleep(_EVERY)
    except KeyboardInterrupt:
        return 0


def _stamps(files: set[str]) -> dict[str, int]:
    """When each file was written last; one that is gone counts as changed."""
    found: dict[str, int] = {}
    for path in files:
        try:
            found[path] = os.stat(path).st_mtime_ns
        except OSError:
            found[path] = 0
    return found
