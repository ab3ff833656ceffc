"""A buffer is declared and no forward of its block reads it.

It is saved with every checkpoint and does nothing. (Of layers `unused-layer` says the same, which `sharedsl check`
reports too; a weight that nothing reads is an error.)
"""

from __future__ import annotations

from collections.abc import Iterator

from sharedsl.diagnostics import Diagnostic
from sharedsl.lint.removing import remove_statement
from sharedsl.lint.rule import finding
from sharedsl.lint.rules.named import mentioned
from sharedsl.lint.subject import File
from sharedsl.syntax import ast

SEVERITY = "warning"
OF_FILE = True
FAILING = """
model M(dim = 8) {
  layer first = Linear(dim, dim)
  buffer offset: float[dim] = 0
  forward(x: float[B, dim]) -> float[B, dim] { return first(x) }
}
"""
MENDED = FAILING.replace("return first(x)", "return first(x) + offset")


def check(file: File) -> Iterator[Diagnostic]:
    for item in file.items(ast.Block):
        assert isinstance(item, ast.Block)
        for each in file.once(_never_read, item):
            fixes = remove_statement(file.source, each.span)
            yield finding("unused-buffer", f"the buffer `{each.name}` is never read", each.span, fixes=fixes)


def _never_read(item: ast.Block) -> list[ast.BufferDecl]:
    declared = list(_all(item.body))
    buffers = [each for each in declared if isinstance(each, ast.BufferDecl)]
    forwards = tuple(each for each in declared if isinstance(each, ast.Forward)) if buffers else ()
    used = mentioned(forwards)
    return [each for each in buffers if forwards and each.name not in used]


def _all(body: tuple[ast.Declaration, ...]) -> Iterator[ast.Declaration]:
    """Declarations, those inside of `if` and `for` included."""
    for each in body:
        if isinstance(each, ast.DeclIf):
            yield from _all(each.then)
            yield from _all(each.other)
        elif isinstance(each, ast.DeclFor):
            yield from _all(each.body)
        else:
            yield each
