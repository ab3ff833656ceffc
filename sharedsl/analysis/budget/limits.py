"""The `budget` lines of a build: checked against the totals, with the biggest contributors where one is broken."""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable, Mapping
from math import prod

from sharedsl.analysis.budget import rows
from sharedsl.analysis.budget.quantities import QUANTITIES, quantity_span
from sharedsl.analysis.budget.quantity import evaluate
from sharedsl.analysis.budget.readable import storage_name
from sharedsl.analysis.budget.requirements import refused
from sharedsl.analysis.budget.totals import Totals
from sharedsl.analysis.budget.uses import main_entry
from sharedsl.analysis.names import unknown
from sharedsl.comptime import Failure, Scope
from sharedsl.comptime import evaluate as value_of
from sharedsl.diagnostics import Diagnostic, error
from sharedsl.model.sizes import Real, Size
from sharedsl.model.weights import Storage, storages_of
from sharedsl.source import Span
from sharedsl.syntax import ast

UNITS = {"flops": " FLOPs", "bytes": " bytes", "artifact": " bytes", "sent_bytes": " bytes"}
#: what buffers add to a total
_WITH_BUFFERS = {"sent": "sent_buffers", "sent_bytes": "sent_buffer_bytes"}
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "==": operator.eq, "!=": operator.ne, "<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt,
}  # fmt: skip
_SAYS = {"==": "equal", "!=": "not equal", "<=": "at most", ">=": "at least", "<": "below", ">": "above"}


def check(lines: tuple[ast.BudgetLine, ...], totals: Totals) -> list[Diagnostic]:
    """A diagnostic for each line that is broken or cannot be read."""
    found = (_check(line, totals) for line in lines)
    return [each for each in found if each is not None]


def actual_and_limit(line: ast.BudgetLine, totals: Totals) -> tuple[int, int | float] | None:
    """What a line compares; None where it cannot be read."""
    if line.quantity not in QUANTITIES:
        return None
    scope = Scope(totals.model.parameters)
    limit, arguments = _number(line.limit, scope), _arguments(line, totals, scope)
    if isinstance(limit, str) or isinstance(arguments, Diagnostic):
        return None
    actual = _actual(line, totals, arguments)
    return None if isinstance(actual, Diagnostic) else (actual, limit)


def _check(line: ast.BudgetLine, totals: Totals) -> Diagnostic | None:
    if line.quantity not in QUANTITIES:
        message = f"there is no budget for `{line.quantity}`"
        return unknown("budget-unknown", message, line.quantity, quantity_span(line), QUANTITIES)
    scope = Scope(totals.model.parameters)
    limit = _number(line.limit, scope)
    if isinstance(limit, str | bool):
        why = limit if isinstance(limit, str) else "a number is wanted"
        return error("budget-value", f"this limit has no value: {why}", line.limit.span)
    arguments = _arguments(line, totals, scope)
    if isinstance(arguments, Diagnostic):
        return arguments
    sizes = arguments if QUANTITIES[line.quantity][1] == "sizes" else {}
    refusal = refused(totals.model, {**totals.assumed, **sizes}, sizes, totals.model.name, line.span)
    if refusal is not None:
        return refusal
    actual = _actual(line, totals, arguments)
    if isinstance(actual, Diagnostic) or _COMPARE[line.op](actual, limit):
        return actual if isinstance(actual, Diagnostic) else None
    return _broken(line, totals, arguments, actual, limit)


def _number(expr: ast.Expr, scope: Scope) -> int | float | str:
    try:
        value = value_of(expr, scope)
    except Failure as failure:
        return str(failure)
    if isinstance(value, bool):
        return value
    if isinstance(value, Size | Real) and value.value is not None:
        return value.value
    return "a number is wanted"


def _arguments(line: ast.BudgetLine, totals: Totals, scope: Scope) -> dict[str, int] | Diagnostic:
    wants = QUANTITIES[line.quantity][1]
    found: dict[str, int] = {}
    for arg in line.args:
        value = _number(arg.value, scope)
        if isinstance(value, bool) != (wants == "buffers") or not isinstance(value, int):
            wanted = "`true` or `false` is wanted" if wants == "buffers" else "a whole number is wanted"
            why = value if isinstance(value, str) else wanted
            return error("budget-value", f"this argument has no value: {why}", arg.span)
        if wants is None:
            return error("budget-argument", f"`{line.quantity}` takes no arguments", arg.span)
        if arg.name is None:
            return error(
                "budget-argument", f"arguments of `{line.quantity}` are named", arg.span, help=_example(line, totals)
            )
        names = runtime_sizes(totals) if wants == "sizes" else (wants,)
        if arg.name not in names:
            place = Span(arg.span.path, arg.span.start, arg.span.start + len(arg.name))
            message = f"`{line.quantity}` of `{totals.model.name}` has no size `{arg.name}`"
            return unknown("budget-argument", message, arg.name, place, names)
        found[arg.name] = value
    return found


