"""Numbers as people read them beside code."""

from __future__ import annotations


def count(number: int, what: str) -> str:
    """`1 parameter`, `23,040 parameters`."""
    return f"{number:,} {what}" + ("" if number == 1 else "s")


def amount(number: int) -> str:
    """`1.25 G` for what nobody reads digit by digit."""
    for unit, name in ((10**15, "P"), (10**12, "T"), (10**9, "G"), (10**6, "M")):
        if number >= unit:
            return f"{number / unit:.3g} {name}"
    return f"{number:,}"


def bytes_text(number: int) -> str:
    for unit, name in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if number >= unit:
            return f"{number / unit:.3g} {name}"
    return f"{number:,} bytes"


def times(stored: int, applied: int) -> str:
    """How much sharing saves: ` (7.67 times)`."""
    return f" ({applied / stored:.3g} times)" if stored and applied > stored else ""
