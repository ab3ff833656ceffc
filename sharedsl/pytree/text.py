"""Comments and docstrings: wrapped to the width, never longer than a line may be."""

from __future__ import annotations

from sharedsl.pytree.literals import escaped


def comment_lines(text: str, indent: int, width: int) -> list[str]:
    """A comment on lines of its own; each line of `text` is wrapped by itself."""
    space = " " * indent
    lines: list[str] = []
    for paragraph in text.split("\n"):
        for line in wrap(paragraph, width - indent - 2):
            lines.append(f"{space}# {line}".rstrip())
    return lines


def wrap(text: str, width: int) -> list[str]:
    """Words of `text` on lines of at most `width`; a first indentation is kept on each line. Long words stay whole."""
    lead = text[: len(text) - len(text.lstrip())]
    lines, line = [], lead
    for word in text.split():
        if line.strip() and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = lead + word
        else:
            line += (" " if line.strip() else "") + word
    return [*lines, line]


def docstring_lines(text: str, indent: int, width: int) -> list[str]:
    """A docstring with its further lines indented. Lines are kept as they are, so that tables stand, but for those that
    are too long: they are wrapped.
    """
    space = " " * indent
    lines = [_ascii(line.rstrip()) for line in text.strip().split("\n")]
    if len(lines) == 1 and len(lines[0]) + indent + 6 <= width:
        only = lines[0]
        return [f'{space}"""{only} """' if only.endswith('"') else f'{space}"""{only}"""']
    body: list[str] = []
    for line in lines:
        room = width - indent - (0 if body else 3)
        body += wrap(line, room) if len(line) > room else [line]
    if len(body) == len(lines) == 1:
        return [f'{space}"""{body[0]}"""']
    return [f'{space}"""{body[0]}', *(space + line if line else "" for line in body[1:]), f'{space}"""']


def _ascii(line: str) -> str:
    return escaped(line, '"').replace('\\"', '"').replace('"""', '\\"\\"\\"')
