"""A frozen weight has private parts or adapters that are frozen as well.

`freeze **` freezes what stands beside the base too, and then nothing of the weight learns. Freeze the base alone
(`freeze layers[*].weight.base`), or put the adapters on after freezing with a line that names the bases.
A build none of whose parameters is trained is reported too.
"""

from __future__ import annotations

from collections.abc import Iterator

from sharedsl.diagnostics import Diagnostic
from sharedsl.lint.rule import finding
from sharedsl.lint.rules.examples import stack
from sharedsl.lint.subject import Subject
from sharedsl.model.sites import declared, show
from sharedsl.model.weights import storages_of
from sharedsl.syntax import ast

SEVERITY = "warning"
_LINE = "share * across layers in groups of 2 with lora(rank = 2) on weight"
FAILING = stack(_LINE, "freeze layers[*]", "freeze layers[*].weight.lora.a", "freeze layers[*].weight.lora.b")
MENDED = stack(_LINE, "freeze layers[*].weight.base")
_PARTS = frozenset({"lora", "diagonal", "scale"})


def check(subject: Subject) -> Iterator[Diagnostic]:
    storages = subject.solved.storages
    if storages and subject.refs and not any(each.trainable for each in storages):
        freeze = next((span for span, each in subject.relations.items() if isinstance(each, ast.Freeze)), None)
        if freeze is not None:
            yield finding("nothing-trains", f"nothing of `{subject.name}` is trained", freeze)
            return
    for site in subject.solved.sites:
        read = [storages[at] for at in storages_of(subject.solved.reads[site.index])]
        parts = [each for each in read if each.role in _PARTS]
        if parts and not any(each.trainable for each in read):
            span = next((line for each in parts for line in subject.lines_of(each)), None)
            if span is not None:
                yield finding(
                    "nothing-trains",
                    f"`{show(declared(site.path))}` is frozen, and so is what stands beside it",
                    span,
                    help="freeze the base alone: `freeze .. .base`",
                )
