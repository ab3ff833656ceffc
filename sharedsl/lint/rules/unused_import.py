"""A name is imported and never used."""

from __future__ import annotations

from collections.abc import Iterator

from sharedsl.diagnostics import Diagnostic, Edit, Fix
from sharedsl.lint.removing import remove_statement
from sharedsl.lint.rule import finding
from sharedsl.lint.rules.named import mentioned
from sharedsl.lint.subject import File
from sharedsl.source import Span
from sharedsl.syntax import ast

SEVERITY = "warning"
OF_FILE = True
FAILING = """
import "std/mlp" { MLP, SwiGLU }

model M(dim = 8) {
  layer first = MLP(dim)
  forward(x: float[B, dim]) -> float[B, dim] { return first(x) }
}
"""
MENDED = FAILING.replace("MLP, SwiGLU", "MLP")


def check(file: File) -> Iterator[Diagnostic]:
    used: set[str] = set()
    for item in file.items(ast.Block, ast.Function, ast.Extern, ast.Plan, ast.Build):
        used |= file.once(_uses, item)
    for item in file.items(ast.Import):
        assert isinstance(item, ast.Import)
        for name in item.names:
            if name.name not in used:
                yield finding(
                    "unused-import",
                    f"`{name.name}` is imported and never used",
                    name.span,
                    fixes=_fix(file, item, name, used),
                )


def _uses(item: ast.Item) -> set[str]:
    found = mentioned(item)
    if isinstance(item, ast.Plan | ast.Build):
        refs = item.extends if isinstance(item, ast.Plan) else item.plans
        found |= {item.model, *(ref.name for ref in refs)}
    return found


def _fix(file: File, item: ast.Import, name: ast.Name, used: set[str]) -> tuple[Fix, ...]:
    if not any(each.name in used for each in item.names):
        return remove_statement(file.source, item.span, "remove this import")
    text = file.source.text
    at = item.names.index(name)
    if at + 1 < len(item.names):
        start, end = name.span.start, item.names[at + 1].span.start
    else:
        start, end = item.names[at - 1].span.end, name.span.end
    if "#" in text[start:end]:
        return ()
    return (Fix(f"remove `{name.name}`", (Edit(Span(name.span.path, start, end), ""),), safe=True),)
