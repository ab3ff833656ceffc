"""Prove that a build computes what its twin without sharing computes: outputs, and every stored tensor's gradient.

Each build is made at the sizes of its `test` line. Every weight of the twin is a tensor of its own, filled with the
value of its weight expression; outputs must agree, and each gradient must be the sum over its readers.
"""

from __future__ import annotations

import argparse
import json

from sharedsl.analysis.pipeline import Broken
from sharedsl.cli import session
from sharedsl.cli.inputs import specs
from sharedsl.cli.options import add_form, add_specs
from sharedsl.cli.terminal import paint, write

EXAMPLES = """examples:
  sharedsl verify specs/encoder/albert.sdsl
  sharedsl verify specs --build AlbertBase --json
"""


def configure(parser: argparse.ArgumentParser) -> None:
    add_specs(parser, needed=True)
    add_form(parser)
    parser.add_argument(
        "--build", action="append", default=[], metavar="NAME", help="only this build (may be repeated)"
    )
    parser.add_argument("--seed", type=int, default=0, help="for the weights and inputs (0)")
    parser.add_argument("--json", action="store_true", help="print the reports as JSON")


def run(options: argparse.Namespace) -> int:
    found = session.Findings(options.output_format)
    analyses = [session.load(path, found) for path in specs(options.paths)]
    session.wanted(options.build, found)
    from sharedsl.runtime.verify import verify_build

    p = paint()
    reports = []
    for analysis in analyses:
        for name in session.targets(analysis, options.build):
            try:
                report = verify_build(analysis, name, seed=options.seed)
            except Broken as problem:
                found.add(problem.diagnostics)
                continue
            reports.append(report)
            if not options.json:
                first, *rest = str(report).split("\n")
                write("\n".join([p(first, "green" if report.ok else "red"), *rest]) + "\n")
    if options.json:
        document = {"schema": 1, "reports": [report.to_json() for report in reports]}
        write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    failed = found.report() != 0 or not all(report.ok for report in reports)
    if not reports and not failed:
        write("there are no builds to verify\n")
    return 1 if failed else 0
