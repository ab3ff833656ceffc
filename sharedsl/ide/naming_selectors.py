"""The names of selectors: paths through the layers of a model to its weights."""

from __future__ import annotations

from sharedsl.ide.naming import Names
from sharedsl.ide.paths import member_of, step, value_of
from sharedsl.ide.symbols import (
    Home,
    Symbol,
    named,
)
from sharedsl.syntax import ast


class Selecting(Names):
    """Selectors, from the block at hand."""

    def _start(self) -> list[Home]:
        return [self.owner] if self.owner is not None else []

    def selector(self, selector: ast.Selector, starts: list[Home] | None = None) -> None:
        self._segments(selector.segments, self._start() if starts is None else starts, "")

    def _segments(self, segments: tuple[ast.Segment, ...], homes: list[Home], trail: str) -> list[Home]:
        for at, segment in enumerate(segments):
            for sub in segment.subs:
                self._any(sub)
            if segment.alternatives:
                homes = [h for each in segment.alternatives for h in self._segments(each.segments, homes, trail)]
                continue
            here = f"{trail}.{segment.name}" if trail else segment.name
            if segment.name not in ("*", "**"):
                self._segment(segment, homes, segments[at - 1] if at else None, here)
            homes = step(segment.name, homes, self.scope.files)
            trail = here
        return homes

    def _segment(self, segment: ast.Segment, homes: list[Home], before: ast.Segment | None, trail: str) -> None:
        span = named(segment.span, segment.name)
        for home in homes:
            found = member_of(home, segment.name) or value_of(home, segment.name)
            if found is not None:
                self.say(span, found, trail=trail)
                return
        own = self.names.get(segment.name) if before is None else None
        if own is not None and own[0].kind == "weight":
            self.say(span, own, trail=trail)
        else:
            self.say(
                span, (Symbol("weight", segment.name, "", before.name if before is not None else ""), None), trail=trail
            )
