"""A parameter of a model, block, function or plan is never mentioned.

Setting it changes nothing, which whoever sets it will not expect.
"""

from __future__ import annotations

from collections.abc import Iterator

from sharedsl.diagnostics import Diagnostic
from sharedsl.lint.rule import finding
from sharedsl.lint.rules.named import mentioned
from sharedsl.lint.subject import File
from sharedsl.source import Span
from sharedsl.syntax import ast

SEVERITY = "warning"
OF_FILE = True
FAILING = """
model M(dim = 8, drop: float = 0.1) {
  layer first = Linear(dim, dim)
  forward(x: float[B, dim]) -> float[B, dim] { return first(x) }
}
"""
MENDED = FAILING.replace("return first(x)", "return dropout(first(x), drop)")


def check(file: File) -> Iterator[Diagnostic]:
    for item in file.items(ast.Block, ast.Plan):
        assert isinstance(item, ast.Block | ast.Plan)
        defaults = tuple(each.default for each in item.params)
        used = mentioned(item.body) | mentioned(defaults) | _planned(file, item)
        if isinstance(item, ast.Plan):
            used |= mentioned(item.extends)
        used |= _words(item.body)
        for each in item.params:
            if each.name not in used:
                place = Span(each.span.path, each.span.start, each.span.start + len(each.name))
                yield finding("unused-parameter", f"`{item.name}` never uses its parameter `{each.name}`", place)


def _planned(file: File, item: ast.Block | ast.Plan) -> set[str]:
    """Plans of a model see its parameters, and so do its builds' budgets."""
    found: set[str] = set()
    for each in file.items(ast.Plan, ast.Build):
        assert isinstance(each, ast.Plan | ast.Build)
        if each.model == item.name:
            found |= mentioned(each.body) | mentioned(each.params if isinstance(each, ast.Plan) else ())
            found |= mentioned(each.extends if isinstance(each, ast.Plan) else each.plans)
    return found


def _words(body: tuple[object, ...]) -> set[str]:
    """Names that stand where the tree has words: types of weights, layers that are parameters."""
    found: set[str] = set()
    todo: list[object] = [body]
    while todo:
        here = todo.pop()
        if isinstance(here, tuple):
            todo += here
        elif hasattr(here, "__dataclass_fields__"):
            for name in here.__dataclass_fields__:
                value = getattr(here, name)
                if isinstance(value, str) and name in ("name", "base", "dtype", "axis", "text"):
                    found.add(value)
                elif not name.endswith("span"):
                    todo.append(value)
    return found
