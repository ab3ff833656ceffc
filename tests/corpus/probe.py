"""Analyses one text in a process of its own and prints what it cost: seconds of processor, megabytes, diagnostics.

`python -m tests.corpus.probe NAME` takes an extreme by name.
"""

from __future__ import annotations

import json
import resource
import sys
import time

from tests.compiled import problems
from tests.corpus.extremes import EXTREMES


def peak() -> float:
    """The most memory that this process had, in megabytes. What `getrusage` says begins with that of the parent."""
    try:
        with open("/proc/self/status", encoding="utf-8") as status:
            return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)


def main() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
    text = EXTREMES[sys.argv[1]]
    problems("model A(dim = 2) {\n  forward(x: float[B, dim]) -> float[B, dim] { return x }\n}\n")  # what loads once
    began = time.process_time()
    found = problems(text, "extreme.sdsl")
    seconds = time.process_time() - began
    megabytes = peak()
    print(json.dumps({"seconds": seconds, "megabytes": megabytes, "codes": sorted({each.code for each in found})}))


if __name__ == "__main__":
    main()
