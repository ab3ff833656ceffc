"""`verify`: a compiled build against the oracle, at sizes that a test can afford."""

from __future__ import annotations

import math
from collections.abc import Callable

from torch import nn

from sharedsl.analysis.pipeline import Analysis, Broken, Compiled, compile_build
from sharedsl.model.sizes import Size
from sharedsl.model.weights import Solved
from sharedsl.runtime.built import module_class
from sharedsl.runtime.oracle import Check, compare
from sharedsl.runtime.report import Report
from sharedsl.runtime.source import source_of
from sharedsl.source import Span
from sharedsl.syntax import ast

#: twins with more elements than this are refused
LIMIT = 200_000_000


def verify_build(analysis: Analysis, name: str, *, seed: int = 0) -> Report:
    """Build `name` of a spec, at the sizes of its `test` line where it has one. Broken where it has errors."""
    return verify(compile_build(analysis, name, test=True), seed=seed)


def verify(compiled: Compiled, *, seed: int = 0, module: nn.Module | None = None, source: str | None = None) -> Report:
    """What the build was compiled to (or `source`, or a `module` of that class) against its twin without sharing.

    The build is taken at the sizes that it was compiled at; twins of more than 200M elements are refused with the line
    to write. The report says what is wrong; nothing is raised but our own bugs.
    """
    elements = twin_elements(compiled.solved)
    if elements > LIMIT:
        return Report(compiled.title, False, 0, elements, (), (), (_too_large(compiled, elements),))
    check = Check(
        compiled.title,
        compiled.model,
        compiled.solved,
        _module(compiled, module, source),
        _locate(compiled.analysis),
        compiled.incremental,
    )
    return compare(check, seed)


def _module(compiled: Compiled, module: nn.Module | None, source: str | None) -> Callable[[], nn.Module]:
    if module is not None:
        return lambda: module
    text = source_of(compiled) if source is None else source
    return lambda: module_class(text, compiled.name)()


def _locate(analysis: Analysis) -> Callable[[Span], str]:
    def locate(span: Span) -> str:
        file = analysis.sources.get(span.path)
        if file is None:
            return ""
        number = file.position(span.start)[0]
        return f"{span.path}:{number}: {file.line(number).strip()}"

    return locate


def twin_elements(solved: Solved) -> int:
    return sum(math.prod(site.shape) for site in solved.sites)


# ---------------------------------------------------------------------------- builds that are too large


def _too_large(compiled: Compiled, elements: int) -> str:
    said = f"the twin without sharing has {elements:,} elements; verify takes {LIMIT:,} at most"
    line = suggested_line(compiled)
    where = f"build {compiled.name}" if compiled.build is not None else "a build"
    return f"{said}. Give it a small instance: write into {where} a line such as `{line}`" if line else f"{said}."


def suggested_line(compiled: Compiled) -> str | None:
    """A `test` line with which the build compiles and is small; None where no such sizes are found."""
    build = compiled.build
    if build is None:
        return None
    free = _free_sizes(compiled, build)
    for factor in (64, 32, 16, 8, 4, 2):
        small = {name: _smaller(name, value, factor) for name, value in free.items()}
        small = {name: value for name, value in small.items() if value != free[name]}
        if small and _compiles(compiled, build.name, small):
            return f"test ({', '.join(f'{name} = {value}' for name, value in small.items())})"
    return None


def _free_sizes(compiled: Compiled, build: ast.Build) -> dict[str, int]:
    """Whole-number parameters that do not follow from others: given in the build, or with a plain default."""
    found = compiled.analysis.scope.model(build.model)
    params = found.item.params if found is not None and isinstance(found.item, ast.Block) else ()
    given = {arg.name or params[at].name for at, arg in enumerate(build.args) if arg.name or at < len(params)}
    free = {}
    for param in params:
        value = compiled.sizes.get(param.name)
        plain = param.name in given or isinstance(param.default, ast.Number)
        if plain and isinstance(value, Size) and value.value is not None:
            free[param.name] = value.value
    return free


def _smaller(name: str, value: int, factor: int) -> int:
    """Widths shrink together, so that what divides them still does; tables of tokens and positions get their own."""
    if value < 100:
        return value
    if "vocab" in name or value % factor:
        return 97
    return 32 if "len" in name or "pos" in name else max(value // factor, 8)


def _compiles(compiled: Compiled, name: str, sizes: dict[str, int]) -> bool:
    try:
        small = compile_build(compiled.analysis, name, overrides=sizes)
    except Broken:
        return False
    return not small.failed and twin_elements(small.solved) <= LIMIT
