"""A folded block has a BatchNorm, so its activations cannot be recomputed.

Folds are deep, and deep models are trained with activation checkpointing, which runs the forward of a step a second
time. That moves BatchNorm's running statistics twice for every step. A norm without statistics can be recomputed.
"""

from __future__ import annotations

from collections.abc import Iterator

from sharedsl.diagnostics import Diagnostic
from sharedsl.lint.lines import plan_of
from sharedsl.lint.rule import finding
from sharedsl.lint.rules.examples import stack
from sharedsl.lint.rules.kinds import BATCH_NORMS
from sharedsl.lint.subject import Subject, units
from sharedsl.syntax import ast

SEVERITY = "info"
FAILING = stack("fold layers 2 times", layer="BatchNorm2d(dim)").replace("B, T, dim", "B, dim, H, W")
MENDED = stack("fold layers 2 times", layer="LayerNorm(dim)")


def check(subject: Subject) -> Iterator[Diagnostic]:
    if not any(isinstance(each, ast.Fold) for each in subject.relations.values()):
        return
    for edit in plan_of(subject).folds:
        child = subject.model.unit_at(edit.parent).children[edit.child]
        if edit.span in subject.relations and len(edit.order) > max(len(edit.indices), 1):
            found = next((each for unit in child.units for each in units(unit) if each.name in BATCH_NORMS), None)
            if found is not None:
                yield finding(
                    "blocks-checkpointing",
                    f"`{edit.target}` is folded and has a {found.name}: recomputing it would move its statistics twice",
                    edit.span,
                    help="GroupNorm or LayerNorm can be recomputed",
                )
