"""Text with choices: groups that are printed on one line where they fit and broken where they do not.

The algorithm is the pretty-printer behind `ruff format` (a descendant of prettier's), with the same measuring rules,
so that what is printed is already formatted. Elements refer to groups by number where a choice depends on an outer one.
"""

from __future__ import annotations

from typing import Literal

from sharedsl.record import dataclass

FLAT, BROKEN = False, True

#: what is measured: up to the first line break, all lines, or all lines with text inside brackets free to be too long
FIRST, ALL, LOOSE = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Line:
    """A place where a line may break. Flat: nothing ("soft"), a space ("space"); "hard" always breaks."""

    kind: Literal["soft", "space", "hard"]


@dataclass(frozen=True, slots=True)
class Indent:
    """Indented; with `unless_flat`, only where that group is broken."""

    of: Doc
    unless_flat: int | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Flat where it fits, else broken. With `active`, a group of its own only while that group is broken."""

    of: Doc
    number: int | None = None
    active: int | None = None


@dataclass(frozen=True, slots=True)
class IfBroken:
    """`broken` where the enclosing group (or group `number`) is broken, else `flat`."""

    broken: Doc
    flat: Doc = ""
    number: int | None = None


@dataclass(frozen=True, slots=True)
class MayExpand:
    """Content in brackets: while group `number` is flat, it may still break inside without breaking that group."""

    of: Doc
    number: int


@dataclass(frozen=True, slots=True)
class Choice:
    """The first of several layouts that fits, with `lines` all of its lines, else the last. The first is flat."""

    layouts: tuple[Doc, ...]
    lines: bool = True


@dataclass(frozen=True, slots=True)
class Suffix:
    """A trailing comment: its width counts, and it is printed at the end of the line."""

    text: str


Doc = str | Line | Indent | Group | IfBroken | MayExpand | Choice | Suffix | tuple["Doc", ...]

SOFT = Line("soft")
SPACE = Line("space")
HARD = Line("hard")

#: indentation, mode, what is measured, content
_Entry = tuple[int, bool, int, Doc]


def render(doc: Doc, width: int, indent: int = 0) -> str:
    """`doc` as text. Its first line starts at column `indent`, which is not printed."""
    return _Renderer(width, indent).run(doc)


class _Renderer:
    def __init__(self, width: int, indent: int) -> None:
        self.width, self.indent = width, indent
        self.out: list[str] = []
        self.column = indent
        self.modes: dict[int, bool] = {}
        self.measured = False

    def run(self, doc: Doc) -> str:
        stack: list[_Entry] = [(self.indent, BROKEN, FIRST, doc)]
        while stack:
            indent, mode, lines, here = stack.pop()
            match here:
                case str():
                    self.out.append(here)
                    self.column += len(here)
                case tuple():
                    stack.extend((indent, mode, lines, each) for each in reversed(here))
                case Line():
                    self._line(here, indent, mode)
                case Indent():
                    deeper = here.unless_flat is None or self.modes[here.unless_flat] is BROKEN
                    stack.append((indent + 4 if deeper else indent, mode, lines, here.of))
                case Group():
                    stack.append((indent, self._choose(here, (indent, mode, lines, here), stack), lines, here.of))
                case IfBroken():
                    broken = mode if here.number is None else self.modes[here.number]
                    stack.append((indent, mode, lines, here.broken if broken else here.flat))
                case MayExpand():
                    if self.modes[here.number] is FLAT:
                        self.measured = False
                    stack.append((indent, mode, lines, here.of))
                case Choice():
                    stack.append(self._first_that_fits(here, (indent, mode, lines, here), stack))
                case Suffix():
                    self.out.append(here.text)
        return "".join(self.out)

    def _line(self, line: Line, indent: int, mode: bool) -> None:
        if mode is FLAT and line.kind != "hard":
            text = " " if line.kind == "space" else ""
            self.out.append(text)
            self.column += len(text)
            return
        self.out.append("\n" + " " * indent)
        self.column = indent
        self.measured = False

    def _choose(self, group: Group, entry: _Entry, stack: list[_Entry]) -> bool:
        indent, mode, lines, _ = entry
        if group.active is not None and self.modes[group.active] is FLAT:
            return mode
        chosen = FLAT
        if mode is BROKEN or not self.measured:
            self.measured = True
            if group.number is not None:
                self.modes[group.number] = FLAT
            chosen = FLAT if self._fits(stack, (indent, FLAT, lines, group.of)) else BROKEN
        if group.number is not None:
            self.modes[group.number] = chosen
        return chosen

    def _first_that_fits(self, choice: Choice, entry: _Entry, stack: list[_Entry]) -> _Entry:
        indent, mode, lines, _ = entry
        if mode is FLAT and self.measured:
            return (indent, FLAT, lines, choice.layouts[0])
        self.measured = True
        for at, layout in enumerate(choice.layouts[:-1]):
            mode = FLAT if at == 0 else BROKEN
            if self._fits(stack, (indent, mode, ALL if choice.lines else FIRST, layout)):
                return (indent, mode, lines, layout)
        return (indent, BROKEN, lines, choice.layouts[-1])

    def _fits(self, rest: list[_Entry], entry: _Entry) -> bool:
        """Whether `entry`, and what follows it up to the first line break, stays within the width."""
        left = self.width - self.column
        todo, at = [entry], len(rest)
        while True:
            if not todo:
                if at == 0:
                    return True
                at -= 1
                todo.append(rest[at])
            indent, mode, lines, here = todo.pop()
            match here:
                case str():
                    left -= len(here)
                case tuple():
                    todo.extend((indent, mode, lines, each) for each in reversed(here))
                case Line():
                    if mode is BROKEN or here.kind == "hard":
                        if lines == FIRST:
                            return True
                        left = self.width - indent
                    elif here.kind == "space":
                        left -= 1
                case Indent():
                    deeper = here.unless_flat is None or self.modes[here.unless_flat] is BROKEN
                    todo.append((indent + 4 if deeper else indent, mode, lines, here.of))
                case Group():
                    if here.number is not None:
                        self.modes[here.number] = mode
                    todo.append((indent, mode, lines, here.of))
                case IfBroken():
                    broken = mode if here.number is None else self.modes[here.number]
                    todo.append((indent, mode, lines, here.broken if broken else here.flat))
                case MayExpand():
                    loose = self.modes[here.number] is FLAT
                    if loose and left < 1:
                        return False  # not even the opening bracket has room
                    todo.append((indent, BROKEN, LOOSE, here.of) if loose else (indent, mode, lines, here.of))
                case Choice():
                    todo.append((indent, mode, lines, here.layouts[0 if mode is FLAT else -1]))
                case Suffix():
                    left -= len(here.text)
            if left < 0:
                if lines != LOOSE:
                    return False
                left = 1_000_000
