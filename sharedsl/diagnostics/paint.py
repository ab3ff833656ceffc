"""Colours for terminals, and how wide text is on one."""

from __future__ import annotations

import unicodedata

from sharedsl.record import dataclass

_CODES = {
    "error": "1;31",
    "warning": "1;33",
    "info": "1;36",
    "note": "1;36",
    "help": "1;32",
    "frame": "1;34",
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "magenta": "35",
    "cyan": "36",
}


@dataclass(frozen=True, slots=True)
class Paint:
    """`paint("text", "error")`: the text in that colour, or as it is where colours are off."""

    colour: bool = False
    #: whether the terminal shows more than ASCII
    unicode: bool = True

    def __call__(self, text: str, style: str) -> str:
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if self.colour and text else text


def width(text: str) -> int:
    """Columns on a terminal: wide characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(_width(char) for char in text)


def _width(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in ("Cf", "Me", "Mn"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def clean(text: str) -> str:
    """Tabs as four blanks; other control characters as their pictures, so that no text can drive the terminal."""
    if text.isprintable():
        return text
    return "".join("    " if char == "\t" else _picture(char) for char in text)


def _picture(char: str) -> str:
    if char.isprintable() or unicodedata.category(char) in ("Cf", "Zs"):
        return char
    code = ord(char)
    return chr(0x2400 + code) if code < 0x20 else "\ufffd"
