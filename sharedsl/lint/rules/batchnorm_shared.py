"""A BatchNorm is applied at several places with one set of weights.

BatchNorm's running mean and variance belong to a place in the network. Where its weights are shared, or its block is
folded, the places see different inputs. Buffers are never merged, so every application keeps statistics of its own, but
gain and bias must fit all of them, and activation checkpointing moves the statistics twice. Keep the norms private
(`except norm1`, `untie`), or use GroupNorm or LayerNorm, which have no statistics.
"""

from __future__ import annotations

from collections.abc import Iterator

from sharedsl.diagnostics import Diagnostic
from sharedsl.lint.rule import finding
from sharedsl.lint.rules.examples import stack
from sharedsl.lint.rules.kinds import BATCH_NORMS
from sharedsl.lint.subject import Subject
from sharedsl.model.sites import show

SEVERITY = "warning"
_BLOCK = """
block Part(dim) {
  layer norm = BatchNorm2d(dim)
  layer mix  = Conv2d(dim, dim, 1, bias = false)
  forward(x: float[B, dim, H, W]) -> float[B, dim, H, W] { return x + mix(norm(x)) }
}
"""
_PICTURE = {"layer": "Part(dim)"}
FAILING = (_BLOCK + stack("share * across layers in groups of 2", **_PICTURE)).replace("B, T, dim", "B, dim, H, W")
MENDED = (_BLOCK + stack("share mix across layers in groups of 2", **_PICTURE)).replace("B, T, dim", "B, dim, H, W")


def check(subject: Subject) -> Iterator[Diagnostic]:
    seen = set()
    for storage in subject.solved.storages:
        sites = [site for site in subject.readers.get(storage.index, ()) if site.layer in BATCH_NORMS]
        if len(sites) < 2:
            continue
        span = next(iter(subject.lines_of(storage)), None) or subject.layer_span(sites[0].path[:-1])
        if span is None or span in seen:
            continue
        seen.add(span)
        name, other = show(sites[0].path[:-1]), show(sites[1].path[:-1])
        yield finding(
            "batchnorm-shared",
            f"`{name}` and `{other}` have one BatchNorm's weights and statistics of their own",
            span,
            help="keep BatchNorm private (`except`, `untie`), or use a norm without running statistics",
        )
