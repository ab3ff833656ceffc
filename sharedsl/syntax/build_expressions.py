"""From productions to nodes: expressions, types and selectors. Each function has its production's name."""

from __future__ import annotations

from typing import Any

from sharedsl.source import Span
from sharedsl.syntax import ast
from sharedsl.syntax.numbers import MAX_INTEGER, number_value

Parts = list[Any]


def collected(parts: Parts, span: Span) -> tuple[Any, ...]:
    """A list of things of one kind."""
    return tuple(parts)


def texts(parts: Parts, span: Span) -> tuple[str, ...]:
    return tuple(token.text for token in parts)


def reference(parts: Parts, span: Span) -> ast.Name:
    return ast.Name(parts[0].text, span=span)


def number(parts: Parts, span: Span) -> ast.Number:
    text = parts[0].text
    return ast.Number(text, number_value(text), span=span)


def string(parts: Parts, span: Span) -> ast.String:
    return ast.String(parts[0].text[1:-1], span=span)


def bad(parts: Parts, span: Span) -> ast.BadExpr:
    return ast.BadExpr(span=span)


def unary(parts: Parts, span: Span) -> ast.Unary:
    return ast.Unary(parts[0].text, parts[1], span=span)


def binary(parts: Parts, span: Span) -> ast.Binary:
    left, op, right = parts
    return ast.Binary(op.text, left, right, span=span)


def ternary(parts: Parts, span: Span) -> ast.Ternary:
    then, condition, other = parts
    return ast.Ternary(then, condition, other, span=span)


def pipe(parts: Parts, span: Span) -> ast.Pipe:
    return ast.Pipe(parts[0], parts[1], span=span)


def attribute(parts: Parts, span: Span) -> ast.Attribute:
    value, name = parts
    return ast.Attribute(value, name.text, name_span=Span(span.path, name.start, name.end), span=span)


def arg(parts: Parts, span: Span) -> ast.Arg:
    return ast.Arg(parts[0], span=span)


def named_arg(parts: Parts, span: Span) -> ast.Arg:
    return ast.Arg(parts[1], parts[0].text, span=span)


def call(parts: Parts, span: Span) -> ast.Call:
    return ast.Call(parts[0], parts[1], span=span)


def index(parts: Parts, span: Span) -> ast.Index:
    return ast.Index(parts[0], parts[1], span=span)


def at(parts: Parts, span: Span) -> ast.At:
    number = application(parts[1].text)
    return ast.At(parts[0], None if number == "*" else number, span=span)


def application(text: str) -> Any:
    """`@3` -> 3, `@*` -> `*`. Numbers past every limit are cut to the first one that no model reaches."""
    return "*" if text == "@*" else int(text[1:]) if len(text) < 19 else MAX_INTEGER


def tuple_(parts: Parts, span: Span) -> ast.Tuple:
    return ast.Tuple(tuple(parts), span=span)


def list_(parts: Parts, span: Span) -> ast.List:
    items = tuple(part.value for part in parts)
    labels = tuple(part.name for part in parts)
    return ast.List(items, labels if any(labels) else (), span=span)


def comprehension(parts: Parts, span: Span) -> ast.Comprehension:
    value, names, source, condition = parts
    return ast.Comprehension(value, names, source, condition, span=span)


def sub(parts: Parts, span: Span) -> ast.Sub:
    return ast.Sub(parts[0], span=span)


def star_sub(parts: Parts, span: Span) -> ast.Sub:
    return ast.Sub(None, span=span)


def named_sub(parts: Parts, span: Span) -> ast.Sub:
    return ast.Sub(parts[1], parts[0].text, span=span)


def slice_(parts: Parts, span: Span) -> ast.Slice:
    start, stop, step = parts
    return ast.Slice(start, stop, step, span=span)


# ---------------------------------------------------------------------------- types


def type_(parts: Parts, span: Span) -> ast.Type:
    base, *dims = parts
    return ast.Type(base.text, dims[0] if dims else None, span=span)


def scalar_type(parts: Parts, span: Span) -> ast.Type:
    return ast.Type(parts[0].text, (), span=span)


def dim(parts: Parts, span: Span) -> ast.Dim:
    return ast.Dim(parts[0], span=span)


def rest_dim(parts: Parts, span: Span) -> ast.Dim:
    return ast.Dim(None, span=span)


def labelled_dim(parts: Parts, span: Span) -> ast.Dim:
    return ast.Dim(parts[1], parts[0].text, span=span)


# ---------------------------------------------------------------------------- selectors


def sel(parts: Parts, span: Span) -> ast.Selector:
    return ast.Selector(tuple(parts), span=span)


def seg_name(parts: Parts, span: Span) -> tuple[str, tuple[ast.Selector, ...]]:
    return parts[0].text, ()


def seg_alternatives(parts: Parts, span: Span) -> tuple[str, tuple[ast.Selector, ...]]:
    return "", tuple(parts)


def seg(parts: Parts, span: Span) -> ast.Segment:
    name, alternatives = parts[0]
    return ast.Segment(name, alternatives, span=span)


def seg_subs(parts: Parts, span: Span) -> ast.Segment:
    (name, alternatives), subs = parts
    return ast.Segment(name, alternatives, subs, span=span)


def seg_at(parts: Parts, span: Span) -> ast.Segment:
    (name, alternatives), at = parts
    return ast.Segment(name, alternatives, (), application(at.text), span=span)


def seg_subs_at(parts: Parts, span: Span) -> ast.Segment:
    (name, alternatives), subs, at = parts
    return ast.Segment(name, alternatives, subs, application(at.text), span=span)


def seg_at_subs(parts: Parts, span: Span) -> ast.Segment:
    (name, alternatives), at, subs = parts
    return ast.Segment(name, alternatives, subs, application(at.text), at_first=True, span=span)


BUILDERS = {
    "names": texts,
    "values": collected,
    "args": collected,
    "subs": collected,
    "dims": collected,
    "sels": collected,
    "reference": reference,
    "number": number,
    "string": string,
    "bad": bad,
    "unary": unary,
    "binary": binary,
    "ternary": ternary,
    "pipe": pipe,
    "attribute": attribute,
    "arg": arg,
    "named_arg": named_arg,
    "call": call,
    "index": index,
    "at": at,
    "tuple": tuple_,
    "list": list_,
    "comprehension": comprehension,
    "sub": sub,
    "star_sub": star_sub,
    "named_sub": named_sub,
    "slice": slice_,
    "type": type_,
    "scalar_type": scalar_type,
    "dim": dim,
    "rest_dim": rest_dim,
    "labelled_dim": labelled_dim,
    "sel": sel,
    "seg": seg,
    "seg_name": seg_name,
    "seg_alternatives": seg_alternatives,
    "seg_subs": seg_subs,
    "seg_at": seg_at,
    "seg_subs_at": seg_subs_at,
    "seg_at_subs": seg_at_subs,
}
