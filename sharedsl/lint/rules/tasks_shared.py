"""A plan makes weights of layers one that serve different outputs.

What belongs to one output alone is its head. Heads that share weights solve one task twice: the outputs become the
same function of what is common to them. Share the trunk instead, or regularise the heads towards each other.
"""

from __future__ import annotations

from collections.abc import Iterator

from sharedsl.diagnostics import Diagnostic
from sharedsl.lint.rule import finding
from sharedsl.lint.rules.flows import flows
from sharedsl.lint.subject import Subject

SEVERITY = "warning"
_MODEL = """
model Two(dim = 8) {
  layer trunk = Linear(dim, dim)
  layer sort  = Linear(dim, 4)
  layer rate  = Linear(dim, 4)
  forward(x: float[B, dim]) -> (kinds: float[B, 4], marks: float[B, 4]) {
    x = relu(trunk(x))
    return sort(x), rate(x)
  }
}
"""
FAILING = _MODEL + "\nsharing p of Two { tie rate.weight = sort.weight }\nbuild Small = Two() with p\n"
MENDED = _MODEL + "\nbuild Small = Two()\n"


def check(subject: Subject) -> Iterator[Diagnostic]:
    if not subject.refs:
        return
    outputs = flows(subject.model).outputs
    if len(outputs) < 2:
        return
    only = {name: [at for at, names in enumerate(outputs) if name in names] for names in outputs for name in names}
    for storage in subject.solved.storages:
        served = {
            path[0].name: only[path[0].name][0]
            for path in subject.declared_readers(storage)
            if len(only.get(path[0].name, ())) == 1
        }
        lines = subject.lines_of(storage)
        if len(set(served.values())) > 1 and lines:
            one, other = next((a, b) for a in served for b in served if served[a] < served[b])
            yield finding(
                "tasks-shared",
                f"`{one}` and `{other}` serve different outputs and share weights",
                lines[0],
                help="share what both outputs are made of, and leave each output a head of its own",
            )
