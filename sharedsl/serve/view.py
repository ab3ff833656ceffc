"""What the page shows of one build, as plain data: the tree of applications, storages, budget, texts, links."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from sharedsl.analysis.budget import state
from sharedsl.analysis.budget.document import Budget
from sharedsl.analysis.budget.quantity import ZERO, evaluate
from sharedsl.analysis.budget.readable import expression, storage_name
from sharedsl.analysis.budget.subject import line_of
from sharedsl.analysis.pipeline import Analysis, Compiled
from sharedsl.model.sites import Axis, Step, show
from sharedsl.model.weights import Storage, storages_of
from sharedsl.runtime.source import source_of
from sharedsl.serve.alike import number_alike
from sharedsl.serve.choices import budget, compiled
from sharedsl.serve.colours import colours
from sharedsl.serve.highlight import python_lines, spec_lines
from sharedsl.serve.links import links
from sharedsl.serve.tree import Data, bands
from sharedsl.source import SourceFile, Span


def view(analysis: Analysis, name: str, at: Mapping[str, int] | None = None) -> Data:
    """`name` is a build, a stage, or a model with a plan (see `choices`); `at` are run-time sizes.

    Raises Broken where it has errors.
    """
    made = compiled(analysis, name)
    found, against = budget(made, at or {})
    texts: dict[str, int] = {}

    def cell(number: int) -> Data:
        site, expr = made.solved.sites[number], made.solved.reads[number]
        said = expression(expr, made.solved.storages)
        return {
            "site": show(site.path),
            "weight": str(site.path[-1]),
            "layer": site.layer,
            "shape": list(site.shape),
            "numel": prod(site.shape),
            "storages": list(storages_of(expr)),
            "expression": texts.setdefault(said, len(texts)),
        }

    tree = bands(made.model, [site.path for site in made.solved.sites], cell, lambda span: line_of(analysis, span))
    painted = colours(made.solved)
    number_alike(tree, painted.keys())
    totals = dict(found.values)
    if against is not None:
        totals["flops"] = None
    return {
        "name": name,
        "model": made.model.name,
        "plans": list(made.plans),
        "doc": " ".join(made.model.root.doc.split()),
        "parameters": dict(found.totals.sizes),
        "sizes": dict(found.at),
        "refused": against.message if against is not None else None,
        "totals": totals,
        "at_most": found.totals.early,
        "bands": tree,
        "expressions": list(texts),
        "storages": _storages(analysis, made, found, painted),
        "layers": _layers(found, against is None),
        "code": _code(analysis, made),
    }


def spec_text(source: SourceFile) -> Data:
    return {"path": source.path, "lines": spec_lines(source)}


def _code(analysis: Analysis, made: Compiled) -> Data:
    text = source_of(made)
    return {"lines": python_lines(text), "links": links(text, made, lambda span: line_of(analysis, span))}


# ---------------------------------------------------------------------------- storages


def _storages(
    analysis: Analysis, made: Compiled, found: Budget, painted: Mapping[int, tuple[float, float]]
) -> list[Data]:
    rows = []
    for storage, row in zip(made.solved.storages, found.storages, strict=True):
        rows.append(
            {
                "name": storage_name(storage),
                "shape": [_axis(axis) for axis in storage.axes],
                "numel": row.numel,
                "role": storage.role,
                "init": _init(storage),
                "dtype": storage.dtype if storage.dtype != "float32" else made.dtype,
                "frozen": not storage.trainable,
                "local": storage.local,
                "readers": [reader.site for reader in row.readers],
                "colour": list(painted[storage.index]) if storage.index in painted else None,
                "declared": _place(analysis, row.span),
                "because": [place for span in storage.because if (place := _place(analysis, span))],
            }
        )
    return rows


def _axis(axis: Axis) -> Data:
    return {"name": axis.name, "size": int(axis.size.value or 0), "side": axis.side}


def _init(storage: Storage) -> str:
    args = ", ".join(f"{name} = {value.value:.4g}" for name, value in storage.init.args if value.value is not None)
    return f"{storage.init.name}({args})"


def _place(analysis: Analysis, span: Span) -> Data | None:
    """A line of some file, with its text."""
    file = analysis.source if span.path == analysis.source.path else analysis.sources.get(span.path)
    if file is None:
        return None
    number = file.position(span.start)[0]
    here = file is analysis.source
    return {"path": span.path, "line": number, "here": here, "text": file.line(number).strip()}


# ---------------------------------------------------------------------------- layers


def _layers(found: Budget, known: bool) -> list[Data]:
    """The rows of the budget, depth first, with what each layer keeps for a token."""
    sizes = {**found.totals.assumed, **found.at}
    kept = state.by_path(found.totals.model, found.totals.readings)
    by_name = {show(tuple(Step(*slot) for slot in path)): amount for path, amount in kept.items()}
    return [
        {
            "path": row.path,
            "depth": row.depth,
            "layer": row.layer,
            "stored": row.stored,
            "applied": row.applied,
            "flops": row.flops if known else None,
            "state": evaluate(by_name.get(row.path, ZERO), sizes),
            "line": found.line_of(row.span),
        }
        for row in found.modules
    ]
