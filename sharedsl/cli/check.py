"""Say what is wrong with specs: names, shapes, contradictions between plans, broken budgets."""

from __future__ import annotations

import argparse
import os

from sharedsl.cli import session
from sharedsl.cli.cache import remember
from sharedsl.cli.inputs import specs
from sharedsl.cli.terminal import paint, write
from sharedsl.diagnostics.forms import FORMS, HELP, render

EXAMPLES = """examples:
  sharedsl check specs
  sharedsl check model.sdsl --format concise
  cat model.sdsl | sharedsl check -
"""
EXAMPLES += "\n" + HELP


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths", nargs="*", default=["."], metavar="PATH", help="specs, or folders of specs; - is standard input"
    )
    parser.add_argument("--format", choices=FORMS, default="full", help="how to print what was found")
    parser.add_argument("--json", action="store_const", const="json", dest="format", help="the same as --format json")


def run(options: argparse.Namespace) -> int:
    found = session.Findings()
    paths = specs(options.paths)
    for path in paths:
        session.load(path, found)
    titles = _titles() if options.format == "sarif" else {}
    text = render(options.format, found.diagnostics, found.sources, paint(), _shown(paths), titles)
    code = 1 if found.errors else 0
    folders = [path for path in options.paths if os.path.isdir(path)]
    if found.complete:
        remember(options.argv, folders, sorted(found.files), text, code)
    write(text)
    return code


def _titles() -> dict[str, str]:
    from sharedsl.diagnostics.codes import titles

    return titles()


def _shown(paths: list[str]) -> list[str]:
    return ["<stdin>" if path == "-" else path for path in paths]
