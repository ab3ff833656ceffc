"""The tree-sitter grammar reads what the compiler reads, as the same items and statements."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sharedsl.record import fields
from sharedsl.source import SourceFile
from sharedsl.syntax import ast, parse, print_file
from tests.editors.treesitter import GRAMMAR, ROOT, SPECS, mistakes, tree, walk
from tests.formatting.sprinkle import sprinkle
from tests.syntax import strategies

QUERIES = sorted([*GRAMMAR.glob("queries/*.scm"), *ROOT.glob("editors/helix/queries/*/*.scm")])
#: nodes of our trees -> tree-sitter's
NODES = {
    ast.Import: "import", ast.Function: "function", ast.Extern: "extern_layer", ast.Plan: "plan", ast.Build: "build",
    ast.LayerDecl: "layer", ast.WeightDecl: "weight", ast.BufferDecl: "buffer", ast.StateDecl: "state",
    ast.InitDecl: "init", ast.Require: "require", ast.DeclIf: "declared_if", ast.DeclFor: "declared_for",
    ast.Assign: "assignment", ast.Return: "return", ast.For: "for", ast.If: "if", ast.Tie: "tie", ast.Share: "share",
    ast.Fold: "fold", ast.Factorize: "factorize", ast.Adapt: "adapt", ast.Freeze: "freeze", ast.Local: "local",
    ast.Untie: "untie", ast.Reuse: "reuse", ast.Stage: "stage", ast.PlanFor: "planned_for", ast.PlanIf: "planned_if",
    ast.BudgetLine: "budget", ast.DtypeLine: "dtype", ast.TestLine: "test", ast.IncrementalLine: "incremental",
    ast.Attribute: "attribute", ast.Ternary: "ternary", ast.Pipe: "pipe",
    ast.Comprehension: "comprehension", ast.Selector: "selector", ast.Binary: "binary",
    ast.Slice: "slice", ast.Type: "type",
}  # fmt: skip
COUNTED = {*NODES.values(), "model", "block", "forward", "signature"}


def outline(text: str) -> list[str]:
    """The kinds of the nodes that tree-sitter sees, sorted."""
    return sorted(node.type for node in walk(tree(text)) if node.is_named and node.type in COUNTED)


def our_outline(file: ast.File) -> list[str]:
    return sorted(_kinds(file))


def _kinds(value: Any) -> Iterator[str]:
    if isinstance(value, ast.Block):
        yield value.kind
    elif isinstance(value, ast.Forward):
        yield "forward" if value.body is not None else "signature"
    elif type(value) in NODES:
        yield NODES[type(value)]
    if isinstance(value, tuple):
        for each in value:
            yield from _kinds(each)
    elif hasattr(value, "span"):
        for each in fields(value):
            yield from _kinds(getattr(value, each.name))


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_specs(path: Path) -> None:
    text = path.read_text()
    assert not list(mistakes(tree(text)))
    assert outline(text) == our_outline(parse(SourceFile(path.name, text))[0])


_settings = settings(deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)


@given(strategies.files, st.integers(0, 2**32))
@settings(_settings, max_examples=150)
def test_generated_programs(file: ast.File, seed: int) -> None:
    _check(file, seed)


@pytest.mark.slow
@given(strategies.files, st.integers(0, 2**32))
@settings(_settings, max_examples=3_000)
def test_many_generated_programs(file: ast.File, seed: int) -> None:
    _check(file, seed)


def _check(file: ast.File, seed: int) -> None:
    """Printed, and with comments and newlines in every gap."""
    # a NUL ends the text for tree-sitter
    text = print_file(file).replace("\0", "~")
    for each in (text, sprinkle(text, seed)):
        assert not list(mistakes(tree(each))), each
        assert outline(each) == our_outline(file), each


def test_broken_text_loses_its_line_only() -> None:
    text = "model M(a) {\n  layer x = Linear(a,, a)\n  layer y = Linear(a, a)\n}\nbuild B = M(a = 1)\n"
    root = tree(text)
    assert root.has_error
    assert {"model", "build"} <= {node.type for node in root.children}


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_queries(path: Path) -> None:
    """Each names only nodes that there are, and finds something."""
    from tree_sitter import Query, QueryCursor

    from tests.editors.treesitter import language

    query = Query(language(), path.read_text())
    found: set[str] = set()
    for spec in SPECS:
        found |= set(QueryCursor(query).captures(tree(spec.read_text())))
    assert found == {query.capture_name(at) for at in range(query.capture_count)}


def test_the_order_of_helix_queries_does_not_matter() -> None:
    """Its versions differ in whether the first or the last pattern wins: no node has two captures."""
    from tree_sitter import Query, QueryCursor

    from tests.editors.treesitter import language

    query = Query(language(), (ROOT / "editors/helix/queries/sharedsl/highlights.scm").read_text())
    for spec in SPECS:
        seen: dict[int, str] = {}
        for name, nodes in QueryCursor(query).captures(tree(spec.read_text())).items():
            for node in nodes:
                assert seen.setdefault(node.id, name) == name, f"{spec.name}: {node.text} is {name} and {seen[node.id]}"


def test_parser_is_the_grammars(tmp_path: Path) -> None:
    """`make grammars` would change nothing."""
    if shutil.which("tree-sitter") is None:
        pytest.skip("there is no tree-sitter command")
    shutil.copytree(GRAMMAR, tmp_path / "grammar")
    subprocess.run(["tree-sitter", "generate", "--no-bindings"], cwd=tmp_path / "grammar", check=True)
    for name in ("parser.c", "grammar.json", "node-types.json"):
        assert (tmp_path / "grammar" / "src" / name).read_bytes() == (GRAMMAR / "src" / name).read_bytes()
