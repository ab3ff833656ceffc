"""From productions to nodes: the relations of plans."""

from __future__ import annotations

from typing import Any, Literal

from sharedsl.source import Span
from sharedsl.syntax import ast
from sharedsl.syntax.build_expressions import Parts, collected

#: the words that may stand after `as` in `factorize`
FORMS = ("basis", "bank", "tucker", "cp", "tt", "kronecker", "monarch", "butterfly")


class Misfit(Exception):
    """A statement that the grammar lets through and no node can hold."""

    def __init__(self, message: str, span: Span) -> None:
        super().__init__(message)
        self.message = message
        self.span = span


def relations(parts: Parts, span: Span) -> tuple[Any, ...]:
    """A plan's body, without the misfits."""
    return tuple(part for part in parts if part is not None)


def tie(parts: Parts, span: Span) -> ast.Tie:
    target, value, with_ = parts
    return ast.Tie(target, value, with_ or (), span=span)


def share_all(parts: Parts, span: Span) -> ast.Share:
    selector, excepted, with_ = parts
    return ast.Share(selector, excepted=excepted or (), parts=with_ or (), span=span)


def share_across(parts: Parts, span: Span) -> ast.Share:
    selector, collection, how, excepted, with_ = parts
    return ast.Share(selector, collection, None, how, excepted or (), with_ or (), span=span)


def share_along(parts: Parts, span: Span) -> ast.Share:
    selector, axis, how, excepted, with_ = parts
    where = Span(span.path, axis.start, axis.end)
    return ast.Share(selector, (), axis.text, how, excepted or (), with_ or (), axis_span=where, span=span)


def fold_times(parts: Parts, span: Span) -> ast.Fold:
    selector, times, excepted, with_ = parts
    return ast.Fold(selector, times, None, excepted or (), with_ or (), span=span)


def fold_as(parts: Parts, span: Span) -> ast.Fold:
    selector, order, excepted, with_ = parts
    return ast.Fold(selector, None, order, excepted or (), with_ or (), span=span)


def factorize(parts: Parts, span: Span) -> ast.Factorize:
    selector, collection, how, rank, form = parts
    if collection and how is None and rank is None and form is not None and _form(form) is None:
        return ast.Factorize(selector, collection, _labels(form), span=span)  # `across C as [0, 0, 1]`
    return _factorized(selector, collection, how, rank, form, span)


def factorize_list(parts: Parts, span: Span) -> ast.Factorize:
    selector, collection, labels, rank, form = parts
    if form is None and isinstance(labels, (ast.Name, ast.Call)) and _is_known_form(labels):
        return _factorized(selector, collection, None, rank, labels, span)  # `as bank(8) rank 4`
    return _factorized(selector, collection, _labels(labels), rank, form, span)


def factorize_list_form(parts: Parts, span: Span) -> ast.Factorize:
    selector, collection, labels, form = parts
    return _factorized(selector, collection, _labels(labels), None, form, span)


def _factorized(
    selector: ast.Selector,
    collection: tuple[ast.Selector, ...] | None,
    how: ast.How | None,
    rank: ast.Expr | None,
    form: ast.Expr | None,
    span: Span,
) -> ast.Factorize:
    if form is None:
        return ast.Factorize(selector, collection or (), how, rank, span=span)
    read = _form(form)
    if read is None:
        raise Misfit(f"expected a form after `as`: one of {', '.join(FORMS)}", form.span)
    where = Span(form.span.path, form.span.start, form.span.start + len(read[0]))
    return ast.Factorize(selector, collection or (), how, rank, *read, form_span=where, span=span)


def _form(expr: ast.Expr) -> tuple[str, tuple[ast.Arg, ...]] | None:
    """`basis` or `bank(4)` as a form's name and arguments."""
    if isinstance(expr, ast.Name):
        return expr.name, ()
    if isinstance(expr, ast.Call) and isinstance(expr.function, ast.Name):
        return expr.function.name, expr.args
    return None


def _is_known_form(expr: ast.Expr) -> bool:
    form = _form(expr)
    return form is not None and form[0] in FORMS


def _labels(expr: ast.Expr) -> ast.How:
    return ast.How("list", expr, span=expr.span)


def adapt(parts: Parts, span: Span) -> ast.Adapt:
    return ast.Adapt(parts[0], parts[1], span=span)


def freeze(parts: Parts, span: Span) -> ast.Freeze:
    return ast.Freeze(parts[0], span=span)


def local(parts: Parts, span: Span) -> ast.Local:
    return ast.Local(parts[0], span=span)


def untie(parts: Parts, span: Span) -> ast.Untie:
    return ast.Untie(parts[0], span=span)


def reuse(parts: Parts, span: Span) -> ast.Reuse:
    selector, collection, how = parts
    return ast.Reuse(selector, collection, how, span=span)


def stage(parts: Parts, span: Span) -> ast.Stage:
    name, step, body = parts
    return ast.Stage(name.text, step, body, name_span=Span(span.path, name.start, name.end), span=span)


def plan_for(parts: Parts, span: Span) -> ast.PlanFor:
    names, source, body = parts
    return ast.PlanFor(names, source, body, span=span)


def plan_if(parts: Parts, span: Span) -> ast.PlanIf:
    condition, then, other = parts
    branch = () if other is None else other if isinstance(other, tuple) else (other,)
    return ast.PlanIf(condition, then, branch, span=span)


def _how(kind: Literal["groups_of", "in_groups", "list"]) -> Any:
    def build(parts: Parts, span: Span) -> ast.How:
        return ast.How(kind, parts[0], span=span)

    return build


def how_cycle(parts: Parts, span: Span) -> ast.How:
    value, is_reversed = parts
    return ast.How("cycle", value, is_reversed is not None, span=span)


def excepted(parts: Parts, span: Span) -> tuple[ast.Selector, ...]:
    selectors: tuple[ast.Selector, ...] = parts[0]
    return selectors


def part(parts: Parts, span: Span) -> ast.Part:
    name, args, on = parts
    return ast.Part(name.text, args or (), on, span=span)


BUILDERS = {
    "pbody": relations,
    "tie": tie,
    "share_all": share_all,
    "share_across": share_across,
    "share_along": share_along,
    "fold_times": fold_times,
    "fold_as": fold_as,
    "factorize": factorize,
    "factorize_list": factorize_list,
    "factorize_list_form": factorize_list_form,
    "adapt": adapt,
    "freeze": freeze,
    "local": local,
    "untie": untie,
    "reuse": reuse,
    "stage": stage,
    "pfor": plan_for,
    "pif": plan_if,
    "how_groups_of": _how("groups_of"),
    "how_in_groups": _how("in_groups"),
    "how_list": _how("list"),
    "how_cycle": how_cycle,
    "except_": excepted,
    "with_": collected,
    "part": part,
}
