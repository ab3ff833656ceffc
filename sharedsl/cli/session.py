"""What the verbs do with specs: read, analyse, compile, collect what is found. Nothing here imports torch."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence

from sharedsl.analysis.pipeline import Analysis, Broken, Compiled, analyze, compile_build
from sharedsl.cli.options import meant
from sharedsl.cli.terminal import Usage, say
from sharedsl.diagnostics import Diagnostic
from sharedsl.record import dataclass, field
from sharedsl.source import SourceFile
from sharedsl.syntax.read import decode_source, read_source


@dataclass(slots=True)
class Findings:
    """Diagnostics of all specs of one run, with the sources that they point into."""

    #: how they are printed
    form: str = "full"
    diagnostics: list[Diagnostic] = field(default_factory=list)
    sources: dict[str, SourceFile] = field(default_factory=dict)
    #: files on disk that were read
    files: set[str] = field(default_factory=set)
    #: whether every file that had a say is among them
    complete: bool = True
    #: the builds that the specs have
    builds: dict[str, None] = field(default_factory=dict)

    @property
    def errors(self) -> bool:
        return any(each.severity == "error" for each in self.diagnostics)

    def add(self, found: Sequence[Diagnostic]) -> None:
        """Further diagnostics; one that is there already is the same mistake met again."""
        self.diagnostics += [each for each in found if each not in self.diagnostics]

    def report(self) -> int:
        """Prints the errors on standard error; the exit code."""
        shown = [each for each in self.diagnostics if each.severity == "error"]
        if shown:
            from sharedsl.cli.printing import rendered

            files = sorted(self.files) or [""]
            say(("\n" if self.form == "full" else "") + rendered(self.form, shown, self.sources, files).rstrip("\n"))
        return 1 if shown else 0


def load(path: str, found: Findings) -> Analysis:
    """The analysis of a spec; its diagnostics and sources go to `found`."""
    source = read(path)
    if isinstance(source, Diagnostic):
        found.add([source])
        found.complete = False
        return analyze(SourceFile(path, ""))
    analysis = analyze(source)
    found.sources.update(analysis.sources)
    found.files.update(name for name in analysis.sources if os.path.isfile(name))
    found.add(analysis.diagnostics)
    if path == "-" or any(each.code == "import-not-found" for each in analysis.diagnostics):
        found.complete = False
    found.builds.update(dict.fromkeys(analysis.targets))
    return analysis


def read(path: str) -> SourceFile | Diagnostic:
    """The text of a spec, or why it is none. A file that cannot be opened is the caller's mistake, not the spec's."""
    if path != "-":
        found = read_source(path)
        if isinstance(found, Diagnostic) and found.code == "no-file":
            raise Usage(found.message.replace("`", ""))
        return found
    stream = getattr(sys.stdin, "buffer", None)
    return decode_source("<stdin>", stream.read() if stream is not None else sys.stdin.read().encode())


def compiled(
    analysis: Analysis, builds: Sequence[str], found: Findings, overrides: Mapping[str, int] | None = None
) -> Iterator[Compiled]:
    """The builds of a spec that can be made, each with its stages behind it; all, or those asked for."""
    for name in targets(analysis, builds):
        try:
            yield compile_build(analysis, name, overrides=_taken(analysis, name, overrides))
        except Broken as problem:
            found.add(problem.diagnostics)


def targets(analysis: Analysis, builds: Sequence[str]) -> list[str]:
    """The builds and stages that are asked for: a build with all of its stages, or one stage as `Build@stage`."""
    return [name for name in analysis.targets if not builds or name in builds or name.partition("@")[0] in builds]


def _taken(analysis: Analysis, build: str, overrides: Mapping[str, int] | None) -> dict[str, object]:
    """The overrides that the build's model has parameters for."""
    names = parameters(analysis, analysis.builds[build.partition("@")[0]].model)
    return {name: value for name, value in (overrides or {}).items() if name in names}


def parameters(analysis: Analysis, model: str) -> list[str]:
    """The parameters of a model, in order."""
    target = analysis.scope.model(model)
    return [param.name for param in getattr(target.item, "params", ())] if target is not None else []


def wanted(builds: Sequence[str], found: Findings) -> None:
    """Every build that was asked for is in some spec."""
    for name in builds:
        if name not in found.builds:
            raise Usage(f"there is no build `{name}`" + guess(name, list(found.builds)))


def guess(word: str, known: Sequence[str]) -> str:
    """`; did you mean ..?` or what there is."""
    return meant(word, list(known))
