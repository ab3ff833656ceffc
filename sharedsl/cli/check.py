"""Say what is wrong with specs: names, shapes, contradictions between plans, broken budgets."""

from __future__ import annotations

import argparse
import os

from sharedsl.cli import session
from sharedsl.cli.cache import remember
from sharedsl.cli.inputs import specs
from sharedsl.cli.options import add_form, add_specs
from sharedsl.cli.printing import rendered
from sharedsl.cli.terminal import write
from sharedsl.diagnostics.forms import HELP

EXAMPLES = """examples:
  sharedsl check specs
  sharedsl check model.sdsl --output-format concise
  cat model.sdsl | sharedsl check -
"""
EXAMPLES += "\n" + HELP


def configure(parser: argparse.ArgumentParser) -> None:
    add_specs(parser)
    add_form(parser)
    parser.add_argument("--json", action="store_const", const="json", dest="output_format", help="as FORM json")


def run(options: argparse.Namespace) -> int:
    found = session.Findings()
    paths = specs(options.paths)
    for path in paths:
        session.load(path, found)
    text = rendered(options.output_format, found.diagnostics, found.sources, paths)
    code = 1 if found.errors else 0
    folders = [path for path in options.paths if os.path.isdir(path)]
    if found.complete:
        remember(options.argv, folders, sorted(found.files), text, code)
    write(text)
    return code
