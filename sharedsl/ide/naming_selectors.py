"""The names of selectors: paths through the layers of a model to its weights."""

from __future__ import annotations

from sharedsl.ide.naming import Names
from sharedsl.ide.paths import Found, member_of, step, value_of
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

    def selector(self, selector: ast.Selector, starts: list[Home] | None = None, trail: str = "") -> None:
        """`trail` is the path to `starts`."""
        self._segments(selector.segments, self._start() if starts is None else starts, trail)

    def _segments(
        self, segments: tuple[ast.Segment, ...], homes: list[Home], trail: str, listed: bool = False
    ) -> list[Home]:
        """The blocks that the path leads to. `listed`: the path is one of those between `{` and `}`."""
        holders: list[tuple[Home, str]] = []
        for at, segment in enumerate(segments):
            before, holders = holders, [(home, segment.name) for home in homes]
            for sub in segment.subs:
                self._any(sub)
                self._axis(sub, holders + before)
            if segment.alternatives:
                homes = [h for one in segment.alternatives for h in self._segments(one.segments, homes, trail, True)]
                first = path_in_words(segment.alternatives[0].segments)
                trail = f"{trail}.{first}" if trail and first else trail or first
                continue
            here = f"{trail}.{segment.name}" if trail else segment.name
            if segment.name not in ("*", "**"):
                alone = listed and len(segments) == 1 and not segment.subs and segment.at is None
                self._segment(segment, homes, segments[at - 1] if at else None, here, "listed" if alone else "braced")
            homes = step(segment.name, homes, self.scope.files)
            trail = here
        return homes

    def _segment(
        self, segment: ast.Segment, homes: list[Home], before: ast.Segment | None, trail: str, apart: str
    ) -> None:
        span = named(segment.span, segment.name)
        found: list[Found] = []
        for home in homes:
            each = member_of(home, segment.name) or value_of(home, segment.name)
            if each is not None:
                found.append(each)
        if found:
            self.say_all(span, found, trail, apart)
            return
        own = self.names.get(segment.name) if before is None else None
        if own is not None and own[0].kind == "weight":
            self.say(span, own, trail=trail)
        else:
            self.say(
                span, (Symbol("weight", segment.name, "", before.name if before is not None else ""), None), trail=trail
            )


def path_in_words(segments: tuple[ast.Segment, ...]) -> str:
    """A path in words, of alternatives the first."""
    names = [path_in_words(each.alternatives[0].segments) if each.alternatives else each.name for each in segments]
    return ".".join(name for name in names if name)
