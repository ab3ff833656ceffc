"""Text with places where a line may break, and how it is laid out.

There is one way to break: a line is filled as far as it goes. A `Break` looks at what follows it, up to the next place
where the same question is asked, and becomes a newline only where that does not fit. Comments never count as width.
"""

from __future__ import annotations

from sharedsl.record import dataclass

WIDTH = 120
#: what begins right of this column is not aligned to it
_FAR = WIDTH // 2


@dataclass(frozen=True, slots=True)
class Break:
    """A space and `of`, or a newline and `of` where that does not fit on the line."""

    of: Doc


@dataclass(frozen=True, slots=True)
class Hard:
    """A newline; `blank` leaves a line empty."""

    blank: bool = False


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment; it ends its line, so a `Hard` follows. `trailing` ones stand behind something."""

    text: str
    trailing: bool = False


@dataclass(frozen=True, slots=True)
class Align:
    """New lines begin at the column where this begins; one that does not fit so far right begins a line itself."""

    of: Doc
    far: int = _FAR


@dataclass(frozen=True, slots=True)
class Nest:
    """New lines are indented by so much more."""

    of: Doc
    by: int


@dataclass(frozen=True, slots=True)
class Choice:
    """`flat` where all of it fits on the line, else `broken`."""

    flat: Doc
    broken: Doc


Doc = str | Break | Hard | Comment | Align | Nest | Choice | tuple["Doc", ...]

HARD, BLANK = Hard(), Hard(True)


def render(doc: Doc) -> str:
    """`doc` as text, without blanks at the ends of lines."""
    out: list[str] = []
    column = 0
    stack: list[tuple[int, Doc]] = [(0, doc)]

    def newline(indent: int, blank: bool = False) -> int:
        while out and out[-1].isspace() and "\n" not in out[-1]:
            out.pop()
        out.append("\n\n" if blank else "\n")
        out.append(" " * indent)
        return indent

    while stack:
        indent, here = stack.pop()
        match here:
            case str():
                out.append(here)
                column += len(here)
            case tuple():
                stack.extend((indent, each) for each in reversed(here))
            case Break():
                if _fits((" ", here.of), stack, WIDTH - column):
                    out.append(" ")
                    column += 1
                else:
                    column = newline(indent)
                stack.append((indent, here.of))
            case Hard():
                column = newline(indent, here.blank)
            case Comment():
                out.append(f"  {here.text}" if here.trailing else here.text)
            case Align():
                if column > here.far and not _fits(here.of, stack, WIDTH - column):
                    if _ends_line(here.of):  # a comment stays behind what it trails
                        stack.append((indent, here.of))
                        continue
                    column = newline(indent)
                stack.append((column, here.of))
            case Nest():
                stack.append((indent + here.by, here.of))
            case Choice():
                is_flat = _is_flat(here.flat) and _fits(here.flat, stack, WIDTH - column)
                stack.append((indent, here.flat if is_flat else here.broken))
    return "".join(out)


def _fits(doc: Doc, rest: list[tuple[int, Doc]], left: int) -> bool:
    """Whether `doc` in one line, and what follows it up to the next place to break, has room."""
    todo: list[tuple[Doc, bool]] = [(doc, True)]
    at = len(rest)
    while left >= 0:
        if not todo:
            if at == 0:
                return True
            at -= 1
            todo.append((rest[at][1], False))
        here, own = todo.pop()
        match here:
            case str():
                left -= len(here)
            case tuple():
                todo.extend((each, own) for each in reversed(here))
            case Break():
                if not own:
                    return True
                todo.append(((" ", here.of), own))
            case Hard() | Comment():
                return True
            case Align() | Nest():
                todo.append((here.of, own))
            case Choice():
                todo.append((here.flat if own else here.broken, own))
    return False


def _ends_line(doc: Doc) -> bool:
    """Whether it begins with the end of the line it stands on."""
    while isinstance(doc, tuple) and doc:
        doc = next((each for each in doc if each != ()), "")
    return isinstance(doc, Hard | Comment)


def _is_flat(doc: Doc) -> bool:
    """Whether nothing in it ends a line by all means."""
    match doc:
        case Hard() | Comment():
            return False
        case tuple():
            return all(_is_flat(each) for each in doc)
        case Align() | Nest() | Break():
            return _is_flat(doc.of)
        case Choice():
            return _is_flat(doc.flat)
        case _:
            return True
