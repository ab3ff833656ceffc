"""A picture of a plan: which layer reads which storage. Columns are layers, rows their weights, colours storages."""

from __future__ import annotations

from html import escape

from sharedsl.analysis.budget.readable import expression
from sharedsl.model.sites import Path, show
from sharedsl.model.weights import Solved, storages_of
from sharedsl.record import dataclass, field
from sharedsl.serve.colours import colours

_CELL, _GAP = 18, 2
_LABEL, _HEAD, _MARGIN = 168, 74, 44
#: columns beyond this are left out, with a note
MAX_COLUMNS = 96


@dataclass(frozen=True, slots=True)
class Cell:
    """One weight as one application sees it."""

    column: int
    row: int
    storages: tuple[int, ...]
    title: str


@dataclass(slots=True)
class Grid:
    columns: list[str] = field(default_factory=list)
    rows: list[str] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)
    #: storage -> the hue and shade of its colour; storages that one site reads, and once, have none
    colours: dict[int, tuple[float, float]] = field(default_factory=dict)
    left_out: int = 0


def grid(solved: Solved) -> Grid:
    """Sites placed by the layer they stand in and by their name in it."""
    picture = Grid()
    columns: dict[str, int] = {}
    rows: dict[str, int] = {}
    for site in solved.sites:
        here, rest = _split(site.path)
        column = columns.setdefault(here, len(columns))
        row = rows.setdefault(rest, len(rows))
        expr = solved.reads[site.index]
        used = storages_of(expr)
        title = f"{show(site.path)} = {expression(expr, solved.storages)}"
        if column < MAX_COLUMNS:
            picture.cells.append(Cell(column, row, used, title))
    picture.colours = colours(solved)
    picture.columns, picture.rows = list(columns)[:MAX_COLUMNS], list(rows)
    picture.left_out = max(len(columns) - MAX_COLUMNS, 0)
    return picture


def _split(path: Path) -> tuple[str, str]:
    """The layer (up to its last step with an index or an application) and what is inside of it."""
    end = 1
    for at, step in enumerate(path[:-1], 1):
        if step.index is not None or step.app is not None or step.run is not None:
            end = at
    return show(path[:end]), show(path[end:]) or "(itself)"


def paint(colour: tuple[float, float]) -> str:
    """A colour that can be told from others on light and on dark paper."""
    hue, shade = colour
    return f"oklch({0.52 + 0.26 * shade:.3f} 0.13 {hue:g})"


def svg(picture: Grid) -> str:
    """The picture as inline SVG. Private weights are grey, so that what is shared stands out."""
    pitch = _CELL + _GAP
    longest = max(map(len, map(_clip, picture.columns[-2:])), default=0)
    wide = _LABEL + len(picture.columns) * pitch + max(_MARGIN, 5 * longest)
    high = _HEAD + len(picture.rows) * pitch + 8
    parts = [f'<svg class="grid" viewBox="0 0 {wide} {high}" width="{wide}" height="{high}" role="img">']
    for at, label in enumerate(picture.columns):
        x = _LABEL + at * pitch + _CELL / 2
        parts.append(
            f'<text class="label" transform="translate({x + 3:.0f} {_HEAD - 6}) rotate(-60)">'
            f"{escape(_clip(label))}</text>"
        )
    for at, label in enumerate(picture.rows):
        y = _HEAD + at * pitch + _CELL / 2 + 4
        parts.append(
            f'<text class="label" x="{_LABEL - 8}" y="{y:.0f}" text-anchor="end">{escape(_clip(label, 26))}</text>'
        )
    parts += [_cell(cell, picture) for cell in picture.cells]
    return "".join([*parts, "</svg>"])


def _clip(text: str, limit: int = 14) -> str:
    return text if len(text) <= limit else "…" + text[1 - limit :]


def _cell(cell: Cell, picture: Grid) -> str:
    pitch = _CELL + _GAP
    x, y = _LABEL + cell.column * pitch, _HEAD + cell.row * pitch
    stripes = max(len(cell.storages), 1)
    high = _CELL / stripes
    parts = [f"<g><title>{escape(cell.title)}</title>"]
    for at, storage in enumerate(cell.storages):
        colour = picture.colours.get(storage)
        fill = 'class="private"' if colour is None else f'fill="{paint(colour)}"'
        radius = ' rx="3"' if stripes == 1 else ""
        parts.append(f'<rect x="{x}" y="{y + at * high:.2f}" width="{_CELL}" height="{high:.2f}"{radius} {fill}/>')
    return "".join([*parts, "</g>"])
