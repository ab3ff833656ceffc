"""Source text and places in it. Imports nothing of ours; everything else may import this."""

from __future__ import annotations

from bisect import bisect_right

from sharedsl.record import dataclass, field


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of code points, `[start, end)`, in the file called `path`."""

    path: str
    start: int
    end: int

    def to(self, other: Span) -> Span:
        """The span from the start of this one to the end of `other`."""
        return Span(self.path, self.start, max(self.end, other.end))


NOWHERE = Span("", 0, 0)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file's path, as messages show it, and its text. `std/` files have paths like `std/core`."""

    path: str
    text: str
    _starts: list[int] = field(default_factory=list, repr=False, compare=False)

    def line_starts(self) -> list[int]:
        if not self._starts:
            start = 0
            while start >= 0:
                self._starts.append(start)
                start = self.text.find("\n", start) + 1 or -1
        return self._starts

    def position(self, offset: int) -> tuple[int, int]:
        """(line, column), both counted from 1, of a code-point offset."""
        line = bisect_right(self.line_starts(), offset)
        return line, offset - self.line_starts()[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of line `number` (from 1), without its end."""
        starts = self.line_starts()
        end = starts[number] - 1 if number < len(starts) else len(self.text)
        return self.text[starts[number - 1] : end].rstrip("\r")

    def slice(self, span: Span) -> str:
        return self.text[span.start : span.end]
