"""What is said of two weights that cannot be one because their shapes differ."""

from __future__ import annotations

from sharedsl.diagnostics import Edit, Fix, Label
from sharedsl.model.sites import Axis
from sharedsl.sharing.context import Line
from sharedsl.sharing.report import Report
from sharedsl.source import Span
from sharedsl.syntax import ast


def shape_error(report: Report, line: Line, left: str, a: tuple[Axis, ...], right: str, b: tuple[Axis, ...]) -> None:
    """Two weights of different shape; a transposition that would fit is offered."""
    one, other = shape_text(a), shape_text(b)
    quoted = f"`{right}`" if " " not in right else right
    message = f"`{left}` is {one} and {quoted} is {other}: {_difference(a, b)}"
    sides: tuple[Label, ...] = ()
    if isinstance(line.relation, ast.Tie):
        target, value = line.relation.target.span, line.relation.value.span
        sides = (Label(target, f"this is {one}"), Label(value, f"this is {other}"))
    sizes = [axis.size.ground for axis in a]
    if len(a) == 2 and sizes == [axis.size.ground for axis in reversed(b)] and isinstance(line.relation, ast.Tie):
        report.error("shape", message, line.span, "", sides, fixes=(_transposed(line.relation.value),))
        return
    help = "only weights of one shape can be one; a slice or view may fit"
    if isinstance(line.relation, ast.Share) and not line.relation.collection and line.relation.axis is None:
        help = "`share S` makes all weights of S one; `tie b = a` makes blocks one, weight by weight"
    report.error("shape", message, line.span, "", sides, help=help)


def _difference(a: tuple[Axis, ...], b: tuple[Axis, ...]) -> str:
    """In what two shapes differ."""
    if len(a) != len(b):
        return f"{len(a)} and {len(b)} axes"
    at = next((at for at, (x, y) in enumerate(zip(a, b, strict=True)) if x.size.ground != y.size.ground), None)
    if at is None:
        return "their axes differ"
    return f"axis {at} is {a[at].size} and {b[at].size}"


def shape_text(axes: tuple[Axis, ...]) -> str:
    shown = []
    for axis in axes:
        number = str(axis.size)
        shown.append(f"{axis.name} = {number}" if axis.name else number)
    return f"[{', '.join(shown)}]"


def _transposed(value: ast.Expr) -> Fix:
    """The right side of a tie transposed: a `.T` that stands there goes, else one comes after the weight."""
    while isinstance(value, ast.Binary):
        value = value.left if isinstance(value.right, ast.Number) else value.right
    if isinstance(value, ast.Attribute) and value.name == "T":
        return Fix("leave `.T` out", (Edit(Span(value.span.path, value.value.span.end, value.span.end), ""),))
    return Fix("tie it to the transposed weight", (Edit(Span(value.span.path, value.span.end, value.span.end), ".T"),))
