"""A layer is named as if its weights were its own, and a plan shares them.

`own_norm`, `private_bias`, `separate_head`: names that promise weights that nothing else reads. A `share *` takes such
layers along unless it excepts them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sharedsl.diagnostics import Diagnostic
from sharedsl.lint.rule import finding
from sharedsl.lint.rules.examples import stack
from sharedsl.lint.subject import Subject
from sharedsl.model.sites import Path, show

SEVERITY = "warning"
_BLOCK = """
block Part(dim) {
  layer own = Linear(dim, dim)
  layer mix = Linear(dim, dim)
  forward(x: float[B, T, dim]) -> float[B, T, dim] { return x + mix(own(x)) }
}
"""
FAILING = _BLOCK + stack("share * across layers in groups of 2", layer="Part(dim)")
MENDED = _BLOCK + stack("share * across layers in groups of 2 except own", layer="Part(dim)")
_SAYS = re.compile(r"(?:^|_)(?:own|private|separate|untied|unshared|individual)(?:_|$)")


def check(subject: Subject) -> Iterator[Diagnostic]:
    for storage in subject.solved.storages:
        lines = subject.lines_of(storage)
        readers = list(subject.declared_readers(storage))
        if not lines or len(readers) < 2:
            continue
        named = next((path for path in readers if _name(path) is not None), None)
        other = next((path for path in readers if path != named), None)
        if named is not None and other is not None:
            yield finding(
                "shared-not-own",
                f"`{show(named)}` and `{show(other)}` are one weight, and `{_name(named)}` says that it is private",
                lines[0],
                help=f"`except {_name(named)}` keeps it private; or give it another name",
            )


def _name(path: Path) -> str | None:
    return next((step.name for step in path if _SAYS.search(step.name)), None)
