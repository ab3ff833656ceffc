"""What a `factorize` line asks of a tensor factorisation: its form, ranks, digits and blocks, as numbers."""

from __future__ import annotations

from sharedsl.comptime import evaluate
from sharedsl.model.sizes import Size
from sharedsl.record import dataclass
from sharedsl.sharing.context import Line
from sharedsl.sharing.report import suggestion
from sharedsl.sharing.views import ViewError
from sharedsl.source import Span
from sharedsl.syntax import ast

#: form -> the arguments that it takes, and what its first one without a name is
TAKES: dict[str, tuple[str, ...]] = {
    "tucker": ("rows", "columns"),
    "cp": ("rows", "columns"),
    "tt": ("rows", "columns", "order"),
    "kronecker": ("count", "left"),
    "monarch": ("count",),
    "butterfly": (),
}
RANKED = ("tucker", "cp", "tt")
#: forms that may have a rank: the right factors of a Kronecker sum are low rank then
MAY_RANK = (*RANKED, "kronecker")


@dataclass(frozen=True, slots=True)
class Spec:
    """`rank [12, 14] as tt(rows = [120, 90, 110], columns = [4, 4, 4])`. `listed`: a list of ranks was written."""

    form: str
    ranks: tuple[Size, ...] = ()
    listed: bool = False
    #: tucker(outputs = 16): ranks by axis
    named: tuple[tuple[str, Size], ...] = ()
    rows: tuple[Size, ...] = ()
    columns: tuple[Size, ...] = ()
    count: Size | None = None
    left: tuple[Size, ...] = ()
    #: tt(order = [inputs, outputs]): the axes from the first core to the last
    order: tuple[str, ...] = ()

    def sizes(self) -> tuple[Size, ...]:
        """Every number in it."""
        one = () if self.count is None else (self.count,)
        return (*self.ranks, *(each for _, each in self.named), *self.rows, *self.columns, *one, *self.left)

    def plain(self) -> tuple[object, ...]:
        """Equal for factorisations that are the same, whatever their numbers are computed from."""
        lists = (self.ranks, self.rows, self.columns, self.left)
        numbers = tuple(tuple(each.value for each in sizes) for sizes in lists)
        named = tuple(sorted((name, each.value) for name, each in self.named))
        return (
            self.form,
            self.listed,
            named,
            self.count.value if self.count is not None else None,
            self.order,
            *numbers,
        )


def spec_of(relation: ast.Factorize, line: Line) -> Spec:
    """The line's numbers; ViewError for what the form does not take."""
    form = relation.form or ""
    ranks, listed = _sizes(relation.rank, line, "a rank") if relation.rank is not None else ((), False)
    if ranks and form not in MAY_RANK:
        assert relation.rank is not None
        message = f"`as {form}` takes no rank"
        raise ViewError("unknown-argument", message, relation.rank.span, "leave `rank ..` out")
    given: dict[str, tuple[Size, ...]] = {}
    named: list[tuple[str, Size]] = []
    order: tuple[str, ...] = ()
    takes = TAKES[form]
    for at, arg in enumerate(relation.form_args):
        name = arg.name or (takes[at] if at < len(takes) and takes[at] == "count" else None)
        if name == "order" and name in takes and not order:
            order = _names(arg.value)
        elif name in takes and name not in given:
            given[name or ""] = _sizes(arg.value, line, f"`{name}`")[0]
        elif form == "tucker" and arg.name is not None and arg.name not in dict(named):
            found, many = _sizes(arg.value, line, f"the rank of `{arg.name}`")
            if many:
                raise ViewError("wrong-kind", f"the rank of `{arg.name}` is one number", arg.value.span)
            named.append((arg.name, found[0]))
        else:
            more = ["ranks by axis"] if form == "tucker" else []
            shown = ", ".join([*(f"`{each}`" for each in takes), *more]) or "nothing"
            name, help = arg.name or "", "`sharedsl explain factor-unknown` lists the forms' parts"
            where = Span(arg.span.path, arg.span.start, arg.span.start + len(name)) if name else arg.value.span
            fixes = suggestion(name, where, takes)[1] if name not in ("", *takes) else ()
            raise ViewError("unknown-argument", f"`{form}` takes {shown}", where, "" if fixes else help, fixes)
    if named and ranks:
        message = "ranks are written once: `rank ..`, or by axis"
        raise ViewError("unknown-argument", message, relation.span, "leave one of them out")
    if form in RANKED and not ranks and not named:
        message = f"`as {form}` needs its ranks: `factorize S rank 8 as {form}`"
        raise ViewError("missing-argument", message, relation.span, "write how many terms to sum over")
    if form == "kronecker" and "count" not in given and "left" not in given:
        message = "`as kronecker(n)` takes the number of its terms"
        raise ViewError("missing-argument", message, relation.span, "such as `as kronecker(4)`")
    count = given.get("count")
    return Spec(
        form,
        ranks,
        listed,
        tuple(named),
        given.get("rows", ()),
        given.get("columns", ()),
        count[0] if count else None,
        given.get("left", ()),
        order,
    )


def _names(expr: ast.Expr) -> tuple[str, ...]:
    items = expr.items if isinstance(expr, ast.List) else ()
    names = tuple(item.name for item in items if isinstance(item, ast.Name))
    if not names or len(names) != len(items):
        raise ViewError("wrong-kind", "`order` is a list of the weight's axes", expr.span)
    return names


def _sizes(expr: ast.Expr, line: Line, what: str) -> tuple[tuple[Size, ...], bool]:
    """A whole number or a list of them, each at least 1; whether it is a list."""
    value = evaluate(expr, line.scope)
    items = value if isinstance(value, tuple) else (value,)
    found = [each for each in items if isinstance(each, Size) and each.value is not None and each.value >= 1]
    if len(found) < len(items) or not items:
        raise ViewError(
            "wrong-kind",
            f"{what} is a whole number of at least 1, or a list of such",
            expr.span,
            "such as `8` or `[8, 4]`",
        )
    return tuple(found), isinstance(value, tuple)
