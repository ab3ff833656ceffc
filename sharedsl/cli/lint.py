"""Say what is legal and will hurt: sharing that costs accuracy or saves nothing, surprises, what is unused."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator

from sharedsl.analysis.pipeline import Analysis, analyze
from sharedsl.cli import session
from sharedsl.cli.changes import diff, write_all
from sharedsl.cli.inputs import specs
from sharedsl.cli.options import add_form, add_specs
from sharedsl.cli.printing import rendered
from sharedsl.cli.terminal import Usage, paint, say, write
from sharedsl.config import ConfigError, settings_for
from sharedsl.diagnostics import Diagnostic
from sharedsl.diagnostics.forms import HELP
from sharedsl.diagnostics.text import plural
from sharedsl.formatting import kept_in_style
from sharedsl.lint import Settings, apply, lint
from sharedsl.lint.rules import all_rules
from sharedsl.lint.runner import CHECKED
from sharedsl.record import replace
from sharedsl.source import SourceFile

EXAMPLES = (
    """examples:
  sharedsl lint specs
  sharedsl lint model.sdsl --fix              apply the safe fixes
  sharedsl lint model.sdsl --fix --unsafe     those that change the model too
  sharedsl lint specs --diff                  show what --fix would change
  sharedsl lint specs --select untied-head,over-sharing
  sharedsl explain untied-head

"""
    + HELP
)
#: a fix may make way for another
_ROUNDS = 10


def configure(parser: argparse.ArgumentParser) -> None:
    add_specs(parser)
    parser.add_argument("--fix", action="store_true", help="apply the fixes that keep the meaning")
    parser.add_argument("--unsafe", action="store_true", help="with --fix or --diff: also those that change the model")
    parser.add_argument("--diff", action="store_true", help="show what --fix would change, and write nothing")
    parser.add_argument("--select", action="append", default=[], metavar="CODE,..", help="only these rules")
    parser.add_argument("--ignore", action="append", default=[], metavar="CODE,..", help="not these rules")
    add_form(parser)
    parser.add_argument("--watch", action="store_true", help="lint again whenever a file changes, until interrupted")


def run(options: argparse.Namespace) -> int:
    if options.unsafe and not (options.fix or options.diff):
        raise Usage("--unsafe goes with --fix or --diff")
    if "-" in options.paths and (options.fix or options.watch):
        raise Usage("standard input cannot be written or watched: name the file")
    if not options.watch:
        return _run(options)[0]
    from sharedsl.cli.watch import watch

    return watch(lambda: _run(options)[1])


def _run(options: argparse.Namespace) -> tuple[int, set[str]]:
    """The exit code, and the files that had a say."""
    found = session.Findings()
    paths = specs(options.paths)
    shown: list[Diagnostic] = []
    before: dict[str, str] = {}
    after: dict[str, str] = {}
    fixed = 0
    for path in paths:
        before_it = len(found.diagnostics)
        analysis = session.load(path, found)
        if analysis.source.path not in found.sources:  # it could not be read
            shown += found.diagnostics[before_it:]
            continue
        settings = _settings(path, options)
        if options.fix or options.diff:
            text, count, analysis = _fixed(analysis, settings, options.unsafe)
            fixed += count
            if text != found.sources[analysis.source.path].text:
                before[path], after[path] = found.sources[analysis.source.path].text, text
                found.sources[analysis.source.path] = analysis.source
        errors = [each for each in analysis.diagnostics if each.severity == "error"]
        shown += [each for each in (*errors, *lint(analysis, settings)) if each not in shown]
    if options.diff:
        write("".join(diff(path, before[path], after[path], paint()) for path in after))
        return int(bool(after)), found.files
    write_all(after)
    if fixed:
        say(f"fixed {plural(fixed, 'finding')} in {plural(len(after), 'file')}")
    write(rendered(options.output_format, shown, found.sources, paths))
    return int(any(each.severity != "info" for each in shown)), found.files


def _fixed(analysis: Analysis, settings: Settings, unsafe: bool) -> tuple[str, int, Analysis]:
    """The text with fixes, round after round. A round that would bring an error is left out."""
    total, first = 0, analysis.source
    for _ in range(_ROUNDS):
        source = analysis.source
        text, count = apply(source.text, source.path, lint(analysis, settings), unsafe=unsafe)
        again = analyze(SourceFile(source.path, text)) if count else analysis
        if not count:
            break
        if again.failed and not analysis.failed:
            say(f"{source.path}: no fix is written, for then {again.diagnostics[0].message}")
            break
        analysis, total = again, total + count
    styled = kept_in_style(first, analysis.source.text) if total else first.text
    if styled != analysis.source.text:
        analysis = analyze(SourceFile(first.path, styled))
    return styled, total, analysis


def _settings(path: str, options: argparse.Namespace) -> Settings:
    try:
        settings = settings_for(path if path != "-" else os.path.join(os.getcwd(), "stdin.sdsl"))
    except ConfigError as problem:
        raise Usage(str(problem)) from None
    select, ignore = list(_codes(options.select, "--select")), list(_codes(options.ignore, "--ignore"))
    if select:
        settings = replace(settings, select=select)
    return replace(settings, ignore=[*settings.ignore, *ignore]) if ignore else settings


def _codes(given: list[str], option: str) -> Iterator[str]:
    known = (*all_rules(), *CHECKED)
    for code in (part.strip() for each in given for part in each.split(",")):
        if code and code not in known:
            raise Usage(f"{option}: there is no rule `{code}`{session.guess(code, known)}")
        if code:
            yield code
