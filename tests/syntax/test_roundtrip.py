"""Printing is the inverse of parsing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from sharedsl.record import fields
from sharedsl.source import SourceFile
from sharedsl.syntax import ast, parse, print_file
from tests.syntax import strategies

DATA = sorted((Path(__file__).parent / "data").glob("*.sdsl"))
_relaxed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=200)


@pytest.mark.parametrize("path", DATA, ids=lambda path: path.stem)
def test_specs(path: Path) -> None:
    tree, problems = parse(SourceFile(path.name, path.read_text()))
    assert not problems
    assert tree.items
    printed = print_file(tree)
    again, problems = parse(SourceFile(path.name, printed))
    assert not problems, printed
    assert again == tree
    assert print_file(again) == printed


@given(strategies.files)
@_relaxed
def test_generated_trees(file: ast.File) -> None:
    printed = print_file(file)
    again, problems = parse(SourceFile("x", printed))
    assert not problems, printed
    assert again == file, printed
    assert print_file(again) == printed


def nodes(value: Any) -> Any:
    """All nodes below `value`, itself included."""
    if isinstance(value, tuple):
        for item in value:
            yield from nodes(item)
    elif hasattr(value, "__dataclass_fields__"):
        yield value
        for field in fields(value):
            if field.compare:
                yield from nodes(getattr(value, field.name))


def test_the_data_has_every_kind_of_node() -> None:
    text = (Path(__file__).parent / "data" / "everything.sdsl").read_text()
    tree, _ = parse(SourceFile("x", text))
    seen = {type(node) for node in nodes(tree)}
    known = {kind for kind in vars(ast).values() if isinstance(kind, type) and hasattr(kind, "__dataclass_fields__")}
    assert known - seen == {ast.BadExpr}


def test_spans_hold_their_text() -> None:
    text = (Path(__file__).parent / "data" / "everything.sdsl").read_text()
    source = SourceFile("x", text)
    tree, _ = parse(source)
    for node in nodes(tree.items):
        assert 0 <= node.span.start < node.span.end <= len(text), node
        held = source.slice(node.span)
        assert held == held.strip()
        if isinstance(node, ast.Name):
            assert held == node.name
        elif isinstance(node, ast.Number):
            assert held == node.text
        elif isinstance(node, (ast.Attribute, ast.Block, ast.Plan, ast.Build, ast.LayerDecl, ast.Function, ast.Extern)):
            assert source.slice(node.name_span) == node.name


def test_parts_lie_inside_their_whole() -> None:
    text = (Path(__file__).parent / "data" / "everything.sdsl").read_text()
    tree, _ = parse(SourceFile("x", text))
    for node in nodes(tree):
        for field in fields(node):
            for part in nodes(getattr(node, field.name)) if field.compare else ():
                assert node.span.start <= part.span.start and part.span.end <= node.span.end
