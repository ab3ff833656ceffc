"""A factorised weight saves parameters and costs more FLOPs than it would whole.

A common basis (`factorize .. across .. as basis`) is stored once for several layers, so its rank may be above the
break-even of a single matrix: parameters go down, and every application still pays r (m + n) multiplications in place
of m n. That is a good trade for memory and a bad one for speed; it should be meant.
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

SEVERITY = "info"
FAILING = stack("factorize weight across layers rank 5 as basis")
MENDED = stack("factorize weight across layers rank 3 as basis")


def check(subject: Subject) -> Iterator[Diagnostic]:
    for site in subject.solved.sites:
        for node in nodes(subject.solved.reads[site.index]):
            if not isinstance(node, w.MatMul) or site.layer == "Embedding":
                continue
            read = [subject.solved.storages[at] for at in w.storages_of(node)]
            rank = node.left.shape[-1]
            left, right = (prod(each.shape) // max(rank, 1) for each in (node.left, node.right))
            span = next((line for each in read for line in subject.lines_of(each)), None)
            common = any(len(subject.declared_readers(each)) > 1 for each in read)
            if (
                common
                and all(each.role == "factor" for each in read)
                and span is not None
                and rank * (left + right) > left * right
            ):
                yield finding(
                    "factor-costs-flops",
                    f"each application of `{show(declared(site.path[:-1]))}` multiplies "
                    f"{rank * (left + right):,} numbers in place of {left * right:,}",
                    span,
                    help=f"ranks up to {left * right // (left + right)} are no slower",
                )
