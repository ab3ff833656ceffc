"""Columns: neighbouring `layer` lines have their `=` below each other, and `state` lines their types."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sharedsl.formatting.comments import Comments
from sharedsl.formatting.tree import Node, Part

#: what may stand between lines of one column
_SIMPLE = frozenset({"layer", "weight", "buffer", "state", "require", "init"})
_COLUMNS = (("layer", False), ("layer", True), ("state", False))


def paddings(nodes: Sequence[Node], comments: Comments, width: Callable[[Node], int]) -> dict[int, int]:
    """Index of a statement -> how many blanks bring it to its column. A column ends with an empty line.

    `width` measures what stands before the column, as it is printed.
    """
    found: dict[int, int] = {}
    widths = {at: width(node) for at, node in enumerate(nodes) if node.kind in ("layer", "state")}
    for kind, indexed in _COLUMNS:
        run: list[int] = []
        for at, node in enumerate(nodes):
            ends = node.kind not in _SIMPLE or (indexed and not _is_indexed(node))
            if run and (ends or comments.blank_before(nodes[at - 1].last.end, node.first.start)):
                found |= _padded(run, widths)
                run = []
            if node.kind == kind and _is_indexed(node) == indexed:
                run.append(at)
        found |= _padded(run, widths)
    return found


def _padded(run: list[int], widths: dict[int, int]) -> dict[int, int]:
    most = max((widths[at] for at in run), default=0)
    return {at: most - widths[at] for at in run if widths[at] < most}


def head(node: Node) -> tuple[Part, ...]:
    """What stands before the `=` of a layer or before the type of a state."""
    stop = next(at for at, part in enumerate(node.children) if not isinstance(part, Node) and part.text in ("=", ":"))
    return node.children[:stop]


def _is_indexed(node: Node) -> bool:
    """`layer xs[i in range(n)] = ..` is in a column with its own kind only."""
    return node.kind == "layer" and len(node.children) > 4
