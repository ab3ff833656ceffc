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
        missing = file.once(_never_said, item)
        # plans of a model see its parameters, and so do its builds' budgets
        others = [file.once(_given, each) for each in file.given.get(item.name, ())] if missing else ()
        for each in missing:
            if not any(each.name in used for used in others):
                place = Span(each.span.path, each.span.start, each.span.start + len(each.name))
                yield finding("unused-parameter", f"`{item.name}` never uses its parameter `{each.name}`", place)


def _never_said(item: ast.Block | ast.Plan) -> list[ast.Param]:
    """The parameters that the item itself never mentions."""
    if not item.params:
        return []
    used = mentioned(item.body) | mentioned(tuple(each.default for each in item.params)) | _words(item.body)
    if isinstance(item, ast.Plan):
        used |= mentioned(item.extends)
    return [each for each in item.params if each.name not in used]


def _given(item: ast.Plan | ast.Build) -> set[str]:
    found = mentioned(item.body) | mentioned(item.params if isinstance(item, ast.Plan) else ())
    return found | mentioned(item.extends if isinstance(item, ast.Plan) else item.plans)


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
