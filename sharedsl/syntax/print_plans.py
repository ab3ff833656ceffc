"""The relations of plans as text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sharedsl.diagnostics import InternalError
from sharedsl.syntax import ast
from sharedsl.syntax.lexer import ITEM_WORDS
from sharedsl.syntax.print_expressions import print_args, print_expr, print_selector, print_selectors

#: words that may not stand bare before `times`
_NOT_BARE = {
    "groups", "of", "cycle", "reversed", "rank", "times", "step", "on", "frozen", "no_decay", "from", "with", "across",
    "along", "extends", "as", "except", *ITEM_WORDS,
}  # fmt: skip


def print_relation(node: object) -> str:
    """One relation that has no body, on one line."""
    printed = _RELATIONS.get(type(node))
    if printed is None:
        raise InternalError(f"no way to print a {type(node).__name__}")
    return printed(node)


def print_planrefs(refs: tuple[ast.PlanRef, ...]) -> str:
    return ", ".join(ref.name + (print_args(ref.args) if ref.args else "") for ref in refs)


def _tie(node: ast.Tie) -> str:
    return f"tie {print_selector(node.target)} = {print_expr(node.value)}{_with(node.parts)}"


def _share(node: ast.Share) -> str:
    text = f"share {print_selector(node.selector)}"
    if node.collection:
        text += f" across {print_selectors(node.collection)}"
    elif node.axis is not None:
        text += f" along {node.axis}"
    return text + _how(node.how) + _except(node.excepted) + _with(node.parts)


def _fold(node: ast.Fold) -> str:
    text = f"fold {print_selector(node.selector)}"
    if node.times is not None:
        is_bare = isinstance(node.times, ast.Number) or (
            isinstance(node.times, ast.Name) and node.times.name not in _NOT_BARE
        )
        times = print_expr(node.times)
        text += f" {times} times" if is_bare else f" ({times}) times"
    elif node.order is not None:
        text += f" as {print_expr(node.order)}"
    return text + _except(node.excepted) + _with(node.parts)


def _factorize(node: ast.Factorize) -> str:
    text = f"factorize {print_selector(node.selector)}"
    if node.collection:
        text += f" across {print_selectors(node.collection)}{_how(node.how)}"
    if node.rank is not None:
        text += f" rank {print_expr(node.rank)}"
    if node.form is not None:
        text += f" as {node.form}" + (print_args(node.form_args) if node.form_args else "")
    return text


def _reuse(node: ast.Reuse) -> str:
    return f"reuse {print_selector(node.selector)} across {print_selectors(node.collection)}{_how(node.how)}"


def _how(how: ast.How | None) -> str:
    if how is None:
        return ""
    value = print_expr(how.value)
    if how.kind == "groups_of":
        return f" in groups of {value}"
    if how.kind == "in_groups":
        return f" in {value} groups"
    if how.kind == "cycle":
        return f" in cycle of {value}" + (" reversed" if how.reversed else "")
    return f" as {value}"


def _except(selectors: tuple[ast.Selector, ...]) -> str:
    return f" except {print_selectors(selectors)}" if selectors else ""


def _with(parts: tuple[ast.Part, ...]) -> str:
    return f" with {', '.join(_part(part) for part in parts)}" if parts else ""


def _part(part: ast.Part) -> str:
    args = print_args(part.args) if part.args else ""
    on = "" if part.on is None else f" on {print_selector(part.on)}"
    return part.name + args + on


_RELATIONS: dict[type, Callable[[Any], str]] = {
    ast.Tie: _tie,
    ast.Share: _share,
    ast.Fold: _fold,
    ast.Factorize: _factorize,
    ast.Reuse: _reuse,
    ast.Adapt: lambda node: f"adapt {print_selector(node.selector)}{_with(node.parts)}",
    ast.Freeze: lambda node: f"freeze {print_selector(node.selector)}",
    ast.Local: lambda node: f"local {print_selector(node.selector)}",
    ast.Untie: lambda node: f"untie {print_selector(node.selector)}",
    ast.InitDecl: lambda node: f"init {print_selector(node.selector)} = {print_expr(node.value)}",
}
