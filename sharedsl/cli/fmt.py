"""Write specs in the one style: two spaces, columns of `=`, lines of at most 120. No comment is ever lost."""

from __future__ import annotations

import argparse

from sharedsl.cli import session
from sharedsl.cli.changes import diff, write_all
from sharedsl.cli.inputs import specs
from sharedsl.cli.options import add_form, add_specs
from sharedsl.cli.terminal import Usage, paint, say, write
from sharedsl.diagnostics import Diagnostic
from sharedsl.diagnostics.text import plural
from sharedsl.formatting import format_source

EXAMPLES = """examples:
  sharedsl fmt specs               write the files that are not in the style
  sharedsl fmt --check specs       show what would change, write nothing; exit code 1 if anything would
  sharedsl fmt --diff model.sdsl   the same with exit code 0
  cat model.sdsl | sharedsl fmt -  from standard input to standard output

A file with syntax errors is left as it is, and its errors are shown.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    add_specs(parser)
    add_form(parser)
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--check", action="store_true", help="write nothing; exit with 1 where something would change")
    how.add_argument("--diff", action="store_true", help="write nothing; print what would change")


def run(options: argparse.Namespace) -> int:
    found = session.Findings(options.output_format)
    paths = specs(options.paths)
    if "-" in paths and len(paths) > 1:
        raise Usage("standard input is formatted alone")
    changed: dict[str, tuple[str, str]] = {}
    for path in paths:
        source = session.read(path)
        if isinstance(source, Diagnostic):
            found.add([source])
            continue
        done = format_source(source)
        found.sources[source.path] = source
        found.add(done.diagnostics)
        if path == "-" and not (options.check or options.diff):
            if not done.failed:
                write(done.text)
        elif done.text != source.text:
            changed[path if path != "-" else source.path] = (source.text, done.text)
    code = found.report()
    if options.check or options.diff:
        write("".join(diff(path, before, after, paint()) for path, (before, after) in changed.items()))
    else:
        write_all({path: after for path, (_, after) in changed.items()})
    if "-" not in paths:
        say(_summary(len(changed), len(paths), options.check or options.diff))
    return 1 if code or (options.check and changed) else 0


def _summary(changed: int, files: int, dry: bool) -> str:
    what = "would change" if dry else "written"
    return (
        f"{plural(changed, 'file')} {what}, {plural(files - changed, 'file')} left"
        if changed
        else (f"{plural(files, 'file')} in style")
    )
