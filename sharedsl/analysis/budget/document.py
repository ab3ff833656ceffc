"""The budget of one build as plain data: what `budget --json` prints. Integers throughout, null where unknown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property

from sharedsl.analysis.budget import rows
from sharedsl.analysis.budget.formulas import Formula
from sharedsl.analysis.budget.limits import runtime_sizes
from sharedsl.analysis.budget.totals import Totals
from sharedsl.source import Span

#: gives the line of a span, counted from 1; None where its file is not at hand
LineOf = Callable[[Span], "int | None"]


class Budget:
    """One build's budget at given run-time sizes."""

    def __init__(
        self,
        name: str,
        totals: Totals,
        plan: str | None,
        spec: str,
        line_of: LineOf,
        span: Span,
        at: Mapping[str, int] | None = None,
        formulas: Callable[[], dict[str, Formula]] | None = None,
    ) -> None:
        self.name, self.totals, self.plan, self.spec = name, totals, plan, spec
        self.line_of, self.span, self.at = line_of, span, dict(at or {})
        self._formulas = formulas

    @cached_property
    def values(self) -> dict[str, int | None]:
        """Every total: stored, trainable, frozen, applied, buffers, bytes, flops, state_per_token."""
        return self.totals.at(self.at)

    @property
    def stored(self) -> int:
        """Every storage once, frozen ones included."""
        return self.values["stored"] or 0

    @property
    def trainable(self) -> int:
        return self.values["trainable"] or 0

    @property
    def frozen(self) -> int:
        return self.values["frozen"] or 0

    @property
    def applied(self) -> int:
        """Every site's full shape, once per application."""
        return self.values["applied"] or 0

    @property
    def buffers(self) -> int:
        return self.values["buffers"] or 0

    @property
    def bytes(self) -> int:
        return self.values["bytes"] or 0

    @property
    def flops(self) -> int | None:
        """Of one forward; None where run-time sizes are missing."""
        return self.values["flops"]

    @property
    def state_per_token(self) -> int | None:
        """Numbers kept for each token of a sequence."""
        return self.values["state_per_token"]

    @property
    def sent(self) -> dict[str, int] | None:
        """What a round of federated training sends: all that is not local, parameters and persistent buffers apart.

        None where nothing is local.
        """
        if not self.totals.split:
            return None
        names = {
            "params": "sent",
            "bytes": "sent_bytes",
            "buffers": "sent_buffers",
            "buffer_bytes": "sent_buffer_bytes",
        }
        return {name: self.values[total] or 0 for name, total in names.items()}

    @cached_property
    def sizes(self) -> dict[str, int | None]:
        """The model's parameters and the run-time sizes of its main forward."""
        known = {**self.totals.assumed, **self.at}
        runtime: dict[str, int | None] = {name: known.get(name) for name in runtime_sizes(self.totals)}
        return {**self.totals.sizes, **runtime, **self.at}

    @cached_property
    def formulas(self) -> dict[str, Formula]:
        return self._formulas() if self._formulas is not None else {}

    @cached_property
    def modules(self) -> list[rows.ModuleRow]:
        sizes = {**self.totals.assumed, **self.at}
        return rows.module_rows(self.totals.model, self.totals.solved, self.totals.spent, sizes)

    @cached_property
    def storages(self) -> list[rows.StorageRow]:
        return rows.storage_rows(self.totals.model, self.totals.solved, self.spec)

    def document(self) -> dict[str, object]:
        """As in the published schema."""
        values = self.values
        return {
            "name": self.name,
            "model": self.totals.model.name,
            "plan": self.plan,
            "spec": self.spec,
            "line": self.line_of(self.span),
            "sizes": self.sizes,
            "params": {name: values[name] for name in ("stored", "trainable", "frozen", "applied")},
            "buffers": values["buffers"],
            "sent": self.sent,
            "bytes": values["bytes"],
            "flops": values["flops"],
            "flops_at_most": self.totals.early,
            "state_per_token": values["state_per_token"],
            "formulas": {name: _formula(formula) for name, formula in self.formulas.items()},
            "modules": [self._module(row) for row in self.modules],
            "storages": [self._storage(row) for row in self.storages],
        }

    def __repr__(self) -> str:
        from sharedsl.analysis.budget.display import as_text

        return as_text(self)

    def _repr_html_(self) -> str:
        from sharedsl.analysis.budget.display import as_html

        return as_html([self])

    def _repr_markdown_(self) -> str:
        from sharedsl.analysis.budget.display import as_markdown

        return as_markdown([self])

    def _module(self, row: rows.ModuleRow) -> dict[str, object]:
        return {
            "path": row.path,
            "layer": row.layer,
            "stored": row.stored,
            "applied": row.applied,
            "flops": row.flops,
            "line": self.line_of(row.span),
        }

    def _storage(self, row: rows.StorageRow) -> dict[str, object]:
        return {
            "owner": row.owner,
            "shape": list(row.shape),
            "numel": row.numel,
            "trainable": row.trainable,
            "line": self.line_of(row.span),
            "readers": [{"site": each.site, "expression": each.expression} for each in row.readers],
        }


def _formula(formula: Formula) -> dict[str, object]:
    return {
        "expression": formula.expression,
        "parameters": formula.parameters,
        "fixed": formula.fixed,
        "where": list(formula.where),
    }
