"""`if` in forward: decided when the spec is compiled, or by what only the caller knows: which inputs are given."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sharedsl.analysis.flow_values import BAD, Both, Presence, V, is_static, negated, same_type
from sharedsl.comptime.values import kind_of
from sharedsl.model import dataflow as d
from sharedsl.source import Span
from sharedsl.syntax import ast

if TYPE_CHECKING:
    from sharedsl.analysis.flow import Flow

Statements = tuple[ast.Statement, ...]


def branch(flow: Flow, condition: V, then: Statements, other: Statements, span: Span) -> None:
    """Take the branch that is decided, or both where only the caller knows."""
    match condition:
        case bool():
            flow.run(then if condition else other)
        case Presence():
            if not condition.positive:
                then, other = other, then
            _present(flow, condition.name, lambda: flow.run(then), lambda: flow.run(other), span)
        case Both(either=False):
            _nest(flow, condition, then, other, span)
        case Both():
            _nest(flow, Both(negated(condition.left), negated(condition.right)), other, then, span)
        case _:
            raise flow.error("wrong-kind", f"a condition must be true or false, not {kind_of(condition)}", span)


def _nest(flow: Flow, both: Both, then: Statements, other: Statements, span: Span) -> None:
    """`if a and b` as two conditions, one in the other."""
    left = both.left
    assert isinstance(left, Presence)

    def yes() -> None:
        branch(flow, both.right, then, other, span)

    def no() -> None:
        flow.run(other)

    first, second = (yes, no) if left.positive else (no, yes)
    _present(flow, left.name, first, second, span)


def _present(flow: Flow, name: str, then: Callable[[], None], other: Callable[[], None], span: Span) -> None:
    before, counts = dict(flow.names), flow.numbering.counts
    optional = before[name]
    assert isinstance(optional, d.Var) and isinstance(optional.type, d.Tensor)
    given = d.Var(name, d.Tensor(optional.type.dtype, optional.type.dims), span=optional.span)
    branches = []
    for known, take in ((given, then), (None, other)):
        flow.names = {**before, name: known}
        flow.numbering.counts = counts.copy()
        outer, flow.out, flow.done = flow.out, [], False
        take()
        branches.append((flow.out, flow.names, flow.done, flow.numbering.counts))
        flow.out = outer
    (yes, yes_names, yes_done, yes_counts), (no, no_names, no_done, no_counts) = branches
    yes_counts.merge(no_counts)
    flow.numbering.counts = yes_counts
    flow.done = yes_done and no_done
    flow.names = before
    if yes_done or no_done:
        flow.names |= {k: v for k, v in (no_names if yes_done else yes_names).items() if k != name}
        if yes_done != no_done:
            flow.names[name] = None if yes_done else given
    else:
        _join(flow, name, (yes, yes_names), (no, no_names), span)
    flow.out.append(d.Present(name, tuple(yes), tuple(no), span=span))


def _join(
    flow: Flow,
    name: str,
    yes: tuple[list[d.Statement], dict[str, V]],
    no: tuple[list[d.Statement], dict[str, V]],
    span: Span,
) -> None:
    """After both branches: names that either changed stand for run-time variables of one type."""
    for each in {**yes[1], **no[1]}:
        a, b = yes[1].get(each, BAD), no[1].get(each, BAD)
        if each == name or a is b:
            continue
        if a is BAD or b is BAD:
            flow.names[each] = BAD
            continue
        if is_static(a) and is_static(b) and a == b:
            flow.names[each] = a
            continue
        types = [_materialise(flow, each, value, out, span) for value, (out, _) in ((a, yes), (b, no))]
        if not same_type(types[0], types[1]):
            message = f"`{each}` is {types[0]} where `{name}` is given, and {types[1]} where it is not"
            raise flow.error("shape", message, span)
        flow.names[each] = d.Var(each, types[0], span=span)


def _materialise(flow: Flow, name: str, value: V, out: list[d.Statement], span: Span) -> d.Type:
    expr = flow.operand(value, span)
    if not (isinstance(expr, d.Var) and expr.name == name):
        out.append(d.Assign((name,), expr, span=span))
    return expr.type
