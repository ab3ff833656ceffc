"""`for` in forward over stacks, compile-time lists and lists of values: unrolled turn by turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sharedsl.analysis import expressions
from sharedsl.analysis.arguments import Poisoned
from sharedsl.analysis.flow_values import Ref, V, described, is_static
from sharedsl.analysis.folding import edits_of, part_turns, whole_runs
from sharedsl.analysis.running_loops import bounds, run_loop
from sharedsl.analysis.shop import LIMIT, MAX_TURNS
from sharedsl.model import dataflow as d
from sharedsl.model import sizes
from sharedsl.source import Span
from sharedsl.syntax import ast

if TYPE_CHECKING:
    from sharedsl.analysis.flow import Flow


def loop(flow: Flow, statement: ast.For) -> None:
    """Each turn with the loop's names bound; the turns stay apart in the result."""
    running = bounds(flow, statement)
    if running is not None:
        run_loop(flow, statement, *running)
        return
    source = expressions.value(flow, statement.source)
    items = turns(flow, source, len(statement.names), statement.source.span)
    if isinstance(source, Ref) and flow.draft is not None and flow.draft.folds:
        items = _folded(flow, source, items, statement)
    if len(items) * max(len(statement.body), 1) > LIMIT:
        raise flow.error("too-many-sites", f"{len(items):,} turns are too many", statement.source.span)
    done: list[tuple[d.Statement, ...]] = []
    shown: list[tuple[tuple[str, int | None] | d.Setting, ...]] = []
    outer = flow.out
    flow.in_loop += 1
    for item in items:
        flow.shop.turns += 1
        if flow.shop.turns > MAX_TURNS:
            flow.in_loop, flow.out = flow.in_loop - 1, outer
            message = f"the loops of one model may take {MAX_TURNS:,} turns together, and these take more"
            if flow.shop.turns > MAX_TURNS + 1:
                raise Poisoned  # said already
            raise flow.error("too-many-sites", message, statement.source.span)
        flow.out = []
        parts = _parts(flow, item, statement)
        for name, part in zip(statement.names, parts, strict=True):
            flow.assign(name, part, statement.source.span, statement.span)
        flow.run(statement.body)
        done.append(tuple(flow.out))
        shown.append(tuple(_shown(part) for part in parts))
    flow.in_loop -= 1
    flow.out = outer
    if done:
        flow.out.append(d.Loop(statement.names, tuple(shown), tuple(done), span=statement.span))


def _folded(flow: Flow, source: Ref, items: tuple[V, ...], statement: ast.For) -> tuple[V, ...]:
    """A loop over a stack that a plan folds goes through it as often, and in the order, that the plan says."""
    assert flow.draft is not None and source.indices is not None
    edits = tuple(edit for edit in edits_of(flow.draft.folds, source.child) if edit.kind != "layer")
    if not edits:
        return items
    if any(edit.step_embedding for edit in edits):
        message = f"a step embedding needs the stack `{source.child}` to be applied as a whole, not in a loop"
        raise flow.error("not-yet", message, statement.source.span)
    if source.whole:
        runs = whole_runs(edits, len(items), flow.shop.folded)
    else:
        runs = [part_turns(edits, source.indices, flow.shop.folded)]
    by_index = dict(zip(source.indices, items, strict=True))
    return tuple(by_index[turn.index] for run in runs for turn in run if turn.index is not None)


def turns(flow: Flow, value: V, names: int, span: Span) -> tuple[V, ...]:
    """What a loop goes over. Two names over single things count them: `for i, layer in layers`."""
    items = elements(value)
    if items is None:
        raise flow.error("wrong-kind", f"`for` goes over a stack or a list, not {described(value)}", span)
    if names == 2 and items and not isinstance(items[0], tuple):
        items = tuple((sizes.size(at), item) for at, item in enumerate(items))
    return items


def elements(value: V) -> tuple[V, ...] | None:
    """The items of a stack, a list, or a run-time list; None for anything else."""
    if isinstance(value, tuple):
        return value
    if isinstance(value, Ref) and value.indices is not None and not value.element:
        return tuple(Ref(value.child, (index,), element=True, method=value.method) for index in value.indices)
    if hasattr(value, "type") and isinstance(value.type, d.Many):
        return tuple(d.Pick(value, at, type, span=value.span) for at, type in enumerate(value.type.items))
    return None


def _parts(flow: Flow, item: V, statement: ast.For) -> tuple[V, ...]:
    count = len(statement.names)
    if count == 1:
        return (item,)
    parts = elements(item)
    if parts is None or len(parts) != count:
        got = len(parts) if parts is not None else 1
        raise flow.error("wrong-count", f"{count} names for {got} values", statement.source.span)
    return parts


def _shown(part: V) -> tuple[str, int | None] | d.Setting:
    if isinstance(part, Ref):
        return (part.child, part.indices[0] if part.indices is not None else None)
    return part if is_static(part) else None
