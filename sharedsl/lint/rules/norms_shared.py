"""Norms are shared because a `*` names them too.

Norms are a thousandth of the parameters and adapt each layer to the scale of what it gets; most that share layers keep
them private (`share * across layers except norm1, norm2`). `share *` takes them along without saying so. A line that
names the norm is not reported, nor is a stack that has everything in common (see over-sharing).
"""

from __future__ import annotations

from collections.abc import Iterator

from sharedsl.diagnostics import Diagnostic
from sharedsl.lint.rule import finding
from sharedsl.lint.rules.examples import stack
from sharedsl.lint.rules.kinds import NORMS
from sharedsl.lint.rules.named import names_in
from sharedsl.lint.rules.whole_stacks import whole_stacks
from sharedsl.lint.subject import Subject
from sharedsl.model.sites import Step, show
from sharedsl.syntax import ast

SEVERITY = "info"
_BLOCK = """
block Part(dim) {
  layer norm = LayerNorm(dim)
  layer mix  = Linear(dim, dim)
  forward(x: float[B, T, dim]) -> float[B, T, dim] { return x + mix(norm(x)) }
}
"""
FAILING = _BLOCK + stack("share * across layers in groups of 2", layer="Part(dim)")
MENDED = _BLOCK + stack("share * across layers in groups of 2 except norm", layer="Part(dim)")


def check(subject: Subject) -> Iterator[Diagnostic]:
    known = {span for _, _, span in whole_stacks(subject)}
    for storage in subject.solved.storages:
        readers = subject.declared_readers(storage)
        site = next(iter(readers.values()), None)
        if site is None or site.layer not in NORMS or len(readers) < 2:
            continue
        for span in subject.lines_of(storage):
            relation = subject.relations.get(span)
            if span in known or not isinstance(relation, ast.Share) or not relation.collection:
                continue
            last = site.path[-2]
            names = names_in(relation.selector)
            if ("*" not in names and "**" not in names) or last.name in names:
                continue
            yield finding(
                "norms-shared",
                f"the norm `{show((*site.path[:-2], Step(last.name)))}` is shared, and no line says so by name",
                span,
                help=f"`except {last.name}` keeps the norms private; name them to say that it is meant",
            )
