"""Times things in turns, so that whatever else the machine does hits all of them alike."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence


def processes(
    commands: dict[str, Sequence[str]],
    rounds: int,
    environment: dict[str, str] | None = None,
    codes: Sequence[int] = (0,),
) -> dict[str, float]:
    """CPU seconds of each command as a process of its own: the median over rounds in which each runs once."""
    env = {**os.environ, **(environment or {})}
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            done = subprocess.run(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            assert done.returncode in codes, done.stderr.decode()
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            taken[name].append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return {name: statistics.median(each) for name, each in taken.items()}


def calls(functions: dict[str, Callable[[], object]], rounds: int, warm: int = 1) -> dict[str, float]:
    """Seconds of each call: the median over rounds in which each runs once."""
    for function in functions.values():
        for _ in range(warm):
            function()
    taken: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(rounds):
        for name, function in functions.items():
            start = time.perf_counter()
            function()
            taken[name].append(time.perf_counter() - start)
    return {name: statistics.median(each) for name, each in taken.items()}


def python(*args: str) -> list[str]:
    return [sys.executable, *args]
