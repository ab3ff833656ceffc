"""What lint says of the spec that is followed."""

from __future__ import annotations

import os

from sharedsl.analysis.pipeline import Analysis
from sharedsl.config import ConfigError, find, settings_for
from sharedsl.diagnostics import Diagnostic
from sharedsl.lint import Settings, lint

#: the gravest first, then as the lines come
_GRAVITY = {"error": 0, "warning": 1, "info": 2}


def findings(analysis: Analysis) -> tuple[list[Diagnostic], str]:
    """The findings by the project's own settings; and what is wrong with these, where something is."""
    said = ""
    try:
        settings = settings_for(analysis.source.path)
    except ConfigError as problem:
        settings, said = Settings(), str(problem)
    found = lint(analysis, settings)
    return sorted(found, key=lambda each: (_GRAVITY[each.severity], each.labels[0].span.start)), said


def settings_files(path: str) -> set[str]:
    """The files that say which rules run for a spec: the one that there is, and one that may come beside the spec."""
    folder = os.path.dirname(os.path.abspath(path))
    try:
        found = find(folder)
    except ConfigError:
        found = None
    return {os.path.join(folder, "sharedsl.toml"), *((found,) if found is not None else ())}
