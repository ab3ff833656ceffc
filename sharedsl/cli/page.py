"""The comparison as one HTML page: no scripts, nothing loaded from elsewhere."""

from __future__ import annotations

import os
from collections.abc import Sequence
from html import escape

from sharedsl.analysis.budget.document import Budget
from sharedsl.cli.picture import grid, svg
from sharedsl.cli.table import data, short

_BAR, _ROW, _NAME = 420, 34, 170


HEAD = ["plan", "stored", "of applied", "applied", "sharing", "bytes", "FLOPs", "state / token"]


def page(model: str, spec: str, budgets: Sequence[Budget], texts: dict[str, str]) -> str:
    """`texts` holds each plan's own words, as the spec has them."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "templates")
    environment = Environment(
        loader=FileSystemLoader(folder, encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    plans = []
    for budget in budgets:
        picture = grid(budget.totals.solved)
        plans.append(
            {
                "name": budget.name,
                "text": texts.get(budget.name, ""),
                "svg": svg(picture),
                "left_out": picture.left_out,
                "shared": len(picture.colours),
                "storages": len(budget.totals.solved.storages),
                "sites": len(budget.totals.solved.sites),
            }
        )
    first = budgets[0]
    # the last column is for models that keep something
    width = len(HEAD) if any(budget.values["state_per_token"] for budget in budgets) else len(HEAD) - 1
    return environment.get_template("compare.html").render(
        model=model,
        spec=spec,
        sizes=[(name, f"{value:,}") for name, value in first.sizes.items() if value is not None],
        head=HEAD[:width],
        rows=[_row(budget)[:width] for budget in budgets],
        chart=chart(budgets),
        plans=plans,
    )


def _row(budget: Budget) -> list[str]:
    values = budget.values
    stored, applied = values["stored"] or 0, values["applied"] or 0
    return [
        budget.name,
        f"{stored:,}",
        f"{stored / applied:.1%}" if applied else "-",
        f"{applied:,}",
        f"{applied / stored:.2f}×" if stored else "-",
        data(values["bytes"]),
        short(values["flops"]),
        f"{values['state_per_token']:,}" if values["state_per_token"] is not None else "-",
    ]


def chart(budgets: Sequence[Budget]) -> str:
    """Bars of what is stored inside bars of what is applied."""
    largest = max((max(b.values["stored"] or 0, b.values["applied"] or 0) for b in budgets), default=1) or 1
    wide, high = _NAME + _BAR + 190, len(budgets) * _ROW + 8
    parts = [f'<svg class="chart" viewBox="0 0 {wide} {high}" width="{wide}" height="{high}" role="img">']
    for at, budget in enumerate(budgets):
        stored, applied = budget.values["stored"] or 0, budget.values["applied"] or 0
        y = at * _ROW + 4
        parts.append(f'<text class="name" x="{_NAME - 10}" y="{y + 17}" text-anchor="end">{escape(budget.name)}</text>')
        for amount, kind in ((applied, "applied"), (stored, "stored")):
            length = max(amount / largest * _BAR, 1.5 if amount else 0)
            parts.append(f'<rect class="{kind}" x="{_NAME}" y="{y}" width="{length:.1f}" height="24" rx="4"/>')
        end = _NAME + max(stored, applied) / largest * _BAR + 10
        parts.append(f'<text class="amount" x="{end:.1f}" y="{y + 17}">{short(stored)} of {short(applied)}</text>')
    return "".join([*parts, "</svg>"])
