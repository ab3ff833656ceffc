"""Every layer of a stack reads the same weights.

One layer's weights for a whole stack is the strongest sharing there is. It costs accuracy at the same width (Lan et al.
2020, table 4: from 12 own layers to one, ALBERT-base loses 1.5 points on average, more on reasoning); groups of layers,
norms of their own, or a private low-rank part for each layer win most of it back for few parameters.

Say that it is meant with `# sharedsl: ignore[over-sharing] why`. It is not reported for folds, which are meant to
apply one layer again, nor for stacks of two.
"""

from __future__ import annotations

from collections.abc import Iterator

from sharedsl.diagnostics import Diagnostic
from sharedsl.lint.rule import finding
from sharedsl.lint.rules.examples import stack
from sharedsl.lint.rules.whole_stacks import whole_stacks
from sharedsl.lint.subject import Subject

SEVERITY = "info"
FAILING = stack("share * across layers")
MENDED = stack("share * across layers in groups of 2")


def check(subject: Subject) -> Iterator[Diagnostic]:
    for name, count, span in whole_stacks(subject):
        yield finding(
            "over-sharing",
            f"all {count} elements of `{name}` read the same weights",
            span,
            help="groups (`in groups of 2`), `except` for the norms, or `with lora(rank = 8)` cost few parameters",
        )
