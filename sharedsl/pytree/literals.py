"""How constants are written: numbers as people write them, strings in the quotes that need the fewest escapes."""

from __future__ import annotations

import math


def constant(value: object) -> str:
    """The text of a number, string, bool, None or Ellipsis. Infinities and nan are `math.inf`, `math.nan`."""
    if value is Ellipsis:
        return "..."
    if isinstance(value, str):
        return string(value)
    if isinstance(value, float):
        return number(value)
    return repr(value)


def number(value: float) -> str:
    """`1e-5`, `0.1`, `500000.0`: the shortest text that reads back as the same float."""
    if math.isnan(value):
        return "math.nan"
    if math.isinf(value):
        return "math.inf" if value > 0 else "-math.inf"
    text = repr(float(value))
    if "e" not in text:
        return text
    digits, exponent = text.split("e")
    return f"{digits}e{int(exponent)}"


def string(text: str, quote: str | None = None) -> str:
    """A string in double quotes, or in single ones where that saves escapes; ASCII only."""
    if quote is None:
        quote = "'" if text.count('"') > text.count("'") else '"'
    return quote + escaped(text, quote) + quote


def escaped(text: str, quote: str) -> str:
    body = text.replace("\\", "\\\\").replace(quote, "\\" + quote)
    return "".join(_escape(char) for char in body)


_NAMED = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}


def _escape(char: str) -> str:
    if char in _NAMED:
        return _NAMED[char]
    if " " <= char <= "~":
        return char
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
