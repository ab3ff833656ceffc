"""A factorised weight stores as much as the weight itself, or more.

Two factors of a matrix with m outputs and n inputs store r (m + n) numbers, the matrix m n. From the rank
m n / (m + n) on nothing is saved, and the weight can still express less. For a square matrix that is half its width.
The same holds for a private `lora`: from that rank on, an own matrix is cheaper.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from sharedsl.diagnostics import Diagnostic
from sharedsl.lint.rule import finding
from sharedsl.lint.rules.examples import stack
from sharedsl.lint.subject import Subject, nodes
from sharedsl.model import weights as w
from sharedsl.model.sites import declared, show

SEVERITY = "warning"
FAILING = stack("factorize layers[*].weight rank 5")
MENDED = stack("factorize layers[*].weight rank 3")


def check(subject: Subject) -> Iterator[Diagnostic]:
    for site in subject.solved.sites:
        for node in nodes(subject.solved.reads[site.index]):
            if not isinstance(node, w.MatMul):
                continue
            read = [subject.solved.storages[at] for at in w.storages_of(node)]
            if any(len(subject.declared_readers(each)) > 1 for each in read):
                continue
            whole, parts, rank = prod(node.shape), sum(prod(each.shape) for each in read), node.left.shape[-1]
            span = next((line for each in read for line in subject.lines_of(each)), None)
            if parts >= whole and span is not None and rank:
                limit = -(-whole * rank // parts) - 1
                what = "lora" if any(each.role == "lora" for each in read) else "rank"
                yield finding(
                    "rank-saves-nothing",
                    f"`{show(declared(site.path))}` stores {parts:,} numbers at {what} {rank}, "
                    f"and {whole:,} as a whole",
                    span,
                    help=f"ranks up to {limit} save something" if limit > 0 else "leave it whole",
                )
