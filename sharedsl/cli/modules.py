"""The emitted text of the builds of a spec."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sharedsl.analysis.budget.subject import over_budget
from sharedsl.analysis.identity import shown_path, sources_of, spec_hash
from sharedsl.analysis.pipeline import Analysis, Compiled
from sharedsl.cli import session
from sharedsl.cli.session import Findings
from sharedsl.record import dataclass


@dataclass(frozen=True, slots=True)
class Made:
    """A build and its module's text."""

    name: str
    source: str
    compiled: Compiled


def modules(analysis: Analysis, builds: Sequence[str], found: Findings) -> Iterator[Made]:
    """Each build that compiles and keeps its budgets."""
    for each in session.compiled(analysis, builds, found):
        broken = over_budget(each)
        found.add(broken)
        if not broken:
            yield Made(each.name, source_of(each), each)


def source_of(compiled: Compiled) -> str:
    """The module's text: the same for the same spec, wherever the project lies and whoever compiles it."""
    from sharedsl.emit import module_source

    analysis = compiled.analysis
    path = shown_path(analysis.source.path)
    return module_source(compiled, spec_path=path, spec_hash=spec_hash(analysis), files=sources_of(analysis))
