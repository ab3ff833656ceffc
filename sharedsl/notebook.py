"""Specs in notebooks: `%load_ext sharedsl.notebook`, then cells that begin with `%%sharedsl`.

    %%sharedsl --name builds
    model Mlp(dim = 8) { .. }
    build Small = Mlp(dim = 4)

shows the budgets of the cell's builds and leaves them as `builds`, for `builds["Small"].module()`. What is wrong with a
spec is shown with its lines, as `sharedsl check` does.
"""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from sharedsl.analysis.pipeline import analyze
from sharedsl.api import Builds
from sharedsl.diagnostics import Diagnostic
from sharedsl.diagnostics.paint import Paint
from sharedsl.diagnostics.text import full
from sharedsl.source import SourceFile

_COLOURS = {"error": "#b91c1c", "warning": "#b45309", "info": "#0e7490"}
_DEFAULT = "builds"


class Findings:
    """Diagnostics to be displayed: carets in a terminal, a box for each in a notebook."""

    def __init__(self, diagnostics: Sequence[Diagnostic], sources: Mapping[str, SourceFile]) -> None:
        self.diagnostics = tuple(diagnostics)
        self._sources = sources

    def __repr__(self) -> str:
        return full(self.diagnostics, self._sources, Paint(colour=False)).rstrip()

    def _repr_html_(self) -> str:
        return "".join(self._box(each) for each in self.diagnostics)

    def _box(self, each: Diagnostic) -> str:
        text = full([each], self._sources, Paint(colour=False)).rstrip()
        head, _, rest = text.partition("\n")
        colour = _COLOURS[each.severity]
        return (
            f'<div class="sharedsl-{each.severity}" style="border-left: 3px solid {colour}; padding-left: 0.6em">'
            f'<b style="color: {colour}">{escape(head)}</b>'
            f'<pre style="margin: 0.2em 0; line-height: 1.25">{escape(rest)}</pre></div>'
        )


class UsageError(Exception):
    """What is wrong with the line of a `%%sharedsl` cell."""

    def _render_traceback_(self) -> list[str]:
        return [f"UsageError: {self}"]


def load_cell(line: str, cell: str, namespace: dict[str, Any], display: Any) -> Builds | None:
    """What the magic does: builds to `namespace`, diagnostics to `display`. None where there is nothing to show."""
    options = _options(line)
    source = SourceFile(f"{options.name}.sdsl", cell)  # imports are looked for in the notebook's folder
    analysis = analyze(source)
    if analysis.diagnostics:
        display(Findings(analysis.diagnostics, analysis.sources))
    if analysis.failed:
        return None
    builds = Builds(analysis)
    namespace[options.name] = builds
    if options.quiet:
        return None
    return builds if builds else None


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> Any:
        raise UsageError(f"%%sharedsl: {message}\n{self.format_usage().strip()}")


def _options(line: str) -> argparse.Namespace:
    parser = _Parser(prog="%%sharedsl", add_help=False)
    parser.add_argument("--name", "-n", default=_DEFAULT, help="what the builds are called afterwards")
    parser.add_argument("--quiet", "-q", action="store_true", help="show no budgets")
    try:
        options = parser.parse_args(shlex.split(line))
    except ValueError as problem:
        raise UsageError(f"%%sharedsl: {problem}") from None
    if not options.name.isidentifier():
        raise UsageError(f"%%sharedsl: --name must be a Python name, not {options.name!r}")
    return options


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext sharedsl.notebook` calls this."""
    from IPython.display import display

    def sharedsl(line: str, cell: str) -> Builds | None:
        """A spec: its builds as objects, its budgets as a table. `--name NAME` (builds), `--quiet`."""
        return load_cell(line, cell, shell.user_ns, display)

    shell.register_magic_function(sharedsl, magic_kind="cell", magic_name="sharedsl")


def unload_ipython_extension(shell: Any) -> None:
    """`%unload_ext sharedsl.notebook` calls this."""
    shell.magics_manager.magics["cell"].pop("sharedsl", None)
