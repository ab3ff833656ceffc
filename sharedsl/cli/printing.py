"""Findings in the form that was asked for, with the codes' titles where a form wants them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sharedsl.cli.terminal import paint
from sharedsl.diagnostics import Diagnostic
from sharedsl.diagnostics.forms import render
from sharedsl.source import SourceFile


def rendered(
    form: str, diagnostics: Sequence[Diagnostic], sources: Mapping[str, SourceFile], paths: Sequence[str]
) -> str:
    """`paths` are the files that were looked at, `-` being standard input."""
    files = ["<stdin>" if path == "-" else path for path in paths]
    return render(form, diagnostics, sources, paint(), files, _titles(form))


def _titles(form: str) -> dict[str, str]:
    """Code -> what it is about: of errors and of lint rules."""
    if form != "sarif":
        return {}
    from sharedsl.diagnostics.codes import titles
    from sharedsl.lint.rules import all_rules

    return {**titles(), **{code: rule.title for code, rule in all_rules().items()}}
