"""The forms that diagnostics can be printed in, by name. Each renderer is loaded when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sharedsl.diagnostics.paint import Paint
from sharedsl.diagnostics.record import Diagnostic
from sharedsl.diagnostics.text import Sources

FORMS = ("full", "concise", "json", "jsonl", "sarif", "github", "gitlab", "junit")

#: what `--help` says of them
HELP = """formats: full (source lines and carets), concise (a line each), json, jsonl (an object a line), sarif (code
scanning), github (annotations), gitlab (code quality), junit (test reports)
"""


def render(
    form: str,
    diagnostics: Sequence[Diagnostic],
    sources: Sources,
    paint: Paint,
    files: Sequence[str],
    titles: Mapping[str, str],
) -> str:
    """`files` are those that were looked at; `titles` gives a code's one-line explanation."""
    if form == "full":
        from sharedsl.diagnostics import text

        worst = {each.severity for each in diagnostics}
        style = "error" if "error" in worst else "warning" if worst else "green"
        return text.full(diagnostics, sources, paint) + paint(text.summary(diagnostics, len(files)), style) + "\n"
    if form == "concise":
        from sharedsl.diagnostics import text

        return text.concise(diagnostics, sources, paint)
    if form == "github":
        from sharedsl.diagnostics import github

        return github.render(diagnostics, sources)
    if form == "gitlab":
        from sharedsl.diagnostics import gitlab

        return gitlab.render(diagnostics, sources)
    if form == "junit":
        from sharedsl.diagnostics import junit

        return junit.render(diagnostics, sources, files)
    if form == "sarif":
        from sharedsl.diagnostics import sarif

        return sarif.render(diagnostics, sources, dict(titles))
    from sharedsl.diagnostics import json

    return json.lines(diagnostics, sources) if form == "jsonl" else json.render(diagnostics, sources)
