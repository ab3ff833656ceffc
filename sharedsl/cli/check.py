"""Say what is wrong with specs: names, shapes, contradictions between plans, broken budgets."""

from __future__ import annotations

import argparse
import os

from sharedsl.cli import session
from sharedsl.cli.cache import remember
from sharedsl.cli.inputs import specs
from sharedsl.cli.terminal import paint, write

EXAMPLES = """examples:
  sharedsl check specs
  sharedsl check model.sdsl --format concise
  cat model.sdsl | sharedsl check -

formats: full (source lines and carets), concise (a line each), json, sarif (code scanning), github (annotations)
"""

FORMATS = ("full", "concise", "json", "sarif", "github")


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths", nargs="*", default=["."], metavar="PATH", help="specs, or folders of specs; - is standard input"
    )
    parser.add_argument("--format", choices=FORMATS, default="full", help="how to print what was found")
    parser.add_argument("--json", action="store_const", const="json", dest="format", help="the same as --format json")


def run(options: argparse.Namespace) -> int:
    found = session.Findings()
    paths = specs(options.paths)
    for path in paths:
        session.load(path, found)
    text = render(options.format, found, len(paths))
    code = 1 if found.errors else 0
    folders = [path for path in options.paths if os.path.isdir(path)]
    if found.complete:
        remember(options.argv, folders, sorted(found.files), text, code)
    write(text)
    return code


def render(form: str, found: session.Findings, files: int) -> str:
    from sharedsl.diagnostics import text

    if form == "full":
        p = paint()
        style = "error" if found.errors else "warning" if found.diagnostics else "green"
        return text.full(found.diagnostics, found.sources, p) + p(text.summary(found.diagnostics, files), style) + "\n"
    if form == "concise":
        return text.concise(found.diagnostics, found.sources, paint())
    if form == "github":
        from sharedsl.diagnostics import github

        return github.render(found.diagnostics, found.sources)
    if form == "sarif":
        from sharedsl.diagnostics import sarif
        from sharedsl.diagnostics.codes import titles

        return sarif.render(found.diagnostics, found.sources, titles())
    from sharedsl.diagnostics import json

    return json.render(found.diagnostics, found.sources)
