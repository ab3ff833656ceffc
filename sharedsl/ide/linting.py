"""Lint of a file that is edited: what a build was told is remembered until an edit touches what it is made of."""

from __future__ import annotations

from collections.abc import Collection

from sharedsl.analysis.pipeline import Analysis
from sharedsl.collector import paused
from sharedsl.diagnostics import Diagnostic
from sharedsl.ide.anchors import Anchor, AnchoredSpan, anchored, quoting
from sharedsl.ide.needs import Need, Needs
from sharedsl.lint import lint
from sharedsl.lint.runner import Judge, Target, targets
from sharedsl.lint.settings import Settings
from sharedsl.lint.subject import File, Said
from sharedsl.record import dataclass
from sharedsl.syntax import ast


@dataclass(frozen=True, slots=True)
class Judged:
    """What was said of a target, which is kept while its needs are the same."""

    item: ast.Item
    settings: Settings
    needs: Need
    #: the outline where something was said, and the layout where that may quote or mend the text
    told: object
    found: list[Diagnostic]


class Linter:
    """Of one file."""

    def __init__(self) -> None:
        #: item, by identity -> what was said of it; items with errors keep what was said before them
        self._judged: dict[int, Judged] = {}
        self._said: Said = {}
        self._last: tuple[Analysis, Settings, list[Diagnostic]] | None = None
        self._editions: dict[int, int] = {}

    @paused
    def lint(self, analysis: Analysis, needs: Needs | None, settings: Settings) -> list[Diagnostic]:
        """As `sharedsl.lint.lint`."""
        if self._last is not None and self._last[0] is analysis and self._last[1] == settings:
            return list(self._last[2])
        file = File(analysis, settings.limits, self._said)
        if needs is None:
            return lint(analysis, settings, file=file)
        anchors = {analysis.source.path: needs.anchors}
        # a rule may look at the other builds of a model
        of_model: dict[str, Need] = {}
        for model, items in _by_model(analysis).items():
            of_model[model] = _all([needs.of_item(each) for each in items])

        def judged(target: Target, judge: Judge) -> list[Diagnostic]:
            need = of_model[target.model]
            known = self._judged.get(id(target.item))
            if known is None or not _holds(known, target.item, settings, need, needs):
                found = [anchored(each, anchors) for each in judge(target)]
                told = (needs.outline, needs.layout(need) if quoting(found) else None) if found else None
                known = self._judged[id(target.item)] = Judged(target.item, settings, need, told, found)
            return known.found

        found = lint(analysis, settings, judged, file)
        there = {id(each): each for each in analysis.file.items}
        self._judged = {key: each for key, each in self._judged.items() if there.get(key) is each.item}
        self._said = file.said
        self._last = (analysis, settings, [anchored(each, anchors) for each in found])
        self._editions = {id(each): each.edition for each in needs.anchors}
        return list(self._last[2])

    def remembered(self, anchors: Collection[Anchor]) -> list[Diagnostic]:
        """The findings of last time that lie in items that are as they were then."""
        known = {id(each) for each in anchors if self._editions.get(id(each)) == each.edition}
        return [each for each in self._last[2] if _anchor(each) in known] if self._last is not None else []


def _by_model(analysis: Analysis) -> dict[str, list[ast.Item]]:
    found: dict[str, list[ast.Item]] = {}
    for each in targets(analysis):
        found.setdefault(each.model, []).append(each.item)
    return found


def _all(needs: list[Need]) -> Need:
    return needs[0] if len(needs) == 1 else frozenset().union(*needs)


def _holds(known: Judged, item: ast.Item, settings: Settings, need: Need, needs: Needs) -> bool:
    if known.item is not item or known.needs != need or known.settings != settings:
        return False
    if known.told is None:
        return True
    return known.told == (needs.outline, needs.layout(need) if quoting(known.found) else None)


def _anchor(diagnostic: Diagnostic) -> int:
    span = diagnostic.labels[0].span
    return id(span.anchor) if isinstance(span, AnchoredSpan) else 0
