"""Code lenses: the budget of every block, model and build, and the plans of a model side by side."""

from __future__ import annotations

from collections.abc import Iterator

from sharedsl.ide.facts import Facts
from sharedsl.ide.numbers import amount, bytes_text, count, times
from sharedsl.ide.view import View
from sharedsl.record import dataclass
from sharedsl.source import Span
from sharedsl.syntax import ast

COMPARE = "sharedsl.comparePlans"


@dataclass(frozen=True, slots=True)
class Lens:
    """`title` above the line of `span`; `command` with its arguments runs when it is clicked."""

    span: Span
    title: str
    command: str = ""
    arguments: tuple[str, ...] = ()


def lenses(view: View) -> list[Lens]:
    return [each for item in view.items for each in _of_item(view, item)]


def _of_item(view: View, item: ast.Item) -> Iterator[Lens]:
    match item:
        case ast.Block(kind="model"):
            facts = view.facts.of_model(item.name)
            if facts is not None:
                yield Lens(item.name_span, budget_text(facts, True))
            if len(view.analysis.scope.plans_of(item.name)) > 0:
                yield Lens(item.name_span, "compare plans", COMPARE, (view.path, item.name))
        case ast.Block():
            facts = view.facts.of_block(item)
            known = facts.unit(item.name_span) if facts is not None else None
            if facts is not None and known is not None:
                row = facts.rows.get(".".join(map(str, known[1])))
                if row is not None:
                    text = f"{count(row.stored, 'parameter')}, {row.applied:,} applied ({row.path} in {facts.title})"
                    yield Lens(item.name_span, text)
        case ast.Build():
            facts = view.facts.of_build(item.name)
            if facts is not None:
                yield Lens(item.name_span, budget_text(facts, False))
        case _:
            pass


def budget_text(facts: Facts, named: bool) -> str:
    """`11,683,584 parameters, 89,650,176 applied (7.67 times), 46.7 MB`."""
    stored, applied, weight = (facts.total(each) or 0 for each in ("stored", "applied", "bytes"))
    text = count(stored, "parameter")
    if applied != stored:
        text += f", {applied:,} applied{times(stored, applied)}"
    text += f", {bytes_text(weight)}"
    flops = facts.total("flops")
    if flops is not None:
        text += f", {amount(flops)} FLOPs"
    return f"{facts.title}: {text}" if named else text


def compare_plans(view: View, model: str) -> str:
    """The plans of a model as a table in Markdown that reads well as it is: each alone, all at the sizes of the build
    that decides."""
    names = ("", *view.analysis.scope.plans_of(model))
    found = [(name or "(none)", view.facts.compared(model, name)) for name in names]
    rows = [_row(name, facts) for name, facts in found if facts is not None]
    return _table(rows) if rows else f"There is nothing to compare yet: `{model}` has mistakes, or wants arguments."


def _row(name: str, facts: Facts) -> tuple[str, ...]:
    stored, applied, weight = (facts.total(each) or 0 for each in ("stored", "applied", "bytes"))
    return name, f"{stored:,}", f"{applied:,}", f"{applied / stored:.2f}" if stored else "-", bytes_text(weight)


def _table(rows: list[tuple[str, ...]]) -> str:
    head = ("plan", "stored", "applied", "applied / stored", "on disk")
    wide = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = [
        " | ".join([row[0].ljust(wide[0]), *(cell.rjust(size) for cell, size in zip(row[1:], wide[1:], strict=True))])
        for row in (head, *rows)
    ]
    marks = " | ".join(["-" * wide[0], *(f"{'-' * (size - 1)}:" for size in wide[1:])])
    return "\n".join(f"| {line} |" for line in (lines[0], marks, *lines[1:]))
