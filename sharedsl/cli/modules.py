"""The emitted text of the builds of a spec."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sharedsl.analysis.budget.subject import over_budget
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
    from sharedsl.runtime.source import source_of

    for each in session.compiled(analysis, builds, found):
        broken = over_budget(each)
        found.add(broken)
        if not broken:
            yield Made(each.name, source_of(each), each)
