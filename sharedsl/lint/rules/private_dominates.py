"""The private parts hold more parameters than everything that is shared.

`with lora(rank = 64)` for every element of a deep stack can cost more than sharing saves. The line below it says what
the parts cost; groups (`in groups of 2`) often buy the same freedom for less. Reported above half of the stored
parameters (`limits.private`).
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from sharedsl.diagnostics import Diagnostic
from sharedsl.lint.rule import finding
from sharedsl.lint.rules.examples import stack
from sharedsl.lint.subject import Subject

SEVERITY = "warning"
FAILING = stack("share * across layers in groups of 2 with lora(rank = 3) on weight")
MENDED = stack("share * across layers in groups of 2 with lora(rank = 1) on weight")


def check(subject: Subject) -> Iterator[Diagnostic]:
    private = [each for each in subject.solved.storages if each.role in ("lora", "diagonal", "scale", "step")]
    held = sum(prod(each.shape) for each in private)
    span = next((line for each in private for line in subject.lines_of(each)), None)
    if span is not None and held > subject.limits.private * subject.stored:
        yield finding(
            "private-dominates",
            f"private parts hold {held:,} of the {subject.stored:,} parameters of `{subject.name}` "
            f"({held / subject.stored:.0%})",
            span,
            help="a lower rank, or parts on fewer weights",
        )
