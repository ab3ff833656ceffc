"""Print a stage of the compiler: the text as a tree, the resolved model, the solved plan, the modules, the Python."""

from __future__ import annotations

import argparse

from sharedsl.analysis.pipeline import Broken, Compiled, compile_build
from sharedsl.cli import session
from sharedsl.cli.inputs import specs
from sharedsl.cli.options import add_choice
from sharedsl.cli.terminal import Usage, write

EXAMPLES = """examples:
  sharedsl dump specs/language/gpt2.sdsl --stage plan --build Gpt2Small
  sharedsl dump model.sdsl --stage ast
"""

STAGES = ("ast", "model", "sites", "plan", "modules", "python")


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", metavar="PATH", help="a spec; - is standard input")
    add_choice(parser, "--stage", of=STAGES, default="plan", metavar="STAGE", help="which stage")
    parser.add_argument("--build", metavar="NAME", help="which build; not needed where the spec has one")
    parser.add_argument("--test", action="store_true", help="at the sizes of the build's `test` line")


def run(options: argparse.Namespace) -> int:
    paths = specs([options.path])
    if len(paths) != 1:
        raise Usage("dump wants one spec")
    found = session.Findings()
    analysis = session.load(paths[0], found)
    if options.stage == "ast":
        from sharedsl.analysis.dump import dump_ast

        write(dump_ast(analysis.file))
        return found.report()
    names = list(analysis.targets)
    if options.build is not None:
        session.wanted([options.build], found)
        names = [options.build]
    if not names:
        found.report()
        raise Usage(f"{paths[0]} has no builds; only --stage ast works without one")
    if len(names) > 1:
        raise Usage("which build? " + ", ".join(f"--build {name}" for name in names[:8]))
    try:
        write(_stage(options.stage, compile_build(analysis, names[0], test=options.test)))
    except Broken as problem:
        found.add(problem.diagnostics)
    return found.report()


def _stage(stage: str, compiled: Compiled) -> str:
    from sharedsl.analysis import dump

    match stage:
        case "model":
            return dump.dump_model(compiled.model)
        case "sites":
            return dump.dump_sites(compiled.model.sites)
        case "plan":
            return dump.dump_plan(compiled.solved)
        case "modules":
            from sharedsl.emit import module_plan

            return f"{module_plan(compiled)}\n"
        case _:
            from sharedsl.runtime.source import source_of

            return source_of(compiled)
