"""Selectors as text has them: paths spelled as expressions, braces word by word, `[*]` filled in."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sharedsl.record import replace
from sharedsl.syntax import ast


def alternatives(selector: ast.Selector) -> Iterator[ast.Selector]:
    """For each word in braces the selector with that word alone: each has to name something."""
    for at, segment in enumerate(selector.segments):
        for each in segment.alternatives:
            alone = replace(segment, alternatives=(each,))
            segments = (*selector.segments[:at], alone, *selector.segments[at + 1 :])
            yield ast.Selector(segments, span=selector.span)


def as_selector(expr: ast.Expr, is_value: Callable[[str], bool]) -> ast.Selector | None:
    """The selector that an expression on the right of a tie spells, or None: `layers[*].attn.k`, `body@1.weight`."""
    segments = _segments(expr)
    if segments is None or (len(segments) == 1 and is_value(segments[0].name)):
        return None
    return ast.Selector(tuple(segments), span=expr.span)


def _segments(expr: ast.Expr) -> list[ast.Segment] | None:
    match expr:
        case ast.Name():
            return [ast.Segment(expr.name, span=expr.span)]
        case ast.Attribute(name="T"):
            return None
        case ast.Attribute():
            before = _segments(expr.value)
            span = expr.name_span if expr.name_span.end else expr.span
            return None if before is None else [*before, ast.Segment(expr.name, span=span)]
        case ast.Index():
            before = _segments(expr.value)
            if before is None or before[-1].subs:
                return None
            return [*before[:-1], replace(before[-1], subs=expr.subs, at_first=before[-1].at is not None)]
        case ast.At():
            before = _segments(expr.value)
            if before is None or before[-1].at is not None:
                return None
            return [*before[:-1], replace(before[-1], at="*" if expr.number is None else expr.number)]
    return None


def substitute(selector: ast.Selector, captures: tuple[int, ...]) -> tuple[ast.Selector, int]:
    """`[*]` and `@*` on the right of a tie repeat what the left matched; also how many there were."""
    used = 0
    segments: list[ast.Segment] = []
    for segment in selector.segments:
        star = len(segment.subs) == 1 and segment.subs[0].value is None and segment.subs[0].axis is None
        order = ("at", "sub") if segment.at_first else ("sub", "at")
        for kind in order:
            if kind == "sub" and star:
                if used < len(captures):
                    number = ast.Number(str(captures[used]), captures[used], span=segment.subs[0].span)
                    segment = replace(segment, subs=(ast.Sub(number, span=segment.subs[0].span),))
                used += 1
            elif kind == "at" and segment.at == "*":
                if used < len(captures):
                    segment = replace(segment, at=captures[used])
                used += 1
        segments.append(segment)
    return ast.Selector(tuple(segments), span=selector.span), used
