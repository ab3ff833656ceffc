"""Write the PyTorch module of each build: one self-contained file, ready to import."""

from __future__ import annotations

import argparse
import os

from sharedsl.analysis.identity import project_of
from sharedsl.cli import session
from sharedsl.cli.inputs import specs
from sharedsl.cli.modules import Made, modules
from sharedsl.cli.options import add_form, add_specs
from sharedsl.cli.targets import folder_of, folder_under, ours, owned_below, read, snake, write_file
from sharedsl.cli.terminal import Usage, paint, say, write
from sharedsl.cli.usage import usage
from sharedsl.diagnostics.text import plural
from sharedsl.record import dataclass, field

EXAMPLES = """examples:
  sharedsl compile specs/encoder/albert.sdsl      to generated/encoder/albert_base.py, and so on
  sharedsl compile specs                          all of them; modules of builds that are gone are removed
  sharedsl compile specs --check                  writes nothing; exit code 1 where a file is edited, missing or stale
  sharedsl compile model.sdsl --build Small --stdout

Files go to generated/ of the nearest pyproject.toml, in the folders that the specs have under specs/.
Only files with sharedsl's header are ever overwritten or removed.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    add_specs(parser, needed=True)
    add_form(parser)
    parser.add_argument(
        "--build", action="append", default=[], metavar="NAME", help="only this build (may be repeated)"
    )
    parser.add_argument("-o", "--out", metavar="DIR", help="write to this folder")
    parser.add_argument("--stdout", action="store_true", help="print the modules, write nothing")
    parser.add_argument("--check", action="store_true", help="compare with what is there, write nothing")


@dataclass(slots=True)
class _Plan:
    """What a run would leave behind: path -> text, and the folders that hold nothing else of ours."""

    files: dict[str, str] = field(default_factory=dict)
    folders: list[str] = field(default_factory=list)
    made: list[Made] = field(default_factory=list)


def run(options: argparse.Namespace) -> int:
    found = session.Findings(options.output_format)
    plan = _Plan()
    for given in options.paths:
        for spec in specs([given]):
            loaded = session.load(spec, found)
            for made in modules(loaded, options.build, found):
                plan.made.append(made)
                if not options.stdout:
                    path = os.path.join(_folder(spec, given, options.out), snake(made.name) + ".py")
                    _add(plan, path, made)
        if os.path.isdir(given) and not options.build and not options.stdout:
            plan.folders.append(_root(given, options.out))
    session.wanted(options.build, found)
    if options.stdout:
        write("\n\n".join(made.source for made in plan.made))
        return found.report()
    if options.check:
        return max(_check(plan, complete=not found.errors), found.report())
    _write(plan, complete=not found.errors)
    return found.report()


def _folder(spec: str, given: str, out: str | None) -> str:
    if out is not None:
        return folder_under(spec, given, out)
    return folder_of(spec) if spec != "-" else folder_of(os.path.join(os.getcwd(), "stdin"))


def _root(given: str, out: str | None) -> str:
    """The folder that holds everything which a folder of specs compiles to."""
    return out if out is not None else folder_of(os.path.join(given, "any.sdsl"))


def _add(plan: _Plan, path: str, made: Made) -> None:
    before = plan.files.get(path)
    if before is not None and before != made.source:
        raise Usage(f"two builds would be written to {_shown(path)}: their names differ too little (`{made.name}`)")
    plan.files[path] = made.source


def _shown(path: str) -> str:
    near = os.path.relpath(path)
    return path if near.startswith("..") else near


def _stale(plan: _Plan, complete: bool) -> list[str]:
    """Our files that no build makes any more. A spec with errors may still make them: then none."""
    expected = {os.path.abspath(path) for path in plan.files}
    below = (path for folder in plan.folders for path in owned_below(folder)) if complete else ()
    return list(dict.fromkeys(path for path in below if os.path.abspath(path) not in expected))


def _check(plan: _Plan, complete: bool) -> int:
    """Says which files are not what the specs compile to."""
    wrong = []
    for path, text in sorted(plan.files.items()):
        there = read(path)
        if there is None:
            wrong.append(("missing", path))
        elif there != text:
            wrong.append(("edited" if ours(path) else "not ours", path))
    wrong += [("stale", path) for path in _stale(plan, complete)]
    for what, path in wrong:
        write(f"{what}: {_shown(path)}\n")
    if wrong:
        write(f"\n{plural(len(wrong), 'file')} of {len(plan.files)} not as compiled; `sharedsl compile` writes them\n")
    elif complete:
        write(f"{plural(len(plan.files), 'file')} as compiled\n")
    return 1 if wrong else 0


def _write(plan: _Plan, complete: bool) -> None:
    foreign = [path for path in plan.files if os.path.exists(path) and not ours(path)]
    if foreign:
        names = ", ".join(_shown(path) for path in foreign)
        raise Usage(f"{names} is not a file that sharedsl wrote; nothing was written (move it, or use -o)")
    written = []
    try:
        for path, text in plan.files.items():
            if read(path) != text:
                write_file(path, text)
                written.append(path)
        stale = _stale(plan, complete)
        for path in stale:
            os.unlink(path)
    except OSError as problem:
        raise Usage(f"{problem.filename or 'a file'} cannot be written: {problem.strerror}") from None
    p = paint()
    for path in written[:20]:
        write(f"{p('wrote', 'green')} {_shown(path)}\n")
    if len(written) > 20:
        write(f"{p('wrote', 'green')} {len(written) - 20} more\n")
    for path in stale:
        write(f"{p('removed', 'yellow')} {_shown(path)}\n")
    same = len(plan.files) - len(written)
    if same:
        write(f"{plural(same, 'file')} unchanged\n")
    if plan.made and plan.files:
        path = next(iter(written), next(iter(plan.files)))
        made = next(each for each in plan.made if plan.files[path] == each.source)
        write("\n" + usage(made.compiled.model, _module(path), made.name))
    elif not plan.files and complete:
        say("sharedsl: there are no builds to compile; a build is a line such as `build Small = Model() with plan`")


def _module(path: str) -> str:
    """The dotted name to import a file by, from the project's folder or else from here; its stem elsewhere."""
    stem = os.path.splitext(os.path.abspath(path))[0]
    inside = os.path.relpath(stem, project_of(path) or os.getcwd())
    parts = inside.split(os.sep)
    return ".".join(parts) if all(part.isidentifier() for part in parts) else os.path.basename(stem)
