"""Draws loss curves: in the terminal with braille dots, and as an SVG picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise

Curve = Sequence[tuple[float, float]]
INK = ("#3366cc", "#dc3912", "#109618", "#990099", "#ff9900")
ANSI = ("\033[34m", "\033[31m", "\033[32m", "\033[35m", "\033[33m")
DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))


def bounds(curves: Mapping[str, Curve]) -> tuple[float, float, float, float]:
    xs = [x for curve in curves.values() for x, _ in curve]
    ys = [y for curve in curves.values() for _, y in curve]
    return min(xs), max(max(xs), min(xs) + 1e-9), min(ys), max(max(ys), min(ys) + 1e-9)


def terminal(curves: Mapping[str, Curve], width: int = 64, height: int = 14, *, colour: bool = True) -> str:
    """The curves as text, two dots a column and four a row; each curve has its colour."""
    left, right, low, high = bounds(curves)
    cells = [[(0, 0) for _ in range(width)] for _ in range(height)]
    for number, curve in enumerate(curves.values()):
        for at in range(2 * width):
            y = between(curve, left + (right - left) * at / (2 * width - 1))
            column, row = at, round((high - y) / (high - low) * (4 * height - 1))
            bits, _ = cells[row // 4][column // 2]
            cells[row // 4][column // 2] = (bits | DOTS[row % 4][column % 2], number)
    lines = []
    for number, row_cells in enumerate(cells):
        label = high - (high - low) * number / max(height - 1, 1)
        lines.append(f"{label:6.2f} │" + "".join(_cell(bits, curve, colour) for bits, curve in row_cells))
    lines.append("       └" + "─" * width)
    lines.append(f"        {'step ' + format(left, '.0f'):<{width // 2}}{format(right, '.0f'):>{width - width // 2}}")
    for number, (name, curve) in enumerate(curves.items()):
        mark = f"{ANSI[number % len(ANSI)]}●\033[0m" if colour else "*"
        lines.append(f"  {mark} {name}: {curve[-1][1]:.3f}")
    return "\n".join(lines)


def between(curve: Curve, x: float) -> float:
    """The curve's height at x, straight from point to point."""
    for (x0, y0), (x1, y1) in pairwise(curve):
        if x <= x1:
            return y0 + (y1 - y0) * (x - x0) / max(x1 - x0, 1e-9)
    return curve[-1][1]


def _cell(bits: int, curve: int, colour: bool) -> str:
    if not bits:
        return " "
    dot = chr(0x2800 + bits)
    return f"{ANSI[curve % len(ANSI)]}{dot}\033[0m" if colour else dot


def svg(curves: Mapping[str, Curve], title: str, across: str, up: str) -> str:
    """The curves as a self-contained picture."""
    left, right, low, high = bounds(curves)
    width, height, pad = 720, 420, 56

    def point(x: float, y: float) -> str:
        at = pad + (x - left) / (right - left) * (width - 2 * pad)
        down = pad + (high - y) / (high - low) * (height - 2 * pad)
        return f"{at:.1f},{down:.1f}"

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        f'<text x="{pad}" y="28" font-size="17">{escape(title)}</text>',
    ]
    for step in range(5):
        y = low + (high - low) * step / 4
        start, end = point(left, y), point(right, y)
        (x1, y1), (x2, y2) = start.split(","), end.split(",")
        parts.append(f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="#ddd"/>')
        parts.append(f'<text x="{pad - 8}" y="{y1}" font-size="12" text-anchor="end">{y:.2f}</text>')
        x = left + (right - left) * step / 4
        under = point(x, low).split(",")[0]
        parts.append(f'<text x="{under}" y="{height - pad + 18}" font-size="12" text-anchor="middle">{x:.0f}</text>')
    for number, (name, curve) in enumerate(curves.items()):
        ink = INK[number % len(INK)]
        points = " ".join(point(x, y) for x, y in curve)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{ink}" stroke-width="2"/>')
        y = pad + 18 * number + 4
        parts.append(f'<rect x="{width - 300}" y="{y}" width="14" height="4" fill="{ink}"/>')
        parts.append(f'<text x="{width - 280}" y="{y + 6}" font-size="12">{escape(name)}</text>')
    parts.append(f'<text x="{width / 2}" y="{height - 14}" font-size="13" text-anchor="middle">{escape(across)}</text>')
    parts.append(f'<text x="{pad}" y="46" font-size="12" fill="#555">{escape(up)}</text>')
    return "\n".join([*parts, "</svg>", ""])
