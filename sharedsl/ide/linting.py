"""Lint of a file that is edited: what a build was told is remembered until an edit touches what it is made of."""

from __future__ import annotations

from collections.abc import Collection

from sharedsl.analysis.pipeline import Analysis
from sharedsl.collector import paused
from sharedsl.diagnostics import Diagnostic
from sharedsl.ide.anchors import Anchor, AnchoredSpan, anchored
from sharedsl.ide.needs import Need, Needs
from sharedsl.lint import lint
from sharedsl.lint.runner import Judge, Target, targets
from sharedsl.lint.settings import Settings


class Linter:
    """Of one file."""

    def __init__(self) -> None:
        self._known: dict[object, tuple[Need, object, list[Diagnostic]]] = {}
        self._last: tuple[Analysis, Settings, list[Diagnostic]] | None = None

    @paused
    def lint(self, analysis: Analysis, needs: Needs | None, settings: Settings) -> list[Diagnostic]:
        """As `sharedsl.lint.lint`."""
        if self._last is not None and self._last[0] is analysis and self._last[1] == settings:
            return list(self._last[2])
        anchors = {analysis.source.path: needs.anchors} if needs is not None else {}
        # a rule may look at the other builds of a model
        of_model: dict[str, Need] = {}
        if needs is not None:
            for each in targets(analysis):
                of_model[each.model] = of_model.get(each.model, frozenset()) | needs.of_item(each.item)
        fresh: dict[object, tuple[Need, object, list[Diagnostic]]] = {}

        def judged(target: Target, judge: Judge) -> list[Diagnostic]:
            if needs is None:
                return judge(target)
            key, need = (id(target.item), repr(settings)), of_model[target.model]
            known = self._known.get(key)
            if known is None or known[0] != need or (known[2] and known[1] != needs.outline):
                known = (need, needs.outline, [anchored(each, anchors) for each in judge(target)])
            fresh[key] = known
            return known[2]

        found = lint(analysis, settings, judged)
        self._known = fresh
        self._last = (analysis, settings, [anchored(each, anchors) for each in found])
        return list(self._last[2])

    def remembered(self, anchors: Collection[Anchor]) -> list[Diagnostic]:
        """The findings of last time that lie in items that are as they were then."""
        known = {id(each) for each in anchors}
        return [each for each in self._last[2] if _anchor(each) in known] if self._last is not None else []


def _anchor(diagnostic: Diagnostic) -> int:
    span = diagnostic.labels[0].span
    return id(span.anchor) if isinstance(span, AnchoredSpan) else 0
