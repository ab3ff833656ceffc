"""The analysis of a file that is edited: as `analysis.pipeline.analyze`, and only what an edit touched is done again.

What it gives is equal to a fresh analysis of the same text, diagnostics included; tests hold it to that.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from sharedsl.analysis.builds import Made, Models
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
from sharedsl.ide.anchors import Anchors, anchored
from sharedsl.ide.document import Chunk, Document
from sharedsl.ide.needs import Need, Needs
from sharedsl.record import dataclass, field
from sharedsl.sharing.context import StagePlan
from sharedsl.source import SourceFile
from sharedsl.syntax import ast

_RECURSION = 20_000


@dataclass(slots=True)
class Kept:
    """What the check of an item found, and what it needed for that."""

    needs: Need
    #: how the check was made: whether a build takes a plan
    how: object
    #: the outline of the file, where something else in it may have a say
    outline: object
    found: tuple[Diagnostic, ...]
    stages: tuple[StagePlan, ...] | None = None


@dataclass(slots=True)
class State:
    """What is kept of the last version of a file."""

    #: chunk and kind of check -> what was found
    checks: dict[tuple[int, str, int], Kept] = field(default_factory=dict)
    made: dict[object, Made] = field(default_factory=dict)
    made_needs: dict[object, tuple[Need, object]] = field(default_factory=dict)
    models: Models = field(default_factory=dict)
    models_needs: dict[object, tuple[Need, object]] = field(default_factory=dict)
    #: chunk and item -> its names looked at, where something is wrong with the file
    looks: dict[tuple[int, int], tuple[object, list[Diagnostic]]] = field(default_factory=dict)


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
        needs = self.needs = Needs(scope, documents)
        analysis = Analysis(main.source, scope.main.file, sources, (), scope, misread)
        run = _Run(analysis, needs, self.state, {path: each.anchors() for path, each in documents.items()})
        run.remember()
        run.check(report)
        self.worked = run.worked
        analysis.diagnostics = told(analysis, report.found, run.look)
        return analysis

    def settle(self, analysis: Analysis) -> None:
        """Before the next edit: what was made since, for lint or a hover, is kept with its needs."""
        if self.needs is not None:
            _Run(analysis, self.needs, self.state, {}).keep_made()

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

    # ------------------------------------------------------------------ models and plans that were made

    def remember(self) -> None:
        """The models and solved plans whose texts are as they were."""
        state = self.state
        for key, made in state.made.items():
            needs, outline = state.made_needs[key]
            if self._fresh(needs, outline, bool(made.diagnostics), lambda key=key: self._made_needs(key)):
                self.analysis._made[key] = made
        for key, model in state.models.items():
            needs, outline = state.models_needs[key]
            if self._fresh(needs, outline, bool(model[1]), lambda key=key: self._model_needs(key)):
                self.analysis._models[key] = model
        state.made, state.models = self.analysis._made, self.analysis._models
        state.made_needs = {key: state.made_needs[key] for key in state.made}
        state.models_needs = {key: state.models_needs[key] for key in state.models}

    def _fresh(self, needs: Need, outline: object, said: bool, now: Callable[..., Need]) -> bool:
        if said and outline != self.needs.outline:
            return False
        return needs == now()

    def _made_needs(self, key: object) -> Need:
        return self.needs.of_words(_made_words(key), self.analysis.source.path)

    def _model_needs(self, key: object) -> Need:
        """The values of its parameters may be layers of the file that uses it."""
        words, home = _model_words(key), _model_home(key)
        return self.needs.of_words(words, home) | self.needs.of_words(words, self.analysis.source.path)

    def keep_made(self) -> None:
        state = self.state
        for key in state.made:
            if key not in state.made_needs:
                state.made_needs[key] = (self._made_needs(key), self.needs.outline)
        for key in state.models:
            if key not in state.models_needs:
                state.models_needs[key] = (self._model_needs(key), self.needs.outline)

    # ------------------------------------------------------------------ the checks

    def check(self, report: Reporter) -> None:
        """As `analysis.checking.check_items`."""
        analysis, items = self.analysis, self.analysis.file.items
        used = used_plans(analysis)
        old, self.state.checks = self.state.checks, {}
        if len(self.state.looks) > 2 * len(items) + 100:
            self.state.looks.clear()
        for item in items:
            if isinstance(item, ast.Block) and item.kind == "model":
                self._one(item, "model", None, old, report, lambda own, item=item: check_model(analysis, item, own))
        for item in items:
            if isinstance(item, ast.Plan):
                taken = (item.model, item.name) in used
                self._one(
                    item,
                    "plan",
                    taken,
                    old,
                    report,
                    lambda own, item=item, taken=taken: check_plan(analysis, item, taken, own),
                )
            elif isinstance(item, ast.Build):
                self._one(item, "build", None, old, report, lambda own, item=item: check_build(analysis, item, own))
        for block in unreached(analysis, self._reached()):
            self._one(
                block, "alone", None, old, report, lambda own, block=block: check_block_alone(analysis, block, own)
            )
        self.keep_made()

    def _one(
        self,
        item: ast.Item,
        kind: str,
        how: object,
        old: dict[tuple[int, str, int], Kept],
        report: Reporter,
        check: Callable[..., None],
    ) -> None:
        chunk = self.needs.chunk_of(item)
        key = (chunk.serial, kind, next(at for at, each in enumerate(chunk.items) if each is item))
        needs = self.needs.of_chunk(chunk)
        kept = old.get(key)
        if kept is None or not self._holds(kept, needs, how):
            self.worked += 1
            own = Reporter()
            check(own)
            stages = self.analysis.stages.get(item.name) if isinstance(item, ast.Build) else None
            found = tuple(anchored(each, self.anchors) for each in own.found)
            kept = Kept(needs, how, self.needs.outline if found or stages else None, found, stages)
        elif kept.stages is not None and isinstance(item, ast.Build):
            self.analysis.stages[item.name] = kept.stages
        self.state.checks[key] = kept
        for each in kept.found:
            report.add(each)

    def look(self, item: ast.Item, scope: Scope, members: frozenset[str]) -> list[Diagnostic]:
        """As `second_look.look_at`, of items that are as they were from memory."""
        from sharedsl.analysis.second_look import look_at

        chunk = self.needs.chunk_of(item)
        key = (chunk.serial, next(at for at, each in enumerate(chunk.items) if each is item))
        # only selectors are looked up among the members of every block
        given = (self.needs.of_chunk(chunk), self.needs.reach, members if isinstance(item, ast.Plan) else None)
        known = self.state.looks.get(key)
        if known is None or known[0] != given:
            known = (given, [anchored(each, self.anchors) for each in look_at(item, scope, members)])
            self.state.looks[key] = known
        return known[1]

    def _holds(self, kept: Kept, needs: Need, how: object) -> bool:
        if kept.needs != needs or kept.how != how:
            return False
        return kept.outline is None or kept.outline == self.needs.outline

    def _reached(self) -> set[str]:
        found: set[str] = set()
        for item in self.analysis.file.items:
            if isinstance(item, ast.Block):
                found |= _mentions(self.needs.chunk_of(item))
        return found


def _mentions(chunk: Chunk) -> frozenset[str]:
    """The names of blocks that the models and blocks of a chunk mention."""
    if chunk.names is None:
        found: set[str] = set()
        for item in chunk.items:
            if isinstance(item, ast.Block):
                mentioned(item.body, found)
        chunk.names = frozenset(found)
    return chunk.names


def _words(node: object, found: set[str]) -> None:
    if isinstance(node, ast.Name):
        found.add(node.name)
    elif isinstance(node, tuple):
        for each in node:
            _words(each, found)
    elif hasattr(node, "__dataclass_fields__"):
        for name in node.__dataclass_fields__:
            if not name.endswith("span"):
                _words(getattr(node, name), found)


def _model_words(key: object) -> frozenset[str]:
    """Of a model's key: its home, its name, the values of its parameters."""
    assert isinstance(key, tuple)
    return frozenset((key[1], *_named(key[2])))


def _named(values: object) -> set[str]:
    """Layers and functions among the values, which are handed on by name."""
    if isinstance(values, str):
        return {values}
    if isinstance(values, tuple):
        return {name for each in values for name in _named(each)}
    name = getattr(values, "name", None)
    return {name} if isinstance(name, str) else set()


def _model_home(key: object) -> str:
    assert isinstance(key, tuple)
    return str(key[0])


def _made_words(key: object) -> frozenset[str]:
    assert isinstance(key, tuple)
    model, plans, args = key[:3]
    found: set[str] = {model}
    for ref in plans:
        found.add(ref.name)
        _words(ref.args, found)
    _words(args, found)
    return frozenset(found)
