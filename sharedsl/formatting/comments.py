"""Where the comments of a text are, and how they stand between two tokens."""

from __future__ import annotations

from bisect import bisect_left

from sharedsl.record import dataclass
from sharedsl.syntax.lexer import find_comments


@dataclass(frozen=True, slots=True)
class Remark:
    """A comment. `trailing`: on the line of the token before it. `blank`: an empty line stands above it."""

    text: str
    trailing: bool
    blank: bool


class Comments:
    """All comments of a text, found by where they are."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.found = find_comments(text)
        self._starts = [start for start, _ in self.found]

    def between(self, start: int, end: int) -> list[Remark]:
        """The comments in `text[start:end]`, which is the room between two tokens, or before the first one."""
        remarks: list[Remark] = []
        before = start
        for at in range(bisect_left(self._starts, start), bisect_left(self._starts, end)):
            low, high = self.found[at]
            room = self.text[before:low]
            trailing = before == start and start > 0 and "\n" not in room
            remarks.append(Remark(self.text[low:high].rstrip(), trailing, is_blank(room)))
            before = high
        return remarks

    def blank_before(self, start: int, end: int) -> bool:
        """Whether an empty line stands right above `end`, below the last comment in between."""
        at = bisect_left(self._starts, end) - 1
        low = max(start, self.found[at][1]) if at >= 0 else start
        return is_blank(self.text[low:end])

    def texts(self) -> list[str]:
        return [self.text[low:high].rstrip() for low, high in self.found]


def is_blank(room: str) -> bool:
    """Whether the room between two things has an empty line in it."""
    return room.count("\n") > 1
