"""What each line of a plan says by itself: which weights it makes one, and which it marks."""

from __future__ import annotations

from sharedsl.analysis.elaborate import at_root
from sharedsl.lint.subject import Subject
from sharedsl.model.folds import FoldEdit
from sharedsl.record import dataclass, fields
from sharedsl.sharing import RELATIONS, LayerTree, Line, PlanContext, expand, folds
from sharedsl.sharing.own_weights import own_weights
from sharedsl.sharing.report import Report
from sharedsl.sharing.world import World
from sharedsl.syntax import ast

#: facts that are no further equation or definition
_KNOWN = frozenset({"edges", "marks", "apart"})


@dataclass(frozen=True, slots=True)
class Said:
    """One line: pairs of sites that it makes equal, how much else it says, sites that it marks."""

    line: Line
    pairs: tuple[tuple[int, int], ...]
    others: int
    marks: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    said: tuple[Said, ...]
    folds: tuple[FoldEdit, ...]


def plan_of(subject: Subject) -> Plan:
    """The lines of a subject's plans; nothing where they cannot be read alone."""
    return subject.memory(_plan_of)


def _plan_of(subject: Subject) -> Plan:
    context = _context(subject)
    expanded, found = expand(subject.refs, context)
    if found:
        return Plan((), ())
    edits, _ = folds(expanded, context)
    report = Report()
    own = own_weights(expanded, context, len(subject.model.sites), report)
    world = World(subject.model.sites, context, report, own)
    how = {relation.kind: relation.facts for relation in RELATIONS}
    said: list[Said] = []
    for line in expanded.lines():
        if type(line.relation) in how and type(line.relation) is not ast.Fold:
            facts = how[type(line.relation)](line, world)
            pairs = tuple((_site(edge.a), _site(edge.b)) for edge in facts.edges)
            others = len(report.found) + sum(
                len(getattr(facts, one.name)) for one in fields(facts) if one.name not in _KNOWN
            )
            said.append(Said(line, pairs, others, tuple(mark.site for mark in facts.marks)))
    return Plan(tuple(said), edits)


def _context(subject: Subject) -> PlanContext:
    scope = subject.analysis.scope
    others = {name: each.plan for (_, name), each in scope.main.plans.items()}
    plans = others | {name: each.plan for name, each in scope.plans_of(subject.model.name).items()}
    roots = {name: at_root(name, value) for name, value in subject.compiled.sizes.items()}
    target = scope.model(subject.model.name)
    name = target.name if target is not None else subject.model.name
    return PlanContext(name, roots, plans, LayerTree(subject.model.root))


def _site(number: int) -> int:
    """Edges name the base of site s by -1 - s."""
    return number if number >= 0 else -1 - number
