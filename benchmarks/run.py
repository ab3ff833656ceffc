"""Runs the measurements and writes docs/performance.md: `python -m benchmarks.run [--rounds 15]`."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks import compiler, editor

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
HEAD = """# Performance

Written by `make bench` (`python -m benchmarks.run`). Everything is a ratio or a median taken in one run, with
the things compared in turns, on one thread. Absolute times are those of the machine that ran it last.

| what | measured | aim |
|---|---|---|
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="how often each thing runs (15)")
    parser.add_argument("--compiler", action="store_true", help="the compiler only, not generated modules")
    parser.add_argument("--dry", action="store_true", help="print only")
    options = parser.parse_args()
    rows = [*compiler.rows(options.rounds), *editor.rows(options.rounds)]
    if not options.compiler:
        from benchmarks import models

        rows += models.rows(options.rounds)
    table = "".join(f"| {what} | {number} | {aim} |\n" for what, number, aim in rows)
    print(table)
    if not options.dry:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(HEAD + table, encoding="utf-8")


if __name__ == "__main__":
    main()
