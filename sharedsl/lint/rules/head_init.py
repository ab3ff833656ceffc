"""A head that reads the embedding table begins with logits that are far too large.

An embedding's own default is N(0, 1). A head that reads the same matrix multiplies the width's sum of such numbers:
its logits begin with a standard deviation of the square root of the width, and the loss begins at many times the
logarithm of the vocabulary. Initialise the table with a standard deviation of about 0.02, or scale the head's reading
(`tie head.weight = dim ** -0.5 * embed.weight`, as T5 does). A table without a written initialiser gets a fitting one
as soon as it is tied.
"""

from __future__ import annotations

from collections.abc import Iterator

from sharedsl.diagnostics import Diagnostic
from sharedsl.lint.rule import finding
from sharedsl.lint.rules.examples import language
from sharedsl.lint.rules.named import names_in
from sharedsl.lint.subject import Subject, nodes
from sharedsl.model import weights as w
from sharedsl.model.sites import Site, declared, show
from sharedsl.source import Span
from sharedsl.syntax import ast

SEVERITY = "warning"
FAILING = language("tie head.weight = embed.weight", "init embed.weight = normal(std = 2.0)")
MENDED = language("tie head.weight = embed.weight", "init embed.weight = normal(std = 0.02)")


def check(subject: Subject) -> Iterator[Diagnostic]:
    for storage in subject.solved.storages:
        readers = subject.readers.get(storage.index, ())
        table = next((site for site in readers if site.layer == "Embedding"), None)
        heads = [site for site in readers if site.layer == "Linear"]
        std = _std(storage.init)
        if table is None or not heads or std is None or len(storage.shape) != 2:
            continue
        for head in heads:
            factor = 1.0
            for each in nodes(subject.solved.reads[head.index]):
                factor *= abs(each.factor) if isinstance(each, w.Scale) else 1.0
            spread = std * factor * storage.shape[-1] ** 0.5
            span = _line(subject, storage, head) or subject.layer_span(declared(head.path[:-1]))
            if spread > subject.limits.logits and span is not None:
                good = 1 / storage.shape[-1] ** 0.5
                yield finding(
                    "head-init",
                    f"the logits of `{show(declared(head.path[:-1]))}` begin with a standard deviation of about "
                    f"{spread:.3g}",
                    span,
                    help=f"`init {show(declared(table.path))} = normal(std = 0.02)`, or read it scaled by {good:.2g}",
                )
                break


def _line(subject: Subject, storage: w.Storage, head: Site) -> Span | None:
    """The line that ties the head, or any that joined the two."""
    lines = subject.lines_of(storage)
    for span in lines:
        relation = subject.relations.get(span)
        if isinstance(relation, ast.Tie) and head.path[0].name in names_in(relation.target):
            return span
    return lines[0] if lines else None


def _std(init: object) -> float | None:
    """The standard deviation that an initialiser draws with; None where it is another kind."""
    name, args = getattr(init, "name", ""), dict(getattr(init, "args", ()))
    if name not in ("normal", "trunc_normal"):
        return None
    std = args.get("std")
    value = getattr(std, "value", None)
    return 1.0 if std is None else None if value is None else float(value)
