"""How builds look in a notebook: a small table of what they cost, as HTML and as Markdown."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sharedsl.api import Build, Builds

_HEAD = ("build", "model", "plan", "stored", "applied", "ratio", "bytes")


def builds_html(builds: Builds) -> str:
    return _html(f"Builds of {builds.path}", _HEAD, [_row(build) for build in builds.values()])


def builds_markdown(builds: Builds) -> str:
    return _markdown(_HEAD, [_row(build) for build in builds.values()])


def build_html(build: Build) -> str:
    """The build's totals, then its shared tensors and how often each is read."""
    totals = _html("", _HEAD, [_row(build)])
    shared = _shared(build)
    return totals + (_html("What is shared", _SHARED, shared) if shared else "")


def build_markdown(build: Build) -> str:
    shared = _shared(build)
    return _markdown(_HEAD, [_row(build)]) + ("\n" + _markdown(_SHARED, shared) if shared else "")


_SHARED = ("tensor", "shape", "numbers", "readers")
#: rows of the second table
_MOST = 12


def _row(build: Build) -> list[str]:
    values = build.budget().values
    stored, applied = values["stored"] or 0, values["applied"] or 0
    ratio = f"{applied / stored:.2f}x" if stored else "-"
    return [
        build.name,
        build.model,
        build.plan or "-",
        f"{stored:,}",
        f"{applied:,}",
        ratio,
        _bytes(values["bytes"] or 0),
    ]


def _shared(build: Build) -> list[list[str]]:
    """Tensors with several readers, the largest first."""
    rows = sorted((row for row in build.budget().storages if len(row.readers) > 1), key=lambda row: -row.numel)
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
