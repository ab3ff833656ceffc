"""The analysis of a file that is edited: as `analysis.pipeline.analyze`, and only what an edit touched is done again.

What it gives is equal to a fresh analysis of the same text, diagnostics included; tests hold it to that.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any

from sharedsl.analysis.checking import (
    Analysis,
    check_block_alone,
    check_build,
    check_model,
    check_plan,
    mentioned,
    told,
    unreached,
    used_plans,
)
from sharedsl.analysis.library import parsed
from sharedsl.analysis.report import Reporter
from sharedsl.analysis.scope import Load, Scope, load_scope
from sharedsl.collector import paused
from sharedsl.diagnostics import Diagnostic
from sharedsl.ide.anchors import Anchors, anchored, quoting
from sharedsl.ide.document import Chunk, Document
from sharedsl.ide.needs import Need, Needs
from sharedsl.ide.origins import Origins
from sharedsl.record import dataclass, field
from sharedsl.sharing.context import StagePlan
from sharedsl.source import SourceFile
from sharedsl.syntax import ast

_RECURSION = 20_000


@dataclass(slots=True)
class Kept:
    """What the check of an item found, and what it needed for that."""

    item: ast.Item
    needs: Need
    #: how the check was made: whether a build takes a plan
    how: object
    #: the outline of the file, where something else in it may have a say
    outline: object
    #: how the items of its needs were laid out, where there are mends
    layout: object
    found: tuple[Diagnostic, ...]
    stages: tuple[StagePlan, ...] | None = None


@dataclass(slots=True)
class Looked:
    """What a second look at an item found. Selectors are looked up among the `members` of every block."""

    item: ast.Item
    given: object
    #: those of its words that are members
    named: frozenset[str]
    members: frozenset[str]
    found: list[Diagnostic]


@dataclass(slots=True)
class State:
    """What is kept of the last version of a file."""

    #: item, by identity, and kind of check -> what was found
    checks: dict[tuple[int, str], Kept] = field(default_factory=dict)
    origins: Origins = field(default_factory=Origins)
    #: item -> its names looked at, where something is wrong with the file
    looks: dict[int, Looked] = field(default_factory=dict)


class Checker:
    """Analyses one file again and again. `documents` gives the texts of user files by path."""

    def __init__(self, path: str, document: Callable[[str], Document | None]) -> None:
        self.path, self.document = path, document
        self.state = State()
        self.needs: Needs | None = None
        #: checks that the last analysis made, rather than remembered
        self.worked = 0

    @paused
    def analyze(self) -> Analysis:
        sys.setrecursionlimit(max(sys.getrecursionlimit(), _RECURSION))
        report = Reporter()
        documents: dict[str, Document] = {}
        main = self._document(self.path, documents)
        assert main is not None
        scope = load_scope(main.source, _loader(self, documents), report, _reader(documents))
        sources = {path: file.source for path, file in scope.files.items()}
        misread = tuple(each for each in report.found if each.severity == "error")
        needs = self.needs = Needs(scope, documents, self.needs)
        analysis = Analysis(main.source, scope.main.file, sources, (), scope, misread)
        run = _Run(analysis, needs, self.state, {path: each.anchors() for path, each in documents.items()})
        self.state.origins.take_over(analysis, needs)
        run.check(report)
        self.worked = run.worked
        analysis.diagnostics = told(analysis, report.found, run.look)
        run.forget()
        return analysis

    def settle(self, analysis: Analysis) -> None:
        """Before the next edit: what was made since, for lint or a hover, is kept with its needs."""
        if self.needs is not None:
            self.state.origins.keep(analysis, self.needs)

    def _document(self, path: str, documents: dict[str, Document]) -> Document | None:
        found = documents.get(path) or self.document(path)
        if found is not None:
            documents[path] = found
        return found


def _loader(checker: Checker, documents: dict[str, Document]) -> Load:
    def load(path: str) -> SourceFile | None:
        found = checker._document(path, documents)
        return found.source if found is not None else None

    return load


def _reader(documents: dict[str, Document]) -> Callable[[SourceFile], tuple[ast.File, list[Diagnostic]]]:
    def read(source: SourceFile) -> tuple[ast.File, list[Diagnostic]]:
        found = documents.get(source.path)
        return found.read() if found is not None else parsed(source)

    return read


class _Run:
    """One analysis, with what is left of the one before."""

    def __init__(self, analysis: Analysis, needs: Needs, state: State, anchors: Anchors) -> None:
        self.analysis, self.needs, self.state, self.anchors = analysis, needs, state, anchors
        self.worked = 0

    # ------------------------------------------------------------------ the checks

    def check(self, report: Reporter) -> None:
        """As `analysis.checking.check_items`."""
        analysis, items = self.analysis, self.analysis.file.items
        used = used_plans(analysis)
        old, self.state.checks = self.state.checks, {}
        for item in items:
            if isinstance(item, ast.Block) and item.kind == "model":
                self._one(item, "model", None, old, report, check_model)
        for item in items:
            if isinstance(item, ast.Plan):
                taken = (item.model, item.name) in used
                self._one(item, "plan", taken, old, report, _check_taken if taken else _check_untaken)
            elif isinstance(item, ast.Build):
                self._one(item, "build", None, old, report, check_build)
        for block in unreached(analysis, self._reached()):
            self._one(block, "alone", None, old, report, check_block_alone)
        self.state.origins.keep(analysis, self.needs)

    def _one(
        self,
        item: ast.Item,
        kind: str,
        how: object,
        old: dict[tuple[int, str], Kept],
        report: Reporter,
        check: Callable[[Analysis, Any, Reporter], None],
    ) -> None:
        key = (id(item), kind)
        needs = self.needs.of_item(item)
        kept = old.get(key)
        if kept is None or not self._holds(kept, item, needs, how):
            self.worked += 1
            own = Reporter()
            check(self.analysis, item, own)
            stages = self.analysis.stages.get(item.name) if isinstance(item, ast.Build) else None
            found = tuple(anchored(each, self.anchors) for each in own.found)
            kept = Kept(item, needs, how, None, None, found, stages)
            if found or stages:
                kept.outline, kept.layout = self.needs.outline, self._layout(found, needs)
        elif kept.stages is not None and isinstance(item, ast.Build):
            self.analysis.stages[item.name] = kept.stages
        self.state.checks[key] = kept
        for each in kept.found:
            report.add(each)

    def look(self, item: ast.Item, scope: Scope, members: frozenset[str]) -> list[Diagnostic]:
        """As `second_look.look_at`, of items that are as they were from memory."""
        from sharedsl.analysis.second_look import look_at

        chunk = self.needs.chunk_of(item)
        given = (self.needs.of_chunk(chunk), self.needs.reach, chunk.anchor.edition)
        named = members & chunk.words if isinstance(item, ast.Plan) else frozenset()
        known = self.state.looks.get(id(item))
        if (
            known is None
            or known.item is not item
            or known.given != given
            or known.named != named
            # what is unknown may have been meant to be any of them
            or (known.found and isinstance(item, ast.Plan) and known.members != members)
        ):
            found = [anchored(each, self.anchors) for each in look_at(item, scope, members)]
            known = self.state.looks[id(item)] = Looked(item, given, named, members, found)
        return known.found

    def forget(self) -> None:
        """What was known of items that are gone."""
        state, items = self.state, {id(item): item for item in self.analysis.file.items}
        state.looks = {key: each for key, each in state.looks.items() if items.get(key) is each.item}

    def _holds(self, kept: Kept, item: ast.Item, needs: Need, how: object) -> bool:
        if kept.item is not item or (kept.needs is not needs and kept.needs != needs) or kept.how != how:
            return False
        kept.needs = needs
        if kept.outline is None:
            return True
        return kept.outline == self.needs.outline and kept.layout == self._layout(kept.found, needs)

    def _layout(self, found: Iterable[Diagnostic], needs: Need) -> object:
        return self.needs.layout(needs) if quoting(found) else None

    def _reached(self) -> set[str]:
        found: set[str] = set()
        for item in self.analysis.file.items:
            if isinstance(item, ast.Block):
                found |= _mentions(self.needs.chunk_of(item))
        return found


def _check_taken(analysis: Analysis, item: ast.Plan, report: Reporter) -> None:
    check_plan(analysis, item, True, report)


def _check_untaken(analysis: Analysis, item: ast.Plan, report: Reporter) -> None:
    check_plan(analysis, item, False, report)


def _mentions(chunk: Chunk) -> frozenset[str]:
    """The names of blocks that the models and blocks of a chunk mention."""
    if chunk.names is None:
        found: set[str] = set()
        for item in chunk.items:
            if isinstance(item, ast.Block):
                mentioned(item.body, found)
        chunk.names = frozenset(found)
    return chunk.names
