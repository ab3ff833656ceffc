"""A plan is taken by no build and extended by no plan of its file.

Reported where the file has builds of the plan's model: such a file shows how its plans are meant to be used. A plan
that is there for `sharedsl compare` or for other files says so with an ignore.
"""

from __future__ import annotations

from collections.abc import Iterator

from sharedsl.diagnostics import Diagnostic
from sharedsl.lint.rule import finding
from sharedsl.lint.rules.examples import stack
from sharedsl.lint.subject import File
from sharedsl.syntax import ast

SEVERITY = "info"
OF_FILE = True
FAILING = stack("share * across layers in groups of 2") + "sharing q of M { share * across layers in cycle of 2 }\n"
MENDED = FAILING + "build Other = M() with q\n"


def check(file: File) -> Iterator[Diagnostic]:
    built: set[str] = set()
    used: set[tuple[str, str]] = set()
    for item in file.tree.items:
        if isinstance(item, ast.Build):
            built.add(item.model)
            used |= {(item.model, ref.name) for ref in item.plans}
        elif isinstance(item, ast.Plan):
            used |= {(item.model, ref.name) for ref in item.extends}
    for item in file.items(ast.Plan):
        assert isinstance(item, ast.Plan)
        if item.model in built and (item.model, item.name) not in used:
            yield finding("unused-plan", f"no build takes the plan `{item.name}`", item.name_span)
