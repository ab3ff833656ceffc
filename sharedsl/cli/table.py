"""Aligned tables for terminals."""

from __future__ import annotations

from collections.abc import Sequence

from sharedsl.diagnostics.paint import Paint, width

#: a cell: its text and its style, or the text alone
Cell = str | tuple[str, str]


def table(
    rows: Sequence[Sequence[Cell]], left: Sequence[int] = (0,), gap: str = "  ", paint: Paint | None = None
) -> str:
    """Rows of cells in columns, numbers to the right; the columns in `left` to the left."""
    paint = paint or Paint()
    wide = [max(width(_text(row[at])) for row in rows if at < len(row)) for at in range(max(map(len, rows)))]
    lines = []
    for row in rows:
        cells = []
        for at, cell in enumerate(row):
            pad = " " * (wide[at] - width(_text(cell)))
            shown = paint(*cell) if isinstance(cell, tuple) and cell[1] else _text(cell)
            cells.append(shown + pad if at in left else pad + shown)
        lines.append(gap.join(cells).rstrip())
    return "\n".join(lines) + "\n"


def _text(cell: Cell) -> str:
    return cell if isinstance(cell, str) else cell[0]


def short(number: int | None, unit: str = "") -> str:
    """Four significant digits and a unit prefix: `11.68M`, `22.37G`."""
    if number is None:
        return "-"
    size, prefixes = float(number), ["", "k", "M", "G", "T", "P", "E"]
    while abs(size) >= 999.95 and len(prefixes) > 1:
        size /= 1000
        prefixes.pop(0)
    prefix = prefixes[0]
    text = f"{number:,}" if not prefix else f"{size:.1f}" if abs(size) >= 100 else f"{size:.2f}"
    return f"{text}{prefix}{unit}"


def data(number: int | None) -> str:
    """Bytes in binary units: `44.6 MiB`."""
    if number is None:
        return "-"
    size, units = float(number), ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]
    while abs(size) >= 1023.95 and len(units) > 1:
        size /= 1024
        units.pop(0)
    return f"{number} B" if units[0] == "B" else f"{size:.1f} {units[0]}"


def bar(share: float, wide: int, paint: Paint) -> str:
    """A bar of `share` of `wide` columns, in eighths where the terminal can show them."""
    share = min(max(share, 0.0), 1.0)
    if not paint.unicode:
        return "#" * max(round(share * wide), 1 if share else 0)
    eighths = max(round(share * wide * 8), 1 if share else 0)
    return "█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()
