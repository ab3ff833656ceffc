"""How budgets look in a notebook and a Python session: what builds cost, as HTML, Markdown and a line of text."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sharedsl.analysis.budget.document import Budget

_HEAD = ("build", "model", "plan", "stored", "applied", "ratio", "bytes")
#: columns that are there where some build has a number for them
_MORE = {"flops": "FLOPs", "state_per_token": "state/token"}


def as_html(budgets: Iterable[Budget], title: str = "") -> str:
    """A row for each build; for a single one, its shared tensors too and how often each is read."""
    found = list(budgets)
    shared = _shared(found[0]) if len(found) == 1 else []
    return _html(title, *_table(found)) + (_html("What is shared", _SHARED, shared) if shared else "")


def as_markdown(budgets: Iterable[Budget]) -> str:
    found = list(budgets)
    shared = _shared(found[0]) if len(found) == 1 else []
    return _markdown(*_table(found)) + ("\n" + _markdown(_SHARED, shared) if shared else "")


def as_text(budget: Budget) -> str:
    """One line: the name, then every number that there is."""
    (titles, (row,)) = _table([budget])
    at = ", ".join(f"{name} = {size:,}" for name, size in budget.at.items())
    numbers = ", ".join(f"{cell} {title}" for title, cell in zip(titles[3:], row[3:], strict=True))
    return f"{budget.name}{f' at {at}' if at else ''}: {numbers}"


_SHARED = ("tensor", "shape", "numbers", "readers")
#: rows of the second table
_MOST = 12


def _table(budgets: list[Budget]) -> tuple[list[str], list[list[str]]]:
    more = [name for name in _MORE if any(each.values[name] for each in budgets)]
    rows = [[*_row(each), *(f"{each.values[name] or 0:,}" for name in more)] for each in budgets]
    return [*_HEAD, *(_MORE[name] for name in more)], rows


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
    for unit in ("B", "KiB", "MiB"):
        if size < 1023.95:
            return f"{size:,.0f} {unit}" if unit == "B" else f"{size:,.1f} {unit}"
        size /= 1024
    return f"{size:,.1f} GiB"


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