def runtime_sizes(totals: Totals) -> tuple[str, ...]:
    """The run-time sizes that the main forward binds, and counts that it keeps: B, T, seen."""
    entry = main_entry(totals.model)
    if entry is None:
        return ()
    bound = dict.fromkeys(name for name, _ in totals.model.root.bodies[entry].sizes)
    counted = sorted(totals.polys["flops"].names() - totals.sizes.keys()) if "flops" in totals.polys else ()
    return tuple({**bound, **dict.fromkeys(counted)})


def _example(line: ast.BudgetLine, totals: Totals) -> str:
    if QUANTITIES[line.quantity][1] == "bits":
        return "write `artifact(bits = 8)`"
    if QUANTITIES[line.quantity][1] == "buffers":
        return f"write `{line.quantity}(buffers = true)`"
    names = [name for name in runtime_sizes(totals) if name not in totals.assumed]
    sizes = ", ".join(f"{name} = {1 if name == 'B' else 128}" for name in names)
    return f"write `{line.quantity}({sizes})`"


def _actual(line: ast.BudgetLine, totals: Totals, arguments: Mapping[str, int]) -> int | Diagnostic:
    name = QUANTITIES[line.quantity][0]
    if name == "artifact":
        value = totals.artifact(arguments["bits"], totals.sizes) if "bits" in arguments else None
    elif name in _WITH_BUFFERS:
        parts = [name, _WITH_BUFFERS[name]] if arguments.get("buffers") else [name]
        value = totals.sum_of(parts)
    else:
        amount = totals.poly(name)
        value = None if amount is None else evaluate(amount, {**totals.assumed, **arguments})
    if value is None:
        message = f"`{line.quantity}` depends on sizes that this line does not give"
        return error("budget-argument", message, line.span, help=_example(line, totals))
    return value


def _broken(
    line: ast.BudgetLine, totals: Totals, arguments: Mapping[str, int], actual: int, limit: int | float
) -> Diagnostic:
    unit = UNITS.get(line.quantity, "")
    wanted = f"{_SAYS[line.op]} {limit:,}{unit}"
    message = f"`{line.quantity}` is {actual:,}{unit}, and must be {wanted}{_apart(actual, limit)}"
    label = f"{abs(actual - limit):,}{unit} too {'many' if actual > limit else 'few'}" if actual != limit else ""
    notes = _contributors(line.quantity, totals, {**totals.assumed, **arguments})
    return error("budget", message, line.span, label, notes=notes)


def _apart(actual: int, limit: int | float) -> str:
    if not limit or actual == limit:
        return ""
    share = (actual - limit) / abs(limit) * 100
    shown = f"{abs(share):.1f}" if abs(share) >= 0.05 else f"{abs(share):.1g}"
    return f" ({shown}% {'over' if share > 0 else 'under'})"


def _contributors(quantity: str, totals: Totals, sizes: Mapping[str, int]) -> tuple[str, ...]:
    """The largest parts of the total, at most five, with their share."""
    amounts = _by_module(quantity, totals, sizes) if quantity in ("flops", "applied") else _by_storage(quantity, totals)
    whole = sum(amount for _, amount in amounts) or 1
    largest = sorted((each for each in amounts if each[1]), key=lambda each: (-each[1], each[0]))[:5]
    if not largest or quantity in ("state", "buffers"):
        return ()
    wide = max(len(f"{amount:,}") for _, amount in largest)
    lines = [f"{amount:>{wide},}  {amount / whole * 100:4.1f}%  {name}" for name, amount in largest]
    return ("most of it:\n" + "\n".join(lines),)


def _by_storage(quantity: str, totals: Totals) -> list[tuple[str, int]]:
    solved = totals.solved
    keep = {"trainable": True, "frozen": False}.get(quantity)
    sent = quantity.startswith("sent")
    often: Counter[int] = Counter()
    for read in solved.reads:
        often.update(storages_of(read))
    kept = [each for each in solved.storages if keep is None or each.trainable == keep]
    kept = [each for each in kept if not (sent and each.local)]
    return [(_named(each, often[each.index]), prod(each.shape)) for each in kept]


def _named(storage: Storage, often: int) -> str:
    return storage_name(storage) if often < 2 else f"{storage_name(storage)}, read {often:,} times"


def _by_module(quantity: str, totals: Totals, sizes: Mapping[str, int]) -> list[tuple[str, int]]:
    """The model's own layers; a stack counts as one."""
    found: dict[str, int] = {}
    for row in rows.module_rows(totals.model, totals.solved, totals.spent, sizes):
        if row.depth == 0:
            name = row.path.split("[")[0]
            found[name] = found.get(name, 0) + ((row.flops or 0) if quantity == "flops" else row.applied)
    return list(found.items())
