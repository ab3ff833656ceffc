"""What tests ask of the compiler: the diagnostics of a text, and its builds ready to look into."""

from __future__ import annotations

import hashlib
from pathlib import Path

from sharedsl.analysis.budget import limits
from sharedsl.analysis.budget.totals import Totals
from sharedsl.analysis.pipeline import Analysis, Broken, Compiled, analyze, compile_build
from sharedsl.diagnostics import Diagnostic
from sharedsl.emit.module import module_source
from sharedsl.source import SourceFile
from sharedsl.syntax import ast

ROOT = Path(__file__).parents[1]
SPECS = ROOT / "specs"


def analysis(text: str, path: str = "spec.sdsl") -> Analysis:
    return analyze(SourceFile(path, text))


def problems(text: str, path: str = "spec.sdsl") -> list[Diagnostic]:
    """What `sharedsl check` says of a file, its budgets included."""
    whole = analysis(text, path)
    found = list(whole.diagnostics)
    if not whole.failed:
        for name, build in whole.builds.items():
            lines = tuple(line for line in build.body if isinstance(line, ast.BudgetLine))
            if lines:
                found += limits.check(lines, totals(compile_build(whole, name)))
    return found


def compiled(text: str, name: str, path: str = "spec.sdsl", *, test: bool = False, **sizes: object) -> Compiled:
    """A build of a text that has no errors."""
    whole = analysis(text, path)
    errors = [each for each in whole.diagnostics if each.severity == "error"]
    assert not errors, "\n".join(f"{each.code}: {each.message}" for each in errors)
    return compile_build(whole, name, test=test, overrides=sizes)


def totals(build: Compiled) -> Totals:
    return Totals(build.model, build.solved, build.dtype)


def source(build: Compiled) -> str:
    """The Python file of a build."""
    main = build.analysis.source
    digest = hashlib.sha256(main.text.encode()).hexdigest()[:8]
    return module_source(build, spec_path=main.path, spec_hash=digest, files=build.analysis.sources)


__all__ = ["ROOT", "SPECS", "Broken", "analysis", "compiled", "problems", "source", "totals"]
