"""How builds look in a notebook: a small table of what they cost, as HTML and as Markdown. Imports no torch."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from sharedsl.analysis.budget.document import Budget

_HEAD = ("build", "model", "plan", "stored", "applied", "ratio", "bytes")


def as_html(budgets: Iterable[Budget], title: str = "") -> str:
    """A row for each build; for a single one, its shared tensors too and how often each is read."""
    found = list(budgets)
    shared = _shared(found[0]) if len(found) == 1 else []
    return _html(title, _HEAD, map(_row, found)) + (_html("What is shared", _SHARED, shared) if shared else "")


def as_markdown(budgets: Iterable[Budget]) -> str:
    found = list(budgets)
    shared = _shared(found[0]) if len(found) == 1 else []
    return _markdown(_HEAD, map(_row, found)) + ("\n" + _markdown(_SHARED, shared) if shared else "")


_SHARED = ("tensor", "shape", "numbers", "readers")
#: rows of the second table
_MOST = 12


def _row(budget: Budget) -> list[str]:
    values = budget.values
    stored, applied = values["stored"] or 0, values["applied"] or 0
    ratio = f"{applied / stored:.2f}x" if stored else "-"
    return [
        budget.name,
        budget.totals.model.name,
        budget.plan or "-",
        f"{stored:,}",
        f"{applied:,}",
        ratio,
        _bytes(values["bytes"] or 0),
    ]


def _shared(budget: Budget) -> list[list[str]]:
    """Tensors with several readers, the largest first."""
    rows = sorted((row for row in budget.storages if len(row.readers) > 1), key=lambda row: -row.numel)
    found = [
        [row.owner, " x ".join(map(str, row.shape)) or "scalar", f"{row.numel:,}", str(len(row.readers))]
        for row in rows[:_MOST]
    ]
    if len(rows) > _MOST:
        found.append([f"and {len(rows) - _MOST} more", "", f"{sum(row.numel for row in rows[_MOST:]):,}", ""])
    return found


def _bytes(count: int) -> str:
    size = float(count)
    for unit in ("B", "KB", "MB"):
        if size < 1000:
            return f"{size:,.0f} {unit}" if unit == "B" else f"{size:,.1f} {unit}"
        size /= 1000
    return f"{size:,.2f} GB"


def _html(title: str, head: Iterable[str], rows: Iterable[list[str]]) -> str:
    def cells(kind: str, row: Iterable[str]) -> str:
        found = []
        for cell in row:
            side = "right" if cell[:1].isdigit() else "left"
            found.append(f'<{kind} style="text-align:{side}">{escape(cell)}</{kind}>')
        return f"<tr>{''.join(found)}</tr>"

    body = "".join(cells("td", row) for row in rows)
    caption = f"<p><b>{escape(title)}</b></p>" if title else ""
    return f"{caption}<table><thead>{cells('th', head)}</thead><tbody>{body}</tbody></table>"


def _markdown(head: Iterable[str], rows: Iterable[list[str]]) -> str:
    titles = list(head)
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines) + "\n"
