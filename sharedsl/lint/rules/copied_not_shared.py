"""A stack is named as if its elements shared weights, and they do not.

`layer shared = Linear(dim, dim) * 4` makes four layers with weights of their own: `*` copies. A plan shares
(`share * across shared`), a fold applies one layer again, and so does calling it twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sharedsl.diagnostics import Diagnostic
from sharedsl.lint.rule import finding
from sharedsl.lint.subject import Subject
from sharedsl.model.sites import Step, declared, show

SEVERITY = "warning"
_MODEL = """
model M(dim = 8, depth = 4) {
  layer shared_layers = Linear(dim, dim) * depth
  forward(x: float[B, dim]) -> float[B, dim] { return x |> shared_layers }
}
"""
FAILING = _MODEL + "\nbuild Small = M()\n"
MENDED = _MODEL + "\nsharing p of M { share * across shared_layers in groups of 2 }\nbuild Small = M() with p\n"
_SAYS = re.compile(r"(?:^|_)(?:shared|tied|common|same)(?:_|$)")


def check(subject: Subject) -> Iterator[Diagnostic]:
    for stack in subject.stacks:
        parent, name, elements = stack.parent, stack.name, stack.elements
        if len(elements) < 2 or not _SAYS.search(name):
            continue
        span = subject.layer_span((*parent, Step(name)))
        at = len(parent)
        own = True
        for storage in subject.solved.storages:
            below = {
                path[at].index
                for path in subject.declared_readers(storage)
                if len(path) > at and path[at].name == name and show(declared(path[:at])) == show(parent)
            }
            own = own and len(below) < 2
        if own and span is not None:
            yield finding(
                "copied-not-shared",
                f"`{stack.shown}` is {len(elements)} layers with weights of their own: `*` copies",
                span,
                help=f"`share * across {stack.shown}` in a plan makes them one; or give it another name",
            )
